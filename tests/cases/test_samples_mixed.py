"""Cases of samples-mixed: the probe saw it, it cannot be meant, and the run suffers."""

from __future__ import annotations

from typing import Any

from gradwise.rules.samples_mixed import LIMIT, check
from gradwise.trace.model import Trace
from tests.cases.build import build, fact, learning

LSTM = {
    "share": 0.6,
    "samples": 32,
    "axis": 0,
    "known_by": "target",
    "shuffled": False,
    "repeated": False,
    "relations": False,
    "module": "lstm",
    "type": "LSTM",
    "inside": True,
    "batch_first": False,
    "dims": 3,
}
RESHAPE = LSTM | {"module": "head", "type": "Linear", "inside": False, "batch_first": None, "dims": 2}


def run(
    *, end: float = 2.2, base: dict[str, Any] = LSTM, verdict: str = "mixed", steps: int = 400, **seen: Any
) -> Trace:
    """The probe's answer in a run that ends at ``end`` (a constant prediction has 2.3)."""
    answer = fact("probe", "sample-mixing", status="answered", verdict=verdict, measured=base | seen)
    tables = learning(end=end)
    return build(loss=tables["criterion"]["cross_entropy"], tables=tables, facts=[answer], steps=steps)


def test_sick_recurrent_layer_takes_samples_for_steps() -> None:
    (finding,) = check(run())
    assert finding.where == ("lstm",)
    assert finding.cures == ("fix-layout",)
    assert "takes its first axis for steps" in finding.message


def test_sick_half_learnt() -> None:
    assert list(check(run(end=1.5)))


def test_sick_encoder_layer_on_two_dimensional_shuffled_input() -> None:
    assert list(check(run(type="TransformerEncoderLayer", dims=2, shuffled=True)))


def test_sick_reshape_across_samples_in_a_poor_run() -> None:
    (finding,) = check(run(base=RESHAPE, shuffled=True))
    assert "before Linear" in finding.message


def test_healthy_samples_stay_apart() -> None:
    assert not list(check(run(verdict="apart", share=0.0)))


def test_healthy_no_probe_ran() -> None:
    assert not list(check(build()))


def test_healthy_near_miss_just_under_the_limit() -> None:
    assert not list(check(run(share=LIMIT)))
    assert list(check(run(share=LIMIT + 0.001)))


def test_healthy_attention_between_samples_that_learns() -> None:
    assert not list(check(run(end=0.3, type="MultiheadAttention")))


def test_healthy_look_alike_graph_with_edges() -> None:
    assert not list(check(run(base=RESHAPE, relations=True, shuffled=True)))


def test_healthy_look_alike_one_graph_at_every_step() -> None:
    assert not list(check(run(base=RESHAPE, repeated=True, shuffled=True)))


def test_healthy_one_series_as_unbatched_sequence() -> None:
    assert not list(check(run(dims=2)))


def test_healthy_look_alike_batch_norm_without_running_statistics() -> None:
    assert not list(check(run(base=RESHAPE, type="BatchNorm1d", inside=True, shuffled=True)))


def test_healthy_reshape_without_shuffling_may_be_one_series() -> None:
    assert not list(check(run(base=RESHAPE)))


def test_healthy_time_major_on_purpose() -> None:
    assert not list(check(run(axis=1)))


def test_healthy_learnt_half_with_mixing_by_a_function() -> None:
    assert not list(check(run(base=RESHAPE, end=1.5, shuffled=True)))


def regrouped(met: int, anew: int) -> Any:
    return fact("rows", "net", met=met, regrouped=anew)


def test_sick_reshape_where_rows_change_their_company() -> None:
    answer = fact("probe", "sample-mixing", status="answered", verdict="mixed", measured=RESHAPE)
    tables = learning(end=2.2)
    loss = tables["criterion"]["cross_entropy"]
    for met, anew, found in ((40, 38, 1), (40, 30, 0), (5, 5, 0)):
        trace = build(loss=loss, tables=tables, facts=[answer, regrouped(met, anew)], steps=400)
        assert len(list(check(trace))) == found, (met, anew)
