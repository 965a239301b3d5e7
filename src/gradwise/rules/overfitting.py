"""This run shows a network that learns its training set by heart.

What it sees
    The loss (and accuracy) of the script's own evaluation phases, beside the
    training loss over the same time.

Why it hurts
    From the best evaluation on, every further step makes the network worse on
    data it has not seen; the weights kept at the end are not the best ones.

How it decides
    With 5 evaluations or more: the evaluation loss, median of three, is at the
    end 15 % above its best, with at least 3 evaluations and 20 % of all of them
    since that best, while the training loss went on falling by 10 % and more.
    Where accuracy is known and did not fall by 2 points, the rise must be 50 %;
    and in any case 5 % of the best constant prediction's loss: a classifier that
    grows surer of its few mistakes is not alarmed about (units: share; SageMaker
    Debugger's ratio and patience, thresholds ours).  A last evaluation within
    2 % of the best is that of restored weights: such a run ended well.  A rise of 2 %
    is enough where the training loss is less than 2 % of the evaluation's at the end and
    that still more than a quarter of the best constant prediction's, unless accuracy holds:
    the rows of training are known by heart, noise and all.  Where the
    script only counts answers: 97 % of training's are right over the second half of
    the run (a net with batch-norm may need that long until its averages have come
    along), and the last evaluation, of other rows, is 25 points below.

Cure
    Stop at the best evaluation; weight decay, dropout, augmentation, a smaller
    net, more data.

Cure safety
    early-stop and weight-decay change training only; dropout and smaller-net
    change the model; augment changes the data.

When it is wrong
    Validation data drawn from elsewhere than the training data.

Example
    >>> # 120 epochs on 60 rows with nn.Linear(10, 256), nn.ReLU(), nn.Linear(256, 1)

References
    Prechelt, "Early stopping, but when?", 1998; SageMaker Debugger, overfit rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradwise.rules.learning import opposing
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Floats, Ints, Table, Trace

MIN_EVALUATIONS = 5  # evaluations; fewer show no turn
PATIENCE = 3  # evaluations since the best
PATIENCE_SHARE = 0.2  # share of all evaluations since the best
RISE_LIMIT = 0.15  # relative rise over the best; ours
RESTORED = 0.02  # rise over the best at which a last evaluation counts as that of restored weights; ours
RISE_LIMIT_FITTED = 0.02  # the same where nothing is left of the training loss; ours
FITTED = 0.02  # of the evaluation loss at the end; such a training loss has nothing left; ours
RISE_LIMIT_ACCURATE = 0.5  # the same where accuracy holds; ours
ACCURACY_FALL = 0.02  # share of the evaluation set; ours
TRIVIAL_SHARE = 0.05  # of the trivial predictor's loss that the rise must make up; ours
ALL_RIGHT = 0.97  # share of training answers, batches as they come; ours
GAP = 0.25  # between shares of right answers in training and evaluation, or of the trivial loss; ours
LATE = 0.5  # share of the run after which training's answers are counted
FEWEST_SAMPLES, FEWEST_ROWS = 3, 20  # sampled steps then; distinct rows of the evaluation
TRAIN_FALL = 0.1  # relative fall of the training loss since the best; ours

RULE = Rule(
    name="overfitting",
    code="E01",
    group="sick",
    organ=Organ.REGULARISATION,
    since="0.1.0",
    reads=(
        "loss", "criterion", "trivial", "val_loss", "val_accuracy", "accuracy", "target_std",
        "fact:optimizer", "fact:evaluation-rows",
    ),
    explains=("trained-too-long",),
    cures=("early-stop", "weight-decay", "dropout", "augment", "smaller-net"),
    summary="a network that learns its training set by heart",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Turn:
    """An evaluation loss that turned: where it was best, and how far it rose since."""

    place: str
    best: float
    end: float
    best_step: int
    last_step: int
    since_best: int  # evaluations
    rise: float  # relative, from the best to the end


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding for the evaluation whose loss rose most since its best."""
    if opposing(trace):
        return
    table = trace.sampled("val_loss")
    turns = [turn for place in table.places if (turn := _turn(table.steps, table.column(place), place))]
    judged = [(turn, limit) for turn in turns if turn.rise > (limit := _limit(trace, turn))]
    judged = [pair for pair in judged if _weighty(trace, pair[0]) and _training_fell(trace, pair[0])]
    judged = [pair for pair in judged if not _restored(table, pair[0])]
    if not judged:
        yield from _by_heart(trace)
        return
    turn, limit = max(judged, key=lambda pair: pair[0].rise)
    yield RULE.finding(
        where=[turn.place],
        since_step=turn.best_step,
        value=turn.rise,
        threshold=limit,
        unit="rise over the best",
        message=(
            f"{turn.place}: evaluation loss {turn.end:.4g} at the end, {turn.rise:.0%} above its best "
            f"{turn.best:.4g} at step {turn.best_step} (limit {limit:.0%}), "
            "while the training loss went on falling"
        ),
        why="since the best evaluation each step has made the network worse on data it has not seen",
        strength=min(0.3 + turn.rise / 3, 1.0),
        evidence=[Evidence("val_loss", (turn.place,), turn.best_step, turn.last_step)],
    )


def _by_heart(trace: Trace) -> Iterator[Finding]:
    """Where a script only counts answers: nearly all of training's are right, and far fewer of others."""
    table, known = trace.sampled("val_accuracy"), trace.sampled("accuracy")
    if trace.sampled("val_loss").places or not known.places:
        return
    late = known.values[known.steps >= trace.first_step + LATE * trace.steps]
    late = late[np.isfinite(late)]
    ends = [(float(column[-1]), place) for place in table.places if len(column := _known(table, place))]
    rows = [f.data for f in {f.where: f for f in trace.facts_of("evaluation-rows")}.values()]
    others = any(
        int(r["distinct"]) >= FEWEST_ROWS and 2 * int(r["matched"]) < int(r["distinct"]) for r in rows
    )
    if len(late) < FEWEST_SAMPLES or not ends or not others:
        return
    (right, place), learnt = min(ends), float(late.mean())
    if learnt < ALL_RIGHT or learnt - right < GAP:
        return
    yield RULE.finding(
        where=[place],
        since_step=trace.first_step,
        value=learnt - right,
        threshold=GAP,
        unit="share of right answers in training over that of the evaluation",
        message=(
            f"{place}: {right:.0%} of the answers evaluated are right at the end, {learnt:.0%} of those in "
            f"training (limit {GAP:.0%} apart)"
        ),
        why="what is right for all rows of training and for few others was learnt by heart",
        strength=min(0.3 + learnt - right, 1.0),
        evidence=[Evidence("val_accuracy", (place,), trace.first_step, trace.last_step)],
    )


def _known(table: Table, place: str, since: int = 0) -> Floats:
    column = table.column(place) if place in table.places else np.full(len(table), np.nan)
    return column[np.isfinite(column) & (table.steps >= since)]


def _turn(steps: Ints, values: Floats, place: str) -> Turn | None:
    """The turn of one evaluation loss, or None when it has none."""
    kept = np.isfinite(values)
    steps, values = steps[kept], values[kept]
    if len(values) < MIN_EVALUATIONS or not (values > 0).all():
        return None
    smooth = _smooth(values)
    best = int(smooth.argmin())
    since = len(values) - 1 - best
    if since < max(PATIENCE, PATIENCE_SHARE * len(values)):
        return None
    low, end = float(smooth[best]), float(smooth[-1])
    return Turn(place, low, end, int(steps[best]), int(steps[-1]), since, end / low - 1)


def _smooth(values: Floats) -> Floats:
    """Running median of three; the last value is the median of the last three."""
    middle = np.median(np.lib.stride_tricks.sliding_window_view(values, 3), axis=1)
    return np.concatenate((np.median(values[:2], keepdims=True), middle[:-1], middle[-1:], middle[-1:]))


def _limit(trace: Trace, turn: Turn) -> float:
    """The rise that counts: smaller where accuracy fell too, or is not known."""
    table = trace.sampled("val_accuracy")
    column = table.column(turn.place) if turn.place in table.places else np.zeros(0)
    column = column[np.isfinite(column)]
    if len(column) < MIN_EVALUATIONS or _smooth(column).max() - _smooth(column)[-1] >= ACCURACY_FALL:
        return RISE_LIMIT_FITTED if _fitted(trace, turn) else RISE_LIMIT
    return RISE_LIMIT_ACCURATE


def _weighty(trace: Trace, turn: Turn) -> bool:
    """Whether the rise is worth a twentieth of what a constant prediction would lose, or all is fitted."""
    known = _known(trace.sampled("trivial"), turn.place.split(" ")[0])
    far = turn.end - turn.best > TRIVIAL_SHARE * (float(np.median(known)) if len(known) else 0.0)
    return far or _fitted(trace, turn)


def _fitted(trace: Trace, turn: Turn) -> bool:
    """Whether nothing is left of the training loss, and much of the evaluation's."""
    table, function = trace.sampled("criterion"), turn.place.split(" ")[0]
    since = turn.last_step - (turn.last_step - turn.best_step) // 2
    left, trivial = _known(table, function, since), _known(trace.sampled("trivial"), function)
    if len(left) < FEWEST_SAMPLES or not len(trivial):
        return False
    return bool(left.mean() < FITTED * turn.end and turn.end > GAP * np.median(trivial))


def _restored(table: Table, turn: Turn) -> bool:
    """Whether the run ended with the weights of its best evaluation: its last one is as good again."""
    for place in table.places:
        column = table.column(place)
        seen = np.flatnonzero(np.isfinite(column))
        if place.split(" ")[0] != turn.place.split(" ")[0] or not len(seen):
            continue
        if table.steps[seen[-1]] >= turn.last_step and column[seen[-1]] <= (1 + RESTORED) * turn.best:
            return True
    return False


def _training_fell(trace: Trace, turn: Turn) -> bool:
    """Whether the training loss went on falling after the best evaluation."""
    loss = trace.step_signal("loss")
    kept = np.isfinite(loss.mean)
    steps, values = loss.steps[kept], loss.mean[kept]
    span = max((turn.last_step - turn.best_step) // (2 * turn.since_best), 1)  # half an evaluation's distance
    then = values[np.abs(steps - turn.best_step) <= span]
    now = values[steps >= turn.last_step - 2 * span]
    return bool(len(then) and len(now) and now.mean() < (1 - TRAIN_FALL) * then.mean())
