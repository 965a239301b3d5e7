"""Cases of exploding-gradient: large, spiking or sudden, and always with harm."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.rules.exploding_gradient import SPIKE, check
from gradwise.rules.motion import PULL_LIMIT
from gradwise.trace.model import ParameterInfo, Trace
from tests.cases.build import Columns, Values, before_and_after, build, decay, fact, noisy, sampled

NAMES = ("rnn.weight_ih_l0", "rnn.weight_hh_l0", "fc.weight")
WEIGHT = 5.0  # norm
STEPS = 400


def at_steps(values: Values) -> Values:
    """Per-step values as a function of the step, so that sampled rows agree with them."""
    return (lambda steps: values[steps]) if isinstance(values, np.ndarray) else values


def run(gradient: Values, loss: Values, *, ratio: float = 0.005, trivial: float = 1.0, **more: Any) -> Trace:
    """A net whose matrices all have the given gradient norm."""
    tables: dict[str, Columns] = {
        "grad_norm": dict.fromkeys(NAMES, gradient),
        "weight_norm": dict.fromkeys(NAMES, WEIGHT),
        "update_norm": dict.fromkeys(NAMES, ratio * WEIGHT),
        "criterion": {"mse_loss": at_steps(loss)},
        "trivial": {"mse_loss": trivial},
    }
    parameters = [ParameterInfo(name, (24, 24), order=i) for i, name in enumerate(NAMES)]
    return build(steps=STEPS, loss=loss, tables=tables, parameters=parameters, **more)


def spiking(height: float, samples: tuple[int, ...] = (14, 20, 27)) -> np.ndarray:
    rows = len(sampled(STEPS))
    gradient = np.ones(rows)
    gradient[list(samples)] = height
    return gradient


STUCK = noisy(1.0, 0.1)
FALLING = noisy(decay(1.0, 0.05), 0.1)


def test_sick_first_gradient_dwarfs_the_weights() -> None:
    (finding,) = check(run(300 * WEIGHT, before_and_after(2, 80.0, 300.0)))
    assert finding.value > 50 * PULL_LIMIT
    assert finding.cures[0] == "clip-gradient"


def test_sick_spikes_again_and_again() -> None:
    (finding,) = check(run(spiking(80.0), STUCK))
    assert finding.value > SPIKE
    assert "3 samples" in finding.message


def test_healthy_spikes_of_odd_batches() -> None:
    """Where the batch's own loss stands out, before any step along its gradient, the data is odd."""
    loss = STUCK(np.arange(STEPS))
    loss[np.asarray(sampled(STEPS))[[14, 20, 27]]] = 30.0
    assert not list(check(run(spiking(80.0), loss)))
    loss[-5:] = np.nan  # here it no longer matters where it came from
    assert list(check(run(spiking(80.0), loss)))


def test_sick_quiet_loss_blows_up_at_once() -> None:
    loss = FALLING(np.arange(STEPS))
    loss[250:] = 1e6
    (finding,) = check(run(0.5, loss))
    assert finding.since_step == 250


def test_sick_blow_up_ends_in_nan() -> None:
    loss = FALLING(np.arange(STEPS))
    loss[250:256] = 1e8
    loss[256:] = np.nan
    assert list(check(run(0.5, loss)))


def test_healthy_even_gradients() -> None:
    assert not list(check(run(1.0, FALLING)))


def test_healthy_spikes_without_harm() -> None:
    assert not list(check(run(spiking(80.0), FALLING)))


def test_healthy_near_miss_spikes_just_under_the_limit() -> None:
    assert not list(check(run(spiking(SPIKE * 0.95), STUCK)))
    assert list(check(run(spiking(SPIKE * 1.05), STUCK)))


def test_healthy_two_spikes_are_not_again_and_again() -> None:
    assert not list(check(run(spiking(80.0, (14, 27)), STUCK)))


def test_healthy_large_first_gradient_that_learns() -> None:
    assert not list(check(run(20 * WEIGHT, FALLING)))


def test_healthy_loss_spike_that_comes_back() -> None:
    loss = FALLING(np.arange(STEPS))
    loss[250:254] = 50.0
    assert not list(check(run(0.5, loss)))


def test_healthy_adversarial_training_with_spikes() -> None:
    optimizers = [fact("optimizer", "Adam"), fact("optimizer", "Adam")]
    trace = run(spiking(80.0), noisy(1.4, 0.5), facts=optimizers)
    tables = {name: table for name, table in trace.tables.items() if name not in ("criterion", "trivial")}
    adversarial = Trace(trace.run, trace.series, tables, trace.facts, trace.modules, trace.parameters, STEPS)
    assert not list(check(adversarial))


def test_healthy_look_alike_rate_schedule_that_grows() -> None:
    loss = FALLING(np.arange(STEPS))
    loss[350:] = 1e4
    trace = run(0.5, loss, series={"rate": lambda steps: 0.02 * 1.01**steps})
    assert not list(check(trace))


def test_healthy_look_alike_rate_too_high_from_the_start() -> None:
    loss = 1.0 * 1.1 ** np.arange(STEPS)
    assert not list(check(run(decay(1.0, 1e6, 100.0), loss, ratio=0.5)))
