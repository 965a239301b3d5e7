"""Networks that answer the same whatever they are asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gradwise.rules.constant_output import SAME, SCORE_LIMIT, SPREAD_LIMIT, check
from gradwise.rules.learning import POOR_SKILL, outcome
from gradwise.trace.model import Fact, Trace
from tests.cases.build import Values, before_and_after, build, fact, learning


def call(function: str) -> Fact:
    lineage = [{"operation": "linear", "module": "out"}, {"operation": "input"}]
    return fact("loss-call", function, function=function, lineage=lineage)


def scores(spread: Values, *, end: float = 2.29, kinds: float = 9.5, **more: Any) -> Trace:
    """A classifier whose scores lie that far apart; trivial loss 2.3."""
    return _run("cross_entropy", spread, end, {"label_kinds_expected": kinds}, **more)


def numbers(spread: Values, *, end: float = 2.29, targets: float = 10.0, **more: Any) -> Trace:
    return _run("mse_loss", spread, end, {"target_std": targets}, **more)


def guessed(trace: Trace, accuracy: float) -> Trace:
    """The same with that accuracy, where the most frequent class has 30 %."""
    more = build(tables={"accuracy": {"cross_entropy": accuracy}, "majority": {"cross_entropy": 0.3}})
    return replace(trace, tables={**trace.tables, **more.tables})


def _run(function: str, spread: Values, end: float, targets: dict[str, float], **more: Any) -> Trace:
    tables: dict[str, Any] = learning(function, end=end)
    tables |= {name: {function: value} for name, value in {"output_sample_std": spread, **targets}.items()}
    facts = [call(function), *more.pop("facts", ())]
    return build(loss=tables["criterion"][function], tables=tables, facts=facts, **more)


def test_sick_scores_alike() -> None:
    (finding,) = check(scores(before_and_after(100, 0.5, 1e-4)))
    assert finding.where == ("out",)
    assert 90 <= finding.since_step <= 140


def test_sick_numbers_alike() -> None:
    (finding,) = check(numbers(0.01))
    assert finding.threshold == SPREAD_LIMIT * 10.0


def test_sick_whose_accuracy_is_luck() -> None:
    """A third above the majority in the few batches that were looked at."""
    lucky = guessed(scores(1e-4), 0.5)
    assert outcome(lucky).lift > POOR_SKILL
    assert list(check(lucky))


def test_healthy_scores_on_a_small_scale_that_tell_classes_apart() -> None:
    assert not list(check(guessed(scores(1e-4), 0.9)))


def test_healthy_near_miss_accuracy_that_may_be_more_than_luck() -> None:
    assert not list(check(guessed(scores(1.1 * SAME * SCORE_LIMIT), 0.6)))
    assert list(check(guessed(scores(0.9 * SAME * SCORE_LIMIT), 0.6)))


def test_healthy_scores_apart() -> None:
    assert not list(check(scores(3.0)))


def test_healthy_near_miss_just_above_the_limit() -> None:
    assert not list(check(scores(SCORE_LIMIT * 1.1)))
    assert list(check(scores(SCORE_LIMIT * 0.9)))
    assert not list(check(numbers(SPREAD_LIMIT * 10.0 * 1.1)))


def test_healthy_alike_at_the_start_only() -> None:
    """A head that starts at zero."""
    assert not list(check(scores(before_and_after(60, 0.0, 0.5))))


def test_healthy_small_numbers_that_fit() -> None:
    assert not list(check(numbers(0.01, end=0.1)))


def test_healthy_targets_do_not_vary() -> None:
    assert not list(check(numbers(0.0, targets=0.0)))
    assert not list(check(scores(0.0, kinds=1.0)))


def test_healthy_judge_of_an_adversarial_pair() -> None:
    facts = [fact("optimizer", "Adam"), fact("optimizer", "Adam")]
    trace = _run("binary_cross_entropy_with_logits", 1e-3, 2.29, {"target_std": 0.0}, facts=facts)
    assert not list(check(trace))


def test_healthy_look_alike_poor_with_predictions_apart() -> None:
    assert not list(check(scores(1.0, end=2.6)))


def test_healthy_too_short_to_judge() -> None:
    assert not list(check(scores(0.0, steps=30)))
