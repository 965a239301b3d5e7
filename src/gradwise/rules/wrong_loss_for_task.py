"""This run shows a loss that does not fit the kind of targets.

What it sees
    A softmax over a single output; class ids treated as numbers on a scale; the
    ids of three and more classes in a yes/no loss; several labels at once forced
    into one distribution.

Why it hurts
    A softmax over one output is 1 whatever the input, and its gradient is zero.
    A squared error on class ids says that class 2 lies between 1 and 3.  A yes/no
    loss with a target of 2 falls without bound.  Softmax makes labels that occur
    together compete, so that none of them can come near 1.

How it decides
    One output: cross-entropy over one class, or a softmax over one value, in
    every call (unit: classes; source: the softmax formula).
    Ids in a yes/no loss: one output, targets whole numbers that run without a gap
    from 0 or 1 to at least 2 above it, 3 to 64 of them.
    Ids in a distance loss: such targets, where each is compared with C of C
    outputs; or with one output where no class has more than 1.3 times its even
    share and the run is poor, or less than 90 % is learnt of numbers that begin at 0
    (with that, more than half of 9 even classes are rounded wrongly).  Other whole
    numbers are left alone when they are learnt: ratings, counts and grades are
    numbers (units: count, share; ours).
    Several labels: cross-entropy with targets of 0 and 1 of which some row holds
    two or more in half of the sampled steps.  Not where outputs are as many as
    inputs or samples: word counts and pairs are compared so on purpose.

Cure
    ``cross_entropy`` with class ids and one output per class; for several labels
    at once ``binary_cross_entropy_with_logits``; for yes or no, one output and
    ``binary_cross_entropy_with_logits``.

Cure safety
    match-loss changes training, and the last layer where it has too few outputs.

When it is wrong
    A multinomial likelihood of a set of labels is not told from several labels.
    One-hot targets with a squared error, and one yes/no question for each of
    several exclusive classes, are old habits that work and are not reported.

Example
    >>> # nn.Linear(16, 1) and nn.Softmax(dim=1) with nn.BCELoss()

References
    AutoTrainer, ICSE 2021; Humbatova et al., "Taxonomy of Real Faults in Deep
    Learning Systems", ICSE 2020 (wrong loss function).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.calls import Call, loss_calls, measured
from gradwise.rules.learning import outcome
from gradwise.rules.rule import Organ, Rule, evidence_at
from gradwise.trace.findings import Finding
from gradwise.trace.model import Floats, Trace

MIN_SAMPLES = 3  # sampled steps
MIN_JUDGED = 10  # sampled steps before class ids are told from numbers by how often each comes
MOST_IDS = 64  # classes; more are told apart from counts by nothing
FEWEST_IDS = 3  # classes; two as 0 and 1 with a squared error is an old habit that works
FEWEST_OUTPUTS = 2  # values among which a softmax can choose
EVEN = 1.3  # times the even share that the most frequent class may have; counts and ratings are uneven
NUMBERS_SKILL = 0.9  # share of the loss removed from which ids are taken for numbers that are learnt; ours
RIGHT_ANSWERS = 0.9  # share of rounded answers that are right where numbers do as well as classes; ours
COUNTED = "accuracy"  # places of accuracies that the script counted itself
MULTI_SHARE = 0.5  # share of sampled steps in which some row holds two or more labels
TWO_LABELS = 1.5  # sum of a row of 0 and 1 above which it holds more than one label

CLASS_LOSSES = ("cross_entropy", "nll_loss")
YES_NO_LOSSES = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
DISTANCE_LOSSES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")

RULE = Rule(
    name="wrong-loss-for-task",
    code="C08",
    group="sick",
    organ=Organ.WIRING,
    since="0.1.0",
    reads=(
        "fact:loss-call", "fact:structure", "target_whole_share", "target_min", "target_max", "target_kinds",
        "target_top_share", "target_row_sum_max", "criterion", "trivial", "accuracy", "majority", "loss",
        "target_std", "val_accuracy", "fact:optimizer",
    ),
    explains=(
        "loss-not-decreasing", "constant-output", "majority-collapse", "label-out-of-range", "underfitting",
        "vanishing-gradient", "loses-to-baseline", "loss-diverges", "lr-too-low", "lr-too-high",
        "weights-grow", "overfitting", "bounded-output", "dead-relu", "target-broadcast",
        "initial-loss-off", "saturated-activation", "loss-oscillates", "trained-too-short",
        "unnormalized-target", "noisy-labels", "class-imbalance",
    ),
    cures=("match-loss",),
    summary="a loss that does not fit the kind of targets",
)  # fmt: skip

Said = tuple[str, str, float, float, str]  # message, why, value, limit, unit


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding per loss that does not fit its targets."""
    for call in loss_calls(trace):
        said = _single_output(call)
        if said is None and not call.mixed:
            said = _ids(trace, call) or _several_labels(trace, call)
        if said is not None:
            yield _finding(trace, call, said)


def _single_output(call: Call) -> Said | None:
    scores = call.function in CLASS_LOSSES
    if not all((data.get("classes") if scores else data.get("softmax_width")) == 1 for data in call.all):
        return None
    name = "cross-entropy over a single class" if scores else "a softmax over a single output"
    message = f"{call.place} is fed predictions of shape {_shape(call.shape)}: {name}"
    why = "one share of one is always 1: the gradient is zero, whatever the weights"
    return message, why, 1.0, FEWEST_OUTPUTS, "classes"


def _ids(trace: Trace, call: Call) -> Said | None:
    """Class ids given to a loss for numbers or for yes and no."""
    kinds = _consecutive(trace, call)
    if not kinds:
        return None
    outputs = call.shape[-1] if len(call.shape) == 2 else 1
    told = f"the targets of {call.place} are whole numbers, {kinds} of them without a gap"
    if call.function in YES_NO_LOSSES and outputs == 1 and call.data.get("reduced"):
        why = "a loss for yes and no takes targets between 0 and 1; above 1 it falls without bound"
        return f"{told}, for one yes/no output", why, kinds, FEWEST_IDS, "classes"
    if call.function not in DISTANCE_LOSSES:
        return None
    width = tuple(call.data.get("target_shape") or ())[-1:]
    if len(call.shape) == 2 and outputs == kinds and width == (1,):
        why = "every output is asked for the id itself, not for how probable its class is"
        return f"{told}, and each is compared with {outputs} outputs", why, kinds, FEWEST_IDS, "classes"
    top = measured(trace, "target_top_share", call.place)
    enough = len(top) >= MIN_JUDGED and outputs == 1
    result = outcome(trace)
    from_zero = float(measured(trace, "target_min", call.place).min()) == 0.0
    answers = _answers(trace)
    suffers = result.poor or (from_zero and result.skill < NUMBERS_SKILL) or answers < RIGHT_ANSWERS
    if not enough or top[-1] * kinds > EVEN or not suffers:
        return None
    why = "class ids have no order and no distance; the best answer to most inputs is a number between"
    learnt = "hardly anything" if result.poor else f"{result.skill:.0%}"
    if not result.poor and answers < RIGHT_ANSWERS:
        learnt = f"{learnt} (but rounded to an id, only {answers:.0%} of the answers evaluated were right)"
    return f"{told}, each about as frequent, and {learnt} is learnt", why, kinds, FEWEST_IDS, "classes"


def _answers(trace: Trace) -> float:
    """Best share of rounded answers that were right in an evaluation; inf where none were compared."""
    table = trace.sampled("val_accuracy")
    columns = [table.column(place) for place in table.places if place.startswith(COUNTED)]
    shares = [float(column[np.isfinite(column)].max()) for column in columns if np.isfinite(column).any()]
    return max(shares, default=float("inf"))


def _consecutive(trace: Trace, call: Call) -> int:
    """How many classes the targets count, where they look like ids; 0 where they do not."""
    low, high = measured(trace, "target_min", call.place), measured(trace, "target_max", call.place)
    whole, kinds = (measured(trace, name, call.place) for name in ("target_whole_share", "target_kinds"))
    if min(len(low), len(high), len(whole), len(kinds)) < MIN_SAMPLES or (whole < 1).any():
        return 0
    count, first = int(kinds[-1]), float(low.min())
    ids = first in (0.0, 1.0) and count == int(high.max() - first) + 1 and FEWEST_IDS <= count <= MOST_IDS
    return count if ids else 0


def _several_labels(trace: Trace, call: Call) -> Said | None:
    if call.function != "cross_entropy" or len(call.shape) != 2:
        return None
    most, high = measured(trace, "target_row_sum_max", call.place), measured(trace, "target_max", call.place)
    whole = measured(trace, "target_whole_share", call.place)
    if min(len(most), len(whole), len(high)) < MIN_SAMPLES or (whole < 1).any() or (high > 1).any():
        return None
    share = float(np.mean(most > TWO_LABELS))
    if share < MULTI_SHARE or call.classes in (call.shape[0], _inputs(trace)):
        return None
    message = f"rows of the targets of {call.place} hold up to {_peak(most):.0f} labels at once"
    why = "softmax gives all classes one sum of 1: labels that belong together take it from each other"
    return message, why, _peak(most), TWO_LABELS, "labels in a row"


def _inputs(trace: Trace) -> int:
    """Features that the first weight takes; 0 where none is known."""
    matrices = sorted((p for p in trace.parameters if p.is_matrix), key=lambda p: p.order)
    return matrices[0].shape[1] if matrices else 0


def _peak(values: Floats) -> float:
    return float(values.max())


def _shape(shape: tuple[int, ...]) -> str:
    return f"(batch, {', '.join(map(str, shape[1:]))})" if len(shape) > 1 else "(batch,)"


def _finding(trace: Trace, call: Call, said: Said) -> Finding:
    message, why, value, limit, unit = said
    return RULE.finding(
        where=[call.place],
        since_step=call.since,
        value=value,
        threshold=limit,
        unit=unit,
        message=message,
        why=why,
        strength=0.9,
        evidence=evidence_at(
            trace, ("target_max", "target_row_sum_max", "criterion"), call.place, call.since
        ),
    )
