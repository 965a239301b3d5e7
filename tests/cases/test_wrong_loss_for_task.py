"""Losses that fit their targets, and losses that do not."""

from __future__ import annotations

from typing import Any

from gradwise.rules.wrong_loss_for_task import EVEN, check
from gradwise.trace.model import Fact, ParameterInfo, Trace
from tests.cases.build import Values, build, fact, learning


def call(function: str, shape: tuple[int, ...], target: tuple[int, ...] = (32,), **data: Any) -> Fact:
    base = {"function": function, "input_shape": list(shape), "target_shape": list(target), "reduced": True}
    return fact("loss-call", function, **(base | data))


def run(one: Fact, *others: Fact, end: float = 1.0, **targets: Values) -> Trace:
    """A run that reaches ``end`` of a trivial loss of 1.0, with these signals of the targets."""
    tables = learning(one.where, trivial=1.0, end=end)
    tables |= {signal: {one.where: value} for signal, value in targets.items()}
    return build(facts=[one, *others], loss=tables["criterion"][one.where], tables=tables)


def ids(kinds: int, first: float = 0.0, share: float | None = None) -> dict[str, Values]:
    return {
        "target_whole_share": 1.0,
        "target_min": first,
        "target_max": first + kinds - 1,
        "target_kinds": float(kinds),
        "target_top_share": 1.1 / kinds if share is None else share,
    }


MULTI: dict[str, Values] = {
    "target_whole_share": 1.0,
    "target_min": 0.0,
    "target_max": 1.0,
    "target_row_sum_max": 4.0,
}


def test_sick_softmax_over_one_output() -> None:
    one = call("binary_cross_entropy", (16, 1), (16, 1), softmax_width=1, producer="softmax")
    (finding,) = check(run(one))
    assert "single output" in finding.message
    assert finding.cures == ("match-loss",)


def test_sick_cross_entropy_over_one_class() -> None:
    assert list(check(run(call("cross_entropy", (16, 1), (16, 1), classes=1))))


def test_sick_three_classes_into_yes_or_no() -> None:
    assert list(check(run(call("binary_cross_entropy_with_logits", (16, 1), (16, 1)), **ids(3))))


def test_sick_ids_against_every_output() -> None:
    assert list(check(run(call("mse_loss", (32, 4), (32, 1)), end=0.3, **ids(4))))


def test_sick_even_ids_that_are_not_learnt() -> None:
    assert list(check(run(call("mse_loss", (32, 1), (32, 1)), end=0.95, **ids(5))))


def test_sick_several_labels_in_one_distribution() -> None:
    (finding,) = check(run(call("cross_entropy", (32, 8), (32, 8), classes=8), **MULTI))
    assert "4 labels" in finding.message


def test_healthy_classes_with_cross_entropy() -> None:
    assert not list(check(run(call("cross_entropy", (32, 10), classes=10, softmax_width=None))))


def test_healthy_ratings_that_are_learnt() -> None:
    assert not list(check(run(call("mse_loss", (32,), (32,)), end=0.5, **ids(5, first=1.0))))


def test_healthy_counts_that_are_not_learnt() -> None:
    """Counts run without a gap too, but small ones are many."""
    assert not list(check(run(call("mse_loss", (32, 1), (32, 1)), end=0.97, **ids(8, share=0.4))))


def test_healthy_near_miss_just_uneven_enough() -> None:
    one = call("mse_loss", (32, 1), (32, 1))
    assert not list(check(run(one, end=0.95, **ids(5, share=EVEN / 5 + 0.01))))
    assert list(check(run(one, end=0.95, **ids(5, share=EVEN / 5 - 0.01))))


def test_healthy_yes_and_no_with_a_squared_error() -> None:
    assert not list(check(run(call("mse_loss", (32, 1), (32, 1)), end=0.95, **ids(2))))


def test_healthy_one_hot_with_a_squared_error() -> None:
    one_hot: dict[str, Values] = {**ids(2), "target_row_sum_max": 1.0}
    assert not list(check(run(call("mse_loss", (32, 10), (32, 10)), end=0.95, **one_hot)))


def test_healthy_one_question_per_class() -> None:
    one = call("binary_cross_entropy_with_logits", (32, 8), (32, 8))
    assert not list(check(run(one, **{**MULTI, "target_kinds": 2.0})))


def test_healthy_soft_targets() -> None:
    soft: dict[str, Values] = {"target_whole_share": 0.2, "target_max": 0.9, "target_row_sum_max": 1.0}
    assert not list(check(run(call("cross_entropy", (32, 8), (32, 8), classes=8), **soft)))


def test_healthy_word_counts_of_what_went_in() -> None:
    """An autoencoder of bags of words: as many outputs as inputs."""
    trace = run(call("cross_entropy", (32, 8), (32, 8), classes=8), **MULTI)
    first = ParameterInfo("enc.weight", (16, 8), module="enc", order=0)
    assert not list(
        check(Trace(trace.run, trace.series, trace.tables, trace.facts, (), (first,), trace.steps))
    )


def test_healthy_all_pairs_of_a_batch() -> None:
    assert not list(check(run(call("cross_entropy", (8, 8), (8, 8), classes=8), **MULTI)))


def test_healthy_lists_of_one_candidate_at_times() -> None:
    long, short = call("cross_entropy", (1, 5), classes=5), call("cross_entropy", (1, 1), classes=1)
    assert not list(check(run(long, short)))


def test_healthy_masked_labels_of_several_tasks() -> None:
    one = call("binary_cross_entropy_with_logits", (32, 1), (32, 1), reduced=False)
    assert not list(check(run(one, **ids(3))))


def test_healthy_two_losses_under_one_name() -> None:
    one, other = call("mse_loss", (32, 1), (32, 1)), call("mse_loss", (32, 4), (32, 4))
    assert not list(check(run(one, other, end=0.95, **ids(5))))


def test_healthy_look_alike_poor_for_another_reason() -> None:
    real: dict[str, Values] = {
        "target_whole_share": 0.0,
        "target_min": -2.0,
        "target_max": 2.0,
        "target_kinds": 65.0,
    }
    assert not list(check(run(call("mse_loss", (32, 1), (32, 1)), end=1.0, **real)))


def test_sick_even_ids_from_zero_that_are_half_learnt() -> None:
    one = call("mse_loss", (32, 1), (32, 1))
    (finding,) = check(run(one, end=0.4, **ids(9)))
    assert "% is learnt" in finding.message


def test_healthy_even_numbers_that_are_learnt_or_begin_at_one() -> None:
    one = call("mse_loss", (32, 1), (32, 1))
    assert not list(check(run(one, end=0.02, **ids(9))))
    assert not list(check(run(one, end=0.4, **ids(9, first=1.0))))


def test_sick_ids_learnt_as_numbers_but_wrong_when_rounded() -> None:
    one = call("mse_loss", (32,), (32,))
    for share, found in ((0.5, 1), (0.95, 0), (None, 0)):
        tables = learning(one.where, trivial=1.0, end=0.05)
        tables |= {signal: {one.where: value} for signal, value in ids(9).items()}
        if share is not None:
            tables["val_accuracy"] = {"accuracy (line 9)": share}
        told = list(check(build(facts=[one], loss=tables["criterion"][one.where], tables=tables)))
        assert len(told) == found, share
        assert not told or "only 50% of the answers" in told[0].message
