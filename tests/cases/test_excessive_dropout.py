"""Dropout that leaves hardly anything, and dropout as it should be."""

from __future__ import annotations

from typing import Any

from gradwise.rules.excessive_dropout import DROPPED_LIMIT, FEWEST_LEFT, OUTPUT_LIMIT, check
from gradwise.trace.model import ModuleInfo, Trace
from tests.cases.build import build, fact, learning


def run(share: float, *, end: float = 2.0, units: int = 64, last: bool = False, **more: Any) -> Trace:
    """Dropout of that share behind a hidden layer, or right before the loss; trivial loss 2.3."""
    made = [{"operation": "Mul", "module": "drop"}] if last else []
    lineage = [*made, {"operation": "linear", "module": "fc"}, {"operation": "input"}]
    tables: dict[str, Any] = learning(end=end) | more.pop("tables", {})
    facts = [
        fact("layers", dropout={"drop": share}, norms={}),
        fact("loss-call", "cross_entropy", function="cross_entropy", lineage=lineage),
    ]
    return build(
        steps=more.pop("steps", 400),
        facts=facts,
        loss=tables["criterion"]["cross_entropy"],
        tables=tables,
        modules=[ModuleInfo("drop", "Dropout", units=units)],
    )


def test_sick_hardly_a_unit_is_left() -> None:
    (finding,) = check(run(0.9))
    assert finding.where == ("drop",)
    assert finding.cures == ("lower-dropout",)


def test_sick_half_of_a_tiny_layer() -> None:
    assert list(check(run(0.5, units=4)))


def test_sick_dropped_predictions() -> None:
    (finding,) = check(run(0.3, last=True, end=1.0))
    assert "predictions" in finding.message


def test_healthy_common_share() -> None:
    assert not list(check(run(0.5)))


def test_healthy_near_miss_just_under_the_limit() -> None:
    assert not list(check(run(DROPPED_LIMIT - 0.01)))
    assert list(check(run(DROPPED_LIMIT)))


def test_healthy_near_miss_just_enough_units_left() -> None:
    assert not list(check(run(0.5, units=int(2 * FEWEST_LEFT))))


def test_healthy_strong_but_it_learns() -> None:
    assert not list(check(run(0.9, end=0.5)))
    assert not list(check(run(0.85, end=0.9)))
    assert list(check(run(0.95, end=0.9)))  # half is learnt, with a twentieth of the units


def test_healthy_training_is_hard_and_evaluation_fine() -> None:
    tables = {"val_loss": {"cross_entropy (line 40)": 0.4}}
    assert not list(check(run(0.8, tables=tables)))
    assert list(check(run(0.8, tables={"val_loss": {"cross_entropy (line 40)": 2.1}})))


def test_healthy_a_touch_of_noise_on_the_scores() -> None:
    assert not list(check(run(OUTPUT_LIMIT / 2, last=True)))


def test_healthy_dropped_scores_that_do_no_harm() -> None:
    assert not list(check(run(0.3, last=True, end=0.1)))


def test_healthy_switched_off() -> None:
    """In eval mode, or with p = 0, a dropout drops nothing."""
    assert not list(check(run(0.0, last=True)))


def test_healthy_look_alike_poor_without_dropout() -> None:
    tables = learning(end=2.29)
    assert not list(check(build(tables=tables, loss=tables["criterion"]["cross_entropy"])))


def test_healthy_too_short_to_judge() -> None:
    assert not list(check(run(0.95, steps=20)))
