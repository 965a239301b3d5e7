"""Cases of trained-too-short: half-trained, and still learning fast when the script ended."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.rules.trained_too_short import BETTER, RATE_KEPT, STEEP, check
from gradwise.trace.model import Floats, Ints, Trace
from tests.cases.build import Values, build, decay, fact, learning, noisy


def run(loss: Values, *, tables: dict[str, Any] | None = None, **more: Any) -> Trace:
    """Cross-entropy whose best constant prediction scores 2.3."""
    held: dict[str, Any] = {**learning(), "criterion": {"cross_entropy": loss}}
    return build(loss=loss, tables=held | (tables or {}), **more)


def straight(end: float, start: float = 2.3) -> Any:
    """A straight line over the run."""
    return lambda steps: start + (end - start) * steps / max(steps.max(), 1)


def test_sick_stopped_half_way() -> None:
    (finding,) = check(run(noisy(straight(1.8, 3.0), 0.02)))
    assert finding.cures == ("train-longer", "raise-lr")


def test_sick_plateau_and_then_a_cliff() -> None:
    def late(steps: Ints) -> Floats:
        return 2.3 - 0.5 * np.clip((steps - 250) / 150, 0, 1)

    assert list(check(run(noisy(late, 0.01))))


def guessing(share: float) -> dict[str, Any]:
    """That share of answers is right at the end, of ten classes."""
    return {"accuracy": {"cross_entropy": share}, "majority": {"cross_entropy": 0.1}}


def test_sick_accuracy_runs_ahead_of_the_loss() -> None:
    assert list(check(run(noisy(straight(1.8, 3.0), 0.02), tables=guessing(0.5))))


def test_healthy_near_miss_accuracy_is_good_already() -> None:
    for accuracy, found in ((0.76, 1), (0.8, 0)):  # the majority answers a tenth
        told = list(check(run(noisy(straight(1.8, 3.0), 0.02), tables=guessing(accuracy))))
        assert len(told) == found, accuracy


def test_healthy_demonstration_that_ends_well() -> None:
    assert not list(check(run(noisy(straight(0.3), 0.05))))


def test_healthy_near_miss_gentle_slope() -> None:
    # A straight line to 1.9 that falls by that share of its middle over the last 40 %.
    for share, found in ((STEEP - 0.015, 0), (STEEP + 0.015, 1)):
        start = 1.9 * (1 + share / 0.4 * (1 + share / 2))
        assert len(list(check(run(noisy(straight(1.9, start), 0.003))))) == found


def test_healthy_near_miss_not_quite_poor() -> None:
    assert not list(check(run(noisy(straight(1.65, 3.0), 0.02))))


def test_healthy_settled() -> None:
    assert not list(check(run(noisy(decay(2.3, 1.5, 30), 0.02))))


def test_healthy_noise_hides_any_slope() -> None:
    assert not list(check(run(noisy(2.2, 0.3))))


def test_healthy_cut_short_on_purpose() -> None:
    assert not list(check(run(noisy(straight(1.8, 3.0), 0.02), status="stopped")))
    assert not list(check(run(noisy(straight(1.8, 3.0), 0.02), status="interrupted")))


def test_healthy_look_alike_rate_was_spent() -> None:
    rate: Any = lambda steps: (1 + np.cos(np.pi * steps / 400)) / 2  # noqa: E731
    assert not list(check(run(noisy(straight(1.8, 3.0), 0.02), series={"rate": rate})))


def test_healthy_look_alike_overfitting() -> None:
    evaluations = {"val_loss": {"cross_entropy (line 9)": np.linspace(1.5, 2.5, 10)}}
    assert not list(check(run(noisy(straight(1.8, 3.0), 0.02), tables=evaluations)))


def test_healthy_unknown_loss_has_no_known_end() -> None:
    assert not list(check(build(loss=noisy(straight(1.8, 3.0), 0.02))))


def test_healthy_adversarial_pair() -> None:
    two = [fact("optimizer", "Adam"), fact("optimizer", "Adam", step=1)]
    spread = {"target_std": {"cross_entropy": 0.0}}
    assert not list(check(run(noisy(straight(1.8, 3.0), 0.02), facts=two, tables=spread)))


def test_healthy_a_handful_of_steps() -> None:
    assert not list(check(run(straight(1.8, 3.0), steps=20)))


def passed(
    times: float = 6.0,
    *,
    fall: float = 0.3,
    end: float = 0.6,
    left: float = 1.0,
    stop: int = 209,
    **more: Any,
) -> list[Any]:
    """A regressor that is passed its data a few times; evaluations fall each time by such a share."""
    late = np.array([0.95, 0.9, 0.8, *(0.8 * (1 - fall) ** np.arange(1, 4))])
    rows = fact("rows", "Net", 200, source=int(210 * 64 / times), largest=64, drawn=more.pop("drawn", 60))
    return list(
        check(
            run(
                noisy(more.pop("loss", straight(end * 2.3, 2.6)), 0.02),
                steps=210,
                facts=[rows],
                tables={"val_loss": {"mse_loss (line 9)": late}} | more,
                series={"rate": lambda steps: 1 - (1 - left) * steps / 209},
                evaluation_steps=[34, 69, 104, 139, 174, stop],
            )
        )
    )


def test_sick_few_passes_and_each_evaluation_far_better() -> None:
    (finding,) = passed()
    assert "evaluations fell by 20% and more each time" in finding.message


def test_healthy_near_miss_of_few_passes() -> None:
    assert passed(times=9.9) and not passed(times=10.1)
    assert passed(fall=BETTER + 0.01) and not passed(fall=BETTER - 0.01)
    assert passed(left=RATE_KEPT + 0.02) and not passed(left=RATE_KEPT - 0.05)
    assert passed(stop=195) and not passed(stop=180)


def test_healthy_few_passes_that_learn_well() -> None:
    assert passed(loss=decay(2.6, 0.2)) and not passed(loss=decay(2.6, 0.05))
    assert not passed(**guessing(0.9))


def test_healthy_passes_that_nobody_counts() -> None:
    assert not passed(drawn=0)
