"""Runs whose graph stays within a step, or reaches ever farther back."""

from dataclasses import replace

import numpy as np

from gradwise.rules.hidden_state_leak import CARRIED_STEPS, MET_BATCHES, check
from gradwise.trace.model import Trace
from tests.cases.build import build, decay, fact

AGAIN = "RuntimeError: Trying to backward through the graph a second time (or directly access saved tensors"
CHANGED = "RuntimeError: one of the variables needed for gradient computation has been modified by an inplace operation"
ROWS = (0, 1, 2, 3, 16, 133)


def graph(nodes, rows=ROWS, **parts):
    return build(steps=400, sampled_steps=rows, tables={"graph_nodes": {"backward": nodes}}, **parts)


def failed(error, steps=1):
    trace = build(steps=steps, sampled_steps=range(steps), status="failed")
    return replace(trace, run=replace(trace.run, error=error))


def test_sick_running_mean_with_its_history():
    (finding,) = check(graph(lambda s: 12.0 + 5 * s))
    assert "from 12 to 677 operations by step 133, 5.0 at every step" in finding.message
    assert finding.cures == ("detach-state",)


def test_sick_up_to_where_counting_stops():
    (finding,) = check(graph(lambda s: np.minimum(12.0 + 500 * s, 20_000)))
    assert finding.value > 100


def test_sick_second_backward_failed():
    (finding,) = check(failed(AGAIN))
    assert "after 1 step (limit 3): it reached the graph of an earlier step" in finding.message


def test_sick_kept_graph_met_changed_weights():
    (finding,) = check(failed(CHANGED))
    assert "weights that a step had changed since" in finding.message


def test_healthy_same_graph_at_every_step():
    assert not list(check(graph(29.0, loss=decay(2.3, 0.1))))


def test_healthy_sequences_of_random_length():
    assert not list(check(graph([40.0, 95.0, 60.0, 120.0, 200.0, 90.0])))


def test_healthy_curriculum_in_stages():
    rows = (0, 1, 2, 3, 40, 80, 160, 320)
    assert not list(check(graph(lambda s: 20.0 * (2 + s // 40), rows)))


def test_healthy_failure_of_another_kind():
    assert not list(check(failed("RuntimeError: mat1 and mat2 shapes cannot be multiplied")))
    assert not list(check(failed(AGAIN, steps=200)))


def test_healthy_near_miss_not_yet_doubled():
    assert list(check(graph(lambda s: 133.0 + s)))
    assert not list(check(graph(lambda s: 134.0 + s)))


def test_healthy_near_miss_few_samples():
    assert not list(check(graph(lambda s: 12.0 + 5 * s, (0, 1, 2, 3))))


def test_healthy_look_alike_exploding_gradient_through_time():
    trace = graph(400.0, loss=decay(1.0, 1e4, 30))
    assert not list(check(trace))


def shuffled(carried: int, compared: int, *, met: int = 200, regrouped: int = 200, twins: int = 0) -> Trace:
    """A recurrent net whose states were compared, and the company that its rows kept."""
    rows = fact("rows", "Net", step=60, met=met, regrouped=regrouped, twins=twins, pairs=7200)
    return build(loss=decay(1.0, 0.2), facts=[fact("carried", step=8, cell=[carried, compared]), rows])


def test_sick_state_of_other_samples() -> None:
    (finding,) = check(shuffled(30, 30))
    assert finding.group == "sick"
    assert finding.where == ("cell",)
    assert "30 of 30 steps" in finding.message


def test_healthy_a_stream_whose_rows_stay_together() -> None:
    assert not list(check(shuffled(30, 30, regrouped=3)))
    assert not list(check(shuffled(30, 30, met=MET_BATCHES - 1, regrouped=MET_BATCHES - 1)))


def test_healthy_short_texts_that_come_again_and_again() -> None:
    assert not list(check(shuffled(30, 30, twins=260)))


def test_healthy_state_that_is_seldom_the_one_before() -> None:
    assert not list(check(shuffled(20, 30)))
    assert not list(check(shuffled(CARRIED_STEPS - 1, CARRIED_STEPS - 1)))
