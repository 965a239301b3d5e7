"""This run shows a learning rate too high for the loss it descends.

What it sees
    How far each step moves the weights (norm of the change that the optimizer
    really made over norm of the weight, median over the weight matrices), and
    what the loss did meanwhile.  Where that tells nothing, the probe `rate`: what
    smaller rates do from the same state.

Why it hurts
    Steps longer than the valley is wide climb its other wall: the loss bounces
    or grows, units saturate or die, and what was learnt is overwritten.

How it decides
    The median update is above 0.1 of the weight (DeepDiagnosis) in at least 3
    samples, and the loss was harmed: it ended above its start, or went non-
    finite after growing, or jumped to 3 times its start and learnt little
    afterwards (to twice, when a step was as long as the weight itself and less
    than 90 % of the trivial loss was removed), or the run is poor while steps
    are that long in 30 % of the later samples or as long as half the weight in 2
    of them, or a ReLU layer that was alive (at most 40 % silent) falls silent (60 %) after
    two such steps (unit: update over weight, share of units; ours).  Long steps
    that do no harm are left alone, and so are L-BFGS, zero-initialised layers
    (their weight counts as at least that of a default start) and nets whose
    gradients already explode at the first step.
    Or the probe says so: late in the run, over the batches that were kept, a smaller
    rate removes at least 5 % of the loss, the rate used less than half of that, the
    smaller one is no worse from the first weights (98 %), and less than 90 % of what there is
    to learn was learnt; or from the first weights the same with 10 %, where the run is
    poor, did not begin with a warm-up, and no layer was saturated or silent (60 %)
    before its first step (units: share of the loss before; ours).

Cure
    A rate 10 times smaller; a warm-up.

Cure safety
    Changes training only.

When it is wrong
    A run stopped in the middle of a deliberate learning-rate sweep.  A rate kept high
    on purpose for most of a run that is stopped before it is lowered.

Example
    >>> # torch.optim.Adam(model.parameters(), lr=0.5)

References
    Wardat et al., "DeepDiagnosis", ICSE 2022 (0.1); Karpathy, "A Recipe for
    Training Neural Networks", 2019; Bengio, 2012.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.course import Course, course, running_median
from gradwise.rules.learning import GOOD_SKILL, opposing, outcome, signed
from gradwise.rules.motion import first_pull, pull_limit, update_ratio
from gradwise.rules.rule import Organ, Rule
from gradwise.rules.tried_rates import Trial, tried_rates
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Floats, Ints, Trace

RATIO_LIMIT = 0.1  # update over weight; DeepDiagnosis
HUGE_RATIO = 0.5  # update over weight that can ruin a net in a step or two; ours
DIED_FROM, DIED_TO = 0.4, 0.6  # share of a ReLU layer silent at the start, and at the end; ours
DEADLY_SAMPLES = 2  # samples above the limit before the layer died; ours
MIN_SAMPLES = 3  # sampled steps above the limit; ours
DENSE_STEPS = 10  # first steps, all sampled: no measure of what lasts
SUSTAINED_SHARE = 0.3  # share of the later samples above the limit; ours
GROWTH = 1.5  # loss at the end over its start; ours
JUMP = 3.0  # loss over its start that is no noise; ours
RUINOUS_RATIO = 1.0  # a step as long as the weight itself; ours
RUINED_JUMP = 2.0  # loss over its start after such a step; ours
EXCELLENT_SKILL = 0.9  # share of the trivial loss removed that forgives even such a start; ours
FEWEST_STEPS = 30  # of a run whose rate was tried; a shorter one had no time to learn
NOW_FALL = 0.05  # share of the loss that a smaller rate must remove late in the run; ours
START_FALL = 0.1  # the same from the first weights; ours
OWN_SHARE = 0.5  # of that fall; the rate used removes less; ours
NEARLY = 0.98  # of the fall with the rate used, which a smaller one must reach from the first weights; ours
WARMED = 0.5  # of the largest rate; a run that begins below it warms up; ours
STUCK = 0.6  # share of a layer's units that saturate or are silent before the first step; ours

# Optimizers that search for their step length or change sign only.
OWN_STEP = ("LBFGS", "Rprop")

RULE = Rule(
    name="lr-too-high",
    code="O01",
    group="sick",
    organ=Organ.RATE,
    since="0.1.0",
    reads=(
        "loss", "rate", "criterion", "trivial", "accuracy", "majority", "target_std", "grad_norm",
        "weight_norm", "update_norm", "silent_share", "saturated_share", "fact:optimizer", "fact:structure",
        "fact:probe",
    ),
    explains=(
        "loss-diverges", "loss-nan", "nan-gradient", "dead-relu", "exploding-gradient",
        "saturated-activation", "loss-oscillates", "loss-spike", "loss-not-decreasing",
        "vanishing-gradient", "majority-collapse", "constant-output", "underfitting", "weights-grow",
        "overfitting", "loses-to-baseline", "trained-too-short", "activation-scale-drift",
        "fades-through-time", "noisy-gradient", "always-clipped",
    ),
    cures=("lower-lr", "warm-up"),
    summary="a learning rate too high for the loss it descends",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when steps are long against the weights and the loss suffers."""
    kinds = [fact.data.get("class") for fact in trace.facts_of("optimizer")]
    if (kinds and all(kind in OWN_STEP for kind in kinds)) or first_pull(trace) > pull_limit(trace):
        return
    steps, ratios = update_ratio(trace)
    seen = ~np.isnan(ratios)
    steps, ratios = steps[seen], ratios[seen]
    high = ratios > RATIO_LIMIT
    harm = _harm(trace, steps, ratios) if high.sum() >= MIN_SAMPLES else ""
    if not harm:
        yield from _tried(trace)
        return
    since, level = int(steps[np.argmax(high)]), float(np.median(ratios[high]))
    rate = trace.step_signal("rate").mean
    shown = f" at rate {np.nanmax(rate):.3g}" if np.isfinite(rate).any() else ""
    yield RULE.finding(
        since_step=since,
        value=level,
        threshold=RATIO_LIMIT,
        unit="update over weight",
        message=(
            f"a step moves the weights by {level:.2g} of their size{shown} in {high.sum()} of {len(high)} "
            f"samples (limit {RATIO_LIMIT:g}), and {harm}"
        ),
        why="steps longer than the valley is wide climb its other wall",
        strength=0.5 + 0.5 * min(level / (10 * RATIO_LIMIT), 1.0),
        evidence=[
            Evidence("update_norm", (), since, trace.last_step),
            Evidence("loss", (), since, trace.last_step),
        ],
    )


def _tried(trace: Trace) -> Iterator[Finding]:
    """One finding where a smaller rate goes far further from the same state."""
    result, trials = outcome(trace), tried_rates(trace)
    if (
        trace.steps < FEWEST_STEPS
        or result.opposing
        or signed(trace.step_signal("loss"))
        or result.reached >= EXCELLENT_SKILL
    ):
        return
    now, start = trials.get("now"), trials.get("start")
    agrees = start is None or start.lower_fall >= NEARLY * start.own_fall
    if now is not None and _too_high(now, NOW_FALL) and agrees:
        yield _trial_finding(trace, now, "where the run stands")
    elif start is not None and _too_high(start, START_FALL) and result.poor and not _begun_otherwise(trace):
        yield _trial_finding(trace, start, "from the first weights")


def _too_high(trial: Trial, least: float) -> bool:
    return trial.lower_fall >= least and trial.own_fall < OWN_SHARE * trial.lower_fall


def _begun_otherwise(trace: Trace) -> bool:
    """Whether the run began with a smaller rate, or with units at their ends before any step."""
    rate = trace.step_signal("rate").mean
    rate = rate[np.isfinite(rate)]
    if len(rate) and float(rate[0]) < WARMED * float(rate.max()):
        return True
    shares = [trace.sampled(signal).values for signal in ("saturated_share", "silent_share")]
    return any(len(table) and (table[0] > STUCK).any() for table in shares)


def _trial_finding(trace: Trace, trial: Trial, state: str) -> Finding:
    own = f"{trial.own:.3g}" if np.isfinite(trial.own) else "no number"
    return RULE.finding(
        since_step=trace.first_step,
        value=max(trial.own_fall, -1.0),
        threshold=OWN_SHARE * trial.lower_fall,
        unit="share of the loss",
        message=(
            f"tried {state} on a copy, {trial.steps} steps over the batches kept: {trial.factor:g} times the "
            f"rate takes the loss from {trial.before:.3g} to {trial.lower:.3g}, the rate used to {own}"
        ),
        why="steps longer than the valley is wide climb its other wall",
        strength=0.6,
        evidence=[Evidence("loss", (), trace.first_step, trace.last_step)],
    )


def _harm(trace: Trace, steps: Ints, ratios: Floats) -> str:
    """What the loss suffered, as a clause; empty when nothing."""
    result, way, high = outcome(trace), course(trace), ratios > RATIO_LIMIT
    loss = trace.step_signal("loss").mean
    loss = loss[np.isfinite(loss)]
    if len(loss) < MIN_SAMPLES or opposing(trace) or signed(trace.step_signal("loss")):
        return "the loss is no longer finite" if result.nonfinite and high.mean() > 0.5 else ""
    peak = float(running_median(loss, 3).max()) if len(loss) >= 3 else float(loss.max())
    if result.nonfinite and (loss[-5:].max() > GROWTH * way.start or high.mean() > 0.5):
        return f"the loss went from {way.start:.3g} to {loss[-1]:.3g} and then was no longer finite"
    if _ended_above(way):
        return f"the loss ends at {way.level:.3g}, {way.level / way.start:.3g} times its start"
    reached = result.reached
    ruined = ratios.max() > RUINOUS_RATIO and peak > RUINED_JUMP * way.start and not reached > EXCELLENT_SKILL
    if ruined or (peak > JUMP * way.start and not reached > GOOD_SKILL):
        return f"the loss jumped from {way.start:.3g} to {peak:.3g}"
    late = high[steps >= steps[0] + DENSE_STEPS]
    sustained = (late if len(late) else high).mean() >= SUSTAINED_SHARE
    if result.poor and (sustained or (ratios > HUGE_RATIO).sum() >= 2):
        return f"the loss stays at {way.level:.3g} (start {way.start:.3g})"
    return "" if reached > GOOD_SKILL else _died(trace, steps[high])


def _died(trace: Trace, high: Ints) -> str:
    """Which ReLU layer was alive at first and fell silent after the steps ``high``; empty when none did."""
    table = trace.sampled("silent_share")
    for module in trace.modules:
        if module.activation not in ("relu", "relu6") or module.name not in table.places:
            continue
        share = table.column(module.name)
        seen = np.isfinite(share)
        when, share = table.steps[seen], share[seen]
        if len(share) < 2 * MIN_SAMPLES or share[0] > DIED_FROM:
            continue
        if np.median(share[len(share) // 2 :]) < DIED_TO:
            continue
        died = when[np.argmax(share > DIED_TO)]
        if (high <= died).sum() >= DEADLY_SAMPLES:
            return f"{share[-1]:.0%} of the units of {module.name} fell silent after them"
    return ""


def _ended_above(way: Course) -> bool:
    if not way.start > 0:
        return False
    grown = way.level / way.start
    return grown > GROWTH and way.above > 1 if np.isfinite(way.above) else grown > 2 * GROWTH
