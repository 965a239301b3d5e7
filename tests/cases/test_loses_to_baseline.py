"""Cases of loses-to-baseline: the linear model is better, and surely so."""

from __future__ import annotations

from typing import Any

from gradwise.rules.loses_to_baseline import APART, MARGIN, MIN_ROWS, MIN_STEPS, WORTH, check
from gradwise.trace.model import ModuleInfo, Trace
from tests.cases.build import build, decay, fact


def run(
    simple: float,
    reached: float,
    *,
    error: float = 0.01,
    rows: float = 400,
    classes: bool = False,
    loss: Any = None,
    tables: dict[str, Any] | None = None,
    **more: Any,
) -> Trace:
    """A network of skill (or lift) ``reached`` beside a linear model of ``simple``."""
    place = "cross_entropy" if classes else "mse_loss"
    curve = decay(1.0, 1 - reached, 10)
    held: dict[str, Any] = {
        "criterion": {place: curve},
        "trivial": {place: 1.0},
        "reference_skill": {place: simple},
        "reference_error": {place: error},
        "reference_rows": {place: rows},
    }
    if classes:
        held |= {"accuracy": {place: 0.1 + 0.9 * reached}, "majority": {place: 0.1}}
    return build(loss=curve if loss is None else loss, tables=held | (tables or {}), **more)


def test_sick_regression_behind_ridge() -> None:
    (finding,) = check(run(0.9, 0.3))
    assert finding.where == ("mse_loss",)
    assert "30%" in finding.message
    assert "90%" in finding.message


def test_sick_classifier_behind_ridge() -> None:
    (finding,) = check(run(0.8, 0.4, classes=True))
    assert finding.unit.startswith("lift")


def test_healthy_better_than_ridge() -> None:
    assert not list(check(run(0.6, 0.95)))


def test_healthy_near_miss_just_within_the_margin() -> None:
    assert not list(check(run(0.3 + MARGIN - 0.01, 0.3)))
    assert list(check(run(0.3 + MARGIN + 0.01, 0.3)))


def test_healthy_few_rows_or_wide_error() -> None:
    assert not list(check(run(0.9, 0.3, rows=MIN_ROWS - 1)))
    assert not list(check(run(0.9, 0.3, error=0.2)))


def test_healthy_look_alike_nothing_to_learn() -> None:
    assert not list(check(run(-0.02, -0.4)))
    assert not list(check(run(WORTH - 0.01, -0.4)))


def test_healthy_dropout_holds_only_the_training_score_down() -> None:
    evaluations = {"val_loss": {"mse_loss (line 40)": 0.08}}
    assert not list(check(run(0.9, 0.6, tables=evaluations)))


def test_healthy_dropout_and_no_evaluation() -> None:
    dropout = [ModuleInfo("drop", "Dropout")]
    assert not list(check(run(0.9, 0.6, modules=dropout)))
    assert list(check(run(0.9, 0.3, modules=dropout)))


def test_healthy_demonstration_of_a_few_steps() -> None:
    assert not list(check(run(0.9, 0.3, steps=MIN_STEPS - 1)))


def test_healthy_one_term_of_several() -> None:
    # The value loss of an actor-critic: the policy's part moves the sum.
    def loss(steps: Any) -> Any:
        return 0.4 + 0.5 * (1 + (steps * 37 % 11))

    assert not list(check(run(0.9, 0.3, loss=loss)))


def test_healthy_adversarial_pair() -> None:
    two = [fact("optimizer", "Adam"), fact("optimizer", "Adam", step=1)]
    assert not list(check(run(0.9, 0.3, facts=two, tables={"target_std": {"mse_loss": 0.0}})))


def test_healthy_short_run_that_is_on_its_way_up() -> None:
    assert not list(check(run(0.9, 0.9 * (1 - APART) + 0.02)))
    assert list(check(run(0.9, 0.9 * (1 - APART) - 0.02)))


def test_healthy_loss_that_still_falls() -> None:
    """A short run judged in its middle: trained-too-short has a name for it."""
    assert not list(check(run(0.9, 0.3, loss=decay(1.0, 0.4, 300))))
    assert list(check(run(0.9, 0.3, loss=decay(1.0, 0.7, 10))))
