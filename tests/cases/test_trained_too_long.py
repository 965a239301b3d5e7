"""Cases of trained-too-long: the best evaluation lies far back."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.rules.trained_too_long import BACK, PATIENCE, check
from gradwise.trace.model import Floats, Trace
from tests.cases.build import build, decay, fact

PLACE = "cross_entropy (line 20)"


def run(loss: Floats, accuracy: Floats | None = None, **more: Any) -> Trace:
    """A run of 400 steps with so many evaluations, evenly spread."""
    tables: dict[str, Any] = {"criterion": {"cross_entropy": 0.1}, "val_loss": {PLACE: loss}}
    if accuracy is not None:
        tables["val_accuracy"] = {PLACE: accuracy}
    tables |= more.pop("tables", {})
    places = np.linspace(399 / len(loss), 399, len(loss)).astype(int)
    return build(loss=decay(2.3, 0.05), tables=tables, evaluation_steps=places, **more)


def until(share: float, count: int = 40) -> Floats:
    """A loss that falls until that share of the run, and stays."""
    along = np.arange(1, count + 1) / count
    return 2.0 - np.minimum(along / share, 1.0)


def test_sick_flat_for_most_of_the_run() -> None:
    (finding,) = check(run(until(0.2)))
    assert finding.where == (PLACE,)
    assert finding.since_step <= 100


def test_sick_loss_and_accuracy_both_settled() -> None:
    assert list(check(run(until(0.2), 0.9 - 0.1 * until(0.3))))


def test_healthy_improves_to_the_end() -> None:
    assert not list(check(run(until(1.0))))


def test_healthy_near_miss_just_past_the_limit() -> None:
    assert not list(check(run(until(BACK + 0.06))))
    assert list(check(run(until(BACK - 0.06))))


def test_healthy_accuracy_went_on() -> None:
    assert not list(check(run(until(0.2), 0.9 - 0.1 * until(0.9))))


def test_healthy_stopped_after_its_patience() -> None:
    assert not list(check(run(until(0.5, 2 * PATIENCE))))


def test_healthy_few_evaluations() -> None:
    assert not list(check(run(until(0.2, 10))))


def test_healthy_second_fall_after_a_plateau() -> None:
    loss = until(0.2)
    loss[30:] -= 0.5
    assert not list(check(run(loss)))


def test_healthy_look_alike_adversarial_pair() -> None:
    two = [fact("optimizer", "Adam"), fact("optimizer", "Adam", step=1)]
    assert not list(check(run(until(0.2), facts=two, tables={"target_std": {"cross_entropy": 0.0}})))
