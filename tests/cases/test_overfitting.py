"""Cases of overfitting: the evaluation loss turns while the training loss goes on falling."""

from __future__ import annotations

import numpy as np

from gradwise.rules.overfitting import FITTED, GAP, RISE_LIMIT, RISE_LIMIT_FITTED, check
from gradwise.trace.model import Fact, Trace
from tests.cases.build import Columns, Values, build, decay, fact, learning, noisy

STEPS = 1000
PLACE = "cross_entropy (line 40)"
PHASES = np.linspace(STEPS // 20, STEPS - 1, 20).astype(int)  # twenty evaluations


def turning(rise: float, best_at: int = 8, best: float = 0.8) -> np.ndarray:
    """Falls to ``best`` at one evaluation, then rises in a straight line by ``rise``."""
    index = np.arange(len(PHASES))
    falling = best + (1.6 - best) * (best_at - index) / best_at
    rising = best * (1 + rise * (index - best_at) / (len(PHASES) - 1 - best_at))
    return np.where(index < best_at, falling, rising)


def run(
    val_loss: Columns,
    *,
    train: Values | None = None,
    accuracy: Values | None = None,
    facts: tuple[Fact, ...] = (),
    end: float = 0.05,
) -> Trace:
    tables: dict[str, Columns] = {**learning(trivial=2.3, end=end), "val_loss": val_loss}
    if accuracy is not None:
        tables["val_accuracy"] = {PLACE: accuracy}
    loss = noisy(decay(2.3, end, 150.0), 0.1) if train is None else train
    return build(steps=STEPS, loss=loss, tables=tables, evaluation_steps=list(PHASES), facts=facts)


def test_sick_loss_rises_and_accuracy_falls() -> None:
    accuracy = 0.8 - 0.1 * np.clip(np.arange(20) - 8, 0, None) / 11
    (finding,) = check(run({PLACE: turning(0.6)}, accuracy=accuracy))
    assert finding.where == (PLACE,)
    assert finding.since_step in PHASES[8:10]
    assert finding.cures[0] == "early-stop"


def test_sick_regression_without_accuracy() -> None:
    assert list(check(run({"mse_loss (line 9)": turning(0.5)})))


def test_sick_loss_doubles_though_accuracy_holds() -> None:
    assert list(check(run({PLACE: turning(1.2)}, accuracy=0.8)))


def test_sick_slight_rise_where_nothing_is_left_of_the_training_loss() -> None:
    """Few rows: all of their noise is fitted before the evaluation loss has gone far from its best."""
    assert list(check(run({PLACE: turning(0.08)}, end=0.002)))
    assert list(check(run({PLACE: turning(1.3 * RISE_LIMIT_FITTED)}, end=0.002)))


def test_healthy_near_miss_slight_rise() -> None:
    slight = {PLACE: turning(0.08)}
    assert not list(check(run({PLACE: turning(0.8 * RISE_LIMIT_FITTED)}, end=0.002)))  # jitter
    assert not list(check(run(slight, end=1.3 * FITTED * 0.8)))  # training has noise left to fit
    assert not list(check(run(slight, end=0.002, accuracy=0.9)))  # surer of its few mistakes
    assert not list(check(run({PLACE: turning(0.08, best=0.9 * GAP * 2.3 / 1.08)}, end=0.002)))  # learnt well


def test_healthy_evaluation_loss_falls() -> None:
    assert not list(check(run({PLACE: noisy(decay(1.6, 0.3, 300.0), 0.03)})))


def test_healthy_near_miss_rise_just_under_the_limit() -> None:
    # The median of three keeps the end a little below the very last value.
    assert not list(check(run({PLACE: turning(RISE_LIMIT, best=1.2)})))
    assert list(check(run({PLACE: turning(RISE_LIMIT * 1.25, best=1.2)})))


def test_healthy_grows_surer_of_few_mistakes() -> None:
    assert not list(check(run({PLACE: turning(0.4)}, accuracy=0.9)))


def test_healthy_tiny_loss_that_doubles() -> None:
    assert not list(check(run({PLACE: turning(1.0, best=0.02)}, accuracy=0.995)))


def test_healthy_stopped_soon_after_the_best() -> None:
    assert not list(check(run({PLACE: turning(0.5, best_at=17)})))


def test_healthy_one_bad_evaluation_at_the_end() -> None:
    values = turning(0.0)
    values[-1] *= 3
    assert not list(check(run({PLACE: values})))


def test_healthy_lucky_low_evaluation() -> None:
    values = np.full(20, 1.0)
    values[5] = 0.5
    assert not list(check(run({PLACE: values})))


def test_healthy_too_few_evaluations() -> None:
    trace = run({PLACE: turning(0.6)})
    few = trace.tables["val_loss"]
    kept = {**trace.tables, "val_loss": type(few)(few.steps[::6], few.places, few.values[::6])}
    assert not list(check(Trace(trace.run, trace.series, kept, (), (), (), STEPS)))


def test_healthy_look_alike_divergence_takes_the_training_loss_along() -> None:
    train = 0.8 + 0.002 * np.clip(np.arange(STEPS) - 400, 0, None)
    assert not list(check(run({PLACE: turning(0.6)}, train=train)))


def test_healthy_look_alike_discriminator_gains_on_generator() -> None:
    optimizers = (fact("optimizer", "Adam"), fact("optimizer", "Adam"))
    trace = run({PLACE: turning(0.6)}, facts=optimizers)
    kept = {name: table for name, table in trace.tables.items() if name.startswith("val")}
    assert not list(check(Trace(trace.run, trace.series, kept, trace.facts, (), (), STEPS)))


def test_healthy_best_weights_restored_at_the_end() -> None:
    restored = np.append(turning(0.6)[:-1], 0.8)
    assert not list(check(run({PLACE: restored})))
    elsewhere = np.append(np.full(19, np.nan), 0.81)
    assert not list(check(run({PLACE: turning(0.6), "cross_entropy (line 70)": elsewhere})))


def test_sick_a_last_evaluation_that_is_no_better() -> None:
    elsewhere = np.append(np.full(19, np.nan), 1.2)
    assert list(check(run({PLACE: turning(0.6), "cross_entropy (line 70)": elsewhere})))


def counted(
    right: float, *, learnt: float = 0.99, distinct: int = 100, matched: int = 0, **more: Columns
) -> Trace:
    """A script that only counts answers: ``right`` of those evaluated, ``learnt`` of those in training."""
    tables: dict[str, Columns] = {
        **learning(trivial=2.3, end=0.05), "accuracy": {"cross_entropy": learnt},
        "val_accuracy": {"accuracy (line 50)": right}, **more,
    }  # fmt: skip
    rows = fact("evaluation-rows", "line 49", distinct=distinct, matched=matched)
    return build(
        steps=STEPS,
        loss=noisy(decay(2.3, 0.05, 150.0), 0.1),
        tables=tables,
        evaluation_steps=[STEPS - 1],
        facts=(rows,),
    )


def test_sick_learnt_by_heart_where_only_answers_are_counted() -> None:
    (finding,) = check(counted(0.6))
    assert finding.where == ("accuracy (line 50)",) and "60% of the answers evaluated" in finding.message


def test_healthy_near_miss_answers_that_carry_over() -> None:
    assert not list(check(counted(0.75)))
    assert not list(check(counted(0.6, learnt=0.95)))


def test_healthy_the_same_rows_or_a_handful() -> None:
    assert not list(check(counted(0.6, matched=90)))
    assert not list(check(counted(0.6, distinct=10)))


def test_healthy_a_loss_was_evaluated_too() -> None:
    assert not list(check(counted(0.6, val_loss={PLACE: 0.5})))
