"""Cases of underfitting: the loss has settled, and simple models are far better."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gradwise.rules.underfitting import MARGIN, MIN_ROWS, check
from gradwise.trace.model import Fact, ModuleInfo, ParameterInfo, Trace
from tests.cases.build import Values, build, decay, fact, noisy

PARAMETERS = (ParameterInfo("fc.weight", (3, 2), module="fc"),)
PLACE = "cross_entropy"


def run(
    reached: float,
    *,
    ridge: float = 0.0,
    near: float = 0.9,
    error: float = 0.02,
    rows: float = 512,
    loss: Values | None = None,
    pull: float = 0.1,
    tables: dict[str, Any] | None = None,
    **more: Any,
) -> Trace:
    """Three classes; the network's lift is ``reached``, its loss flat after the first steps."""
    curve = noisy(decay(1.1, 1.1 - reached, 8), 0.02) if loss is None else loss
    held: dict[str, Any] = {
        "criterion": {PLACE: curve},
        "trivial": {PLACE: 1.1},
        "accuracy": {PLACE: 1 / 3 + 2 / 3 * reached},
        "majority": {PLACE: 1 / 3},
        "reference_skill": {PLACE: ridge},
        "reference_error": {PLACE: error},
        "neighbour_skill": {PLACE: near},
        "neighbour_error": {PLACE: error},
        "reference_rows": {PLACE: rows},
        "weight_norm": {"fc.weight": 1.0},
        "grad_norm": {"fc.weight": pull},
    }
    # Criterion and loss are sampled from the same noise only where they are one curve.
    held["criterion"] = {PLACE: decay(1.1, 1.1 - reached, 8)} if loss is None else {PLACE: loss}
    return build(loss=curve, tables=held | (tables or {}), parameters=PARAMETERS, **more)


def test_sick_linear_model_on_rings() -> None:
    (finding,) = check(run(0.1))
    assert "nearest neighbours" in finding.message
    assert finding.cures[0] == "larger-net"


def test_sick_ridge_is_better_too() -> None:
    (finding,) = check(run(0.2, ridge=0.8, near=0.5))
    assert "ridge regression" in finding.message


def test_healthy_fits_as_well_as_they_do() -> None:
    assert not list(check(run(0.9)))


def test_healthy_near_miss_just_within_the_margin() -> None:
    assert not list(check(run(0.3, near=0.3 + MARGIN - 0.01)))
    assert list(check(run(0.3, near=0.3 + MARGIN + 0.02)))


def test_healthy_noise_has_nothing_in_it() -> None:
    assert not list(check(run(0.0, near=0.02)))


def test_healthy_few_rows_or_wide_error() -> None:
    assert not list(check(run(0.1, rows=MIN_ROWS - 1)))
    assert not list(check(run(0.1, error=0.3)))


def test_healthy_look_alike_still_falling() -> None:
    assert not list(check(run(0.1, loss=decay(1.1, 0.5, 300))))


def test_healthy_look_alike_vanished_gradient() -> None:
    assert not list(check(run(0.1, pull=1e-7)))


def test_healthy_evaluation_tells_of_a_good_fit() -> None:
    assert not list(check(run(0.3, tables={"val_accuracy": {f"{PLACE} (line 30)": 0.9}})))


def test_healthy_policy_gradient() -> None:
    signed = noisy(-0.2, 0.3)
    assert not list(check(run(0.1, loss=signed)))


def test_healthy_adversarial_pair() -> None:
    two = [fact("optimizer", "Adam"), fact("optimizer", "Adam", step=1)]
    assert not list(check(run(0.1, facts=two, tables={"target_std": {PLACE: 0.0}})))


def test_sick_half_learnt_though_simple_models_get_nearly_all() -> None:
    assert list(check(run(0.55, near=0.95)))
    assert not list(check(run(0.55, near=0.8)))
    assert not list(check(run(0.72, near=1.0)))


def test_sick_a_layer_of_two_units_before_eight_classes() -> None:
    """The loss still falls a little, as it does where only ever finer ways through two numbers are found."""
    slow = decay(0.6, 0.5, 200)

    def behind(units: int, *, last: bool = False) -> Trace:
        body = ModuleInfo("body", "GRU", parameters=42, order=0, units=units)
        head = ModuleInfo("head", "Linear", parameters=24, order=1, units=8)
        modules = (body,) if last else (body, head)
        rows = fact("rows", "Net", classes=8)
        return furnished(run(0.1, loss=slow), modules, rows)

    (finding,) = check(behind(2))
    assert "body lets 2 numbers through for 8 classes" in finding.message
    assert not list(check(behind(3)))
    assert not list(check(behind(2, last=True)))


def furnished(trace: Trace, modules: tuple[ModuleInfo, ...], rows: Fact) -> Trace:
    return replace(trace, modules=modules, facts=(*trace.facts, rows))
