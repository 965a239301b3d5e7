"""This run shows steps so small that the loss creeps.

What it sees
    How far each step moves the weight matrices against their size, how far all
    steps together can have moved them, and what the loss gained.

Why it hurts
    The network is still close to where it was drawn when the run ends.  The
    same steps, ten or a hundred times longer, would have come to the same place
    in a fraction of the time.

How it decides
    The median step moves the weights by less than 1e-4 of their size (about
    1e-3 is usual), or by less than 3e-4 where 200 steps and more are together
    shorter than a tenth of the weights, and all steps laid end to end are shorter than a third of
    the weights; the gradient is alive (at least 1e-4 of the weights); and the
    outcome is poor, or less than half was learnt by steps that are together shorter than
    a twentieth of the weights, or less than half of the trivial loss was removed while the
    second half of the run still brought 40 % of what the first half brought, 4
    standard errors above nothing (unit: update over weight; source: Karpathy's
    recipe, limits ours, on the detection corpus).  Left alone are loaded
    weights (fine-tuning), a rate that is still warming up, optimizers that
    choose their own step, adversarial and signed losses.

Cure
    A rate 10 or 30 times larger, by a rate test if there is time; Adam, whose
    step length does not depend on the size of the gradient.

Cure safety
    Both change training only.

When it is wrong
    Where the target cannot be learnt from the inputs, a larger rate gains
    nothing.

Example
    >>> # torch.optim.SGD(model.parameters(), lr=1e-6)

References
    Karpathy, "A Recipe for Training Neural Networks" (2019); Smith, "Cyclical
    learning rates", arXiv 1506.01186, section 3.3 (the rate test).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import GOOD_SKILL, opposing, outcome, signed
from gradwise.rules.motion import pull, update_ratio
from gradwise.rules.rule import Organ, Rule
from gradwise.rules.trend import rate_left, trend
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Floats, Ints, Trace

RATIO_LIMIT = 1e-4  # update over weight; a tenth of Karpathy's 1e-3
STILL = 0.05  # the same, that leads nowhere: less than half learnt is enough then; ours
NEAR_LIMIT, NEAR, LONG = 3e-4, 0.1, 200  # the same where so many steps lead no further than this; ours
PATH_LIMIT = 1 / 3  # all updates over weight; no further than this from where the weights were drawn; ours
PULL_ALIVE = 1e-4  # gradient over weight; below it the gradient has vanished, and not the rate; ours
NO_DROP = 0.02  # share of its start by which the loss fell: not at all; ours
MIN_STEPS = 50  # steps; fewer are too short whatever the rate
MIN_SAMPLES = 5  # sampled steps
STEADY = 0.4  # fall in the second half over that in the first; a straight line has 1; ours
SURE = 4.0  # standard errors
WARMING = 1.5  # rate at the end over its median; a straight warm-up has 2; ours
OWN_STEP = ("LBFGS", "Rprop")  # optimizers that search for their step length

RULE = Rule(
    name="lr-too-low",
    code="O02",
    group="sick",
    organ=Organ.RATE,
    since="0.1.0",
    reads=(
        "loss", "rate", "criterion", "trivial", "accuracy", "majority", "target_std", "grad_norm",
        "weight_norm", "update_norm", "fact:optimizer", "fact:loaded", "fact:structure",
    ),
    explains=(
        "loss-not-decreasing", "underfitting", "trained-too-short", "loses-to-baseline", "majority-collapse",
        "constant-output", "initial-loss-off",
    ),
    cures=("raise-lr", "adam"),
    summary="steps so small that the loss creeps",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when the steps are too small for what there is to learn."""
    steps, ratios = update_ratio(trace)
    seen = np.isfinite(ratios)
    steps, ratios = steps[seen], ratios[seen]
    if trace.steps < MIN_STEPS or len(ratios) < MIN_SAMPLES or _apart(trace):
        return
    typical, path = float(np.median(ratios)), _path(trace, steps, ratios)
    limit = NEAR_LIMIT if path < NEAR and trace.steps >= LONG else RATIO_LIMIT
    if typical > limit or path > PATH_LIMIT or not _alive(trace):
        return
    gained = _gained(trace, path)
    if not gained:
        return
    rate = trace.step_signal("rate").mean
    shown = f" at rate {np.nanmax(rate):.3g}" if np.isfinite(rate).any() else ""
    yield RULE.finding(
        since_step=int(steps[0]),
        value=typical,
        threshold=limit,
        unit="update over weight",
        message=(
            f"a step moves the weights by {typical:.2g} of their size{shown} (limit {limit:g}), all "
            f"{trace.steps} steps together by {path:.2g} at most, and {gained}"
        ),
        why="the network is still close to where it began",
        strength=0.5 + min(np.log10(RATIO_LIMIT / max(typical, 1e-12)) / 6, 0.5),
        evidence=[
            Evidence("update_norm", (), int(steps[0]), trace.last_step),
            Evidence("loss", (), trace.first_step, trace.last_step),
        ],
    )


def _apart(trace: Trace) -> bool:
    """Whether small steps are meant here, or no loss needs to fall."""
    kinds = [fact.data.get("class") for fact in trace.facts_of("optimizer")]
    if kinds and all(kind in OWN_STEP for kind in kinds):
        return True
    rate = trace.step_signal("rate").mean
    rate = rate[np.isfinite(rate)]
    warming = len(rate) and rate_left(trace) * rate.max() > WARMING * np.median(rate)
    return bool(warming or trace.facts_of("loaded") or opposing(trace) or signed(trace.step_signal("loss")))


def _path(trace: Trace, steps: Ints, ratios: Floats) -> float:
    """All updates of the run over the weights, laid end to end."""
    every = np.arange(trace.first_step, trace.last_step + 1, max(trace.steps // 2000, 1))
    return float(np.interp(every, steps, ratios).mean() * trace.steps)


def _alive(trace: Trace) -> bool:
    _, pulls = pull(trace)
    pulls = pulls[np.isfinite(pulls)]
    return bool(len(pulls) and np.median(pulls) >= PULL_ALIVE)


def _gained(trace: Trace, path: float) -> str:
    """What little the loss gained, as a clause; empty when it gained enough."""
    result = outcome(trace)
    if result.nonfinite:
        return ""
    known = np.fmax(result.skill, result.lift)
    known = known if np.isfinite(known) else result.drop
    if result.poor:
        return f"only {max(result.reached, 0.0):.0%} of what there is to learn was learnt"
    if result.drop < NO_DROP and not result.skill >= GOOD_SKILL:
        return f"the loss is where it began ({result.first:.4g}, at the end {result.final:.4g})"
    first, second = trend(trace, 0.0, 0.5), trend(trace, 0.5)
    steady = second.fall * second.level > STEADY * first.fall * first.level > 0
    if known < GOOD_SKILL and steady and second.falls(SURE):
        return f"the loss creeps: {second.fall:.0%} in the second half of the run"
    if path < STILL and known < GOOD_SKILL:
        return f"only {max(result.reached, 0.0):.0%} of what there is to learn was learnt"
    return ""
