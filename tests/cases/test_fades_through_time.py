"""Cases of fades-through-time: early steps without gradient, in a poor run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradwise.rules.fades_through_time import RATIO_LIMIT, check
from gradwise.trace.model import ModuleInfo, ParameterInfo, Trace
from tests.cases.build import Values, before_and_after, build, learning


def run(ratio: Values, *, end: float = 2.3, kind: str = "RNN") -> Trace:
    """A recurrent layer whose first quarter gets that share of the gradient; trivial loss 2.3."""
    tables = {"early_gradient": {"rnn": ratio}, **learning(end=end)}
    return build(loss=tables["criterion"]["cross_entropy"], tables=tables, modules=[ModuleInfo("rnn", kind)])


def test_sick_plain_layer() -> None:
    (finding,) = check(run(1e-9))
    assert finding.where == ("rnn",) and finding.cures[0] == "lstm"


def test_sick_gates_that_forget() -> None:
    (finding,) = check(run(1e-6, kind="LSTM"))
    assert finding.cures[0] == "forget-bias"


def test_healthy_near_miss_just_above_the_limit() -> None:
    assert not list(check(run(1.05 * RATIO_LIMIT)))
    assert list(check(run(0.95 * RATIO_LIMIT)))


def test_healthy_only_the_end_matters_and_it_learns() -> None:
    assert not list(check(run(1e-9, end=0.3)))


def test_healthy_faded_at_the_start_only() -> None:
    assert not list(check(run(before_and_after(30, 1e-9, 0.05))))


def test_healthy_look_alike_vanishes_over_depth_not_time() -> None:
    assert not list(check(run(0.4)))


def test_healthy_loss_that_never_reaches_the_layer() -> None:
    assert not list(check(run(np.nan)))


def test_healthy_measured_too_rarely() -> None:
    rare = lambda steps: np.where(np.isin(steps, (0, 1)), 1e-9, np.nan)  # noqa: E731
    assert not list(check(run(rare)))


def still(update: float) -> Trace:
    """Weights of norm 10 with gradients of norm 1; the gradient fades as the start has it fade."""
    trace = run(1e-9)
    cell = ParameterInfo("rnn.weight_hh_l0", (64, 64), module="rnn", order=0)
    norms = {"weight_norm": 10.0, "update_norm": update, "grad_norm": 1.0}
    told = build(tables={name: {cell.name: value} for name, value in norms.items()})
    return replace(trace, tables={**trace.tables, **told.tables}, parameters=(cell,))


def test_healthy_weights_that_have_not_moved_yet() -> None:
    """A rate that is far too low: what the start does to the gradient could still be learnt away."""
    assert not list(check(still(1e-4)))
    assert list(check(still(0.05)))
