"""This run shows the same batch again and again, though there is more data.

What it sees
    The rows that enter the model are the same at every sampled step, while a
    DataLoader with several batches is asked for one each time; or the same few batches
    come round and round.

Why it hurts
    All other samples are never seen.  The loss falls nicely, since a few rows
    are soon learnt by heart, and says nothing.

How it decides
    At 8 sampled steps or more: the rows, known by fingerprints of their bits,
    are those of the step sampled before, in any order, in at least 90 % of the
    cases (unit: share; source: shuffled batches of a set twice as large are the
    same in fewer than 1 of 10^9 cases); and in at least 90 % of these steps a
    loader gave a batch that has more than one.  Training on one batch that was
    drawn once, as a check that the network can learn at all, asks no loader and
    is left alone, and so are a set that fits into one batch and a stage before others of
    less than a quarter of the run (unit: share of steps; ours).
    Where no loader is asked, at least 90 % of the batches are a quarter or less of the
    tensor that they are cut from, and cut anew at each step, or changed at last (90 %
    of at least 4 pairs of steps in a row have the same then); or
    they are copied anew, while an evaluation shows at least twice as many other rows
    with a loss of twice the training loss or more, or 15 % fewer right answers (units:
    ratio, share; ours): a training set is kept, not cut or copied again at each step.
    A few batches that come round and round are known by this: all that was seen are a
    quarter or less of the loader's rows (unit: share; ours), each of them four times and
    more on average; rows that came again came in the same company, in 95 % of the pairs
    of batches that share any, which shuffling never gives; equal
    rows within a batch are far too few for data that has few different rows; and an
    evaluation of other rows goes far worse, as above.

Cure
    Loop over the loader, or keep one iterator and call ``next`` on it.

Cure safety
    advance-loader changes training: all samples are seen.

When it is wrong
    A check on one batch that builds a new iterator at every step on purpose, and one on a
    few batches that is evaluated on other rows.
    Batches copied by hand with an index that never moves are seen only where an
    evaluation is; without one they look like full-batch training.  Methods that make
    many steps on each small part of their data look the same.

Example
    >>> # for step in range(1000): x, y = next(iter(loader))   # without shuffling: always the first

References
    Karpathy, "A Recipe for Training Neural Networks" (2019); PyTorch, ``DataLoader``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradwise.rules.learning import opposing, signed
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

MIN_BATCHES = 8  # sampled steps
SAME_SHARE = 0.9  # share of sampled batches that are the one before; by chance 0
DRAWN_SHARE = 0.9  # share of sampled steps in which a loader gave a batch
ALIKE_SHARE = 0.5  # one row filling so much of all batches: the data, not the loader, is to blame
MIN_LOADER_BATCHES = 2  # batches in an epoch
RENEWED_SHARE = 0.9  # share of sampled batches made for their step, where no loader made them; ours
MIN_PAIRS = 4  # of sampled steps in a row; ours
STAGE_SHARE = 0.25  # share of the run's steps up to which a stage before others is a check; ours
OTHER_ROWS = 2.0  # rows of an evaluation over those of the batch; ours
WORSE = 2.0  # evaluation loss over training loss; ours
FEWER_RIGHT = 0.15  # share of answers right in training less that in an evaluation; ours
FEW_SHARE = 0.25  # of the loader's rows that few batches hold at most; ours
MIN_ROUNDS = 4.0  # times that each of their rows was seen; ours
REGROUPED = 0.05  # pairs of batches that share a part of their rows, over those that share any; ours
BY_CHANCE = 0.5  # equal pairs over those that so few different rows, drawn one by one, would give; ours
LATEST = 5  # samples whose answers stand for those in training
TAIL_SHARE = 0.1  # of the run, over which the training loss is averaged

RULE = Rule(
    name="same-batch-repeated",
    code="D07",
    group="sick",
    organ=Organ.DATA,
    since="0.1.0",
    reads=(
        "loss", "val_loss", "accuracy", "val_accuracy", "target_std", "fact:rows", "fact:sampler",
        "fact:evaluation-rows", "fact:optimizer",
    ),
    explains=(
        "overfitting", "train-val-leak", "class-imbalance", "majority-collapse", "not-shuffled",
        "constant-features", "loses-to-baseline", "trained-too-long", "underfitting",
        "trained-too-short",
    ),
    cures=("advance-loader",),
    summary="the same batch again and again, though there is more data",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding per model that is given one batch for ever."""
    stop = trace.first_step + trace.steps
    if stop < trace.run.steps and trace.steps < STAGE_SHARE * trace.run.steps:
        return
    larger = max((int(f.data.get("batches") or 0) for f in trace.facts_of("sampler")), default=0)
    for place, data in {fact.where: fact.data for fact in trace.facts_of("rows")}.items():
        batches, same = int(data["batches"]), int(data["same"])
        if batches < MIN_BATCHES:
            continue
        share = max(same / (batches - 1), _stays(trace, data))
        if data["top_share"] >= ALIKE_SHARE:
            continue
        if share < SAME_SHARE:
            if _few(data) and (others := _others(trace, int(data["largest"]))):
                yield _few_finding(trace, place, data, others)
            continue
        if larger >= MIN_LOADER_BATCHES and data["drawn"] >= DRAWN_SHARE * batches:
            there = f"the loader has {larger} batches"
        elif _again(trace, data) or _stays(trace, data):
            there = "each is a small part of what it is cut from"
        elif (rows := _other_rows(trace, data)) > 0:
            there = f"an evaluation shows {rows} others, and goes far worse"
        else:
            continue
        yield RULE.finding(
            where=[place],
            since_step=trace.first_step,
            value=share,
            threshold=SAME_SHARE,
            unit="share of sampled batches that repeat the one before",
            message=(
                f"{share:.0%} of {batches} sampled batches of {place} hold the same {data['largest']} rows "
                f"as the one before (limit {SAME_SHARE:.0%}), while {there}"
            ),
            why="all other samples are never seen, and a few rows are soon learnt by heart",
            strength=share,
            evidence=[Evidence("loss", (), trace.first_step, trace.last_step)],
        )


def _few(data: Mapping[str, Any]) -> bool:
    """Whether a few batches of a loader that has many come round and round."""
    source, rows, distinct = int(data.get("source", 0)), int(data["rows"]), int(data["distinct"])
    if distinct > FEW_SHARE * source or rows < MIN_ROUNDS * distinct or not data.get("met", 0):
        return False
    together = int(data["regrouped"]) <= REGROUPED * int(data["met"])
    return together and int(data["twins"]) <= BY_CHANCE * int(data["pairs"]) / distinct


def _few_finding(trace: Trace, place: str, data: Mapping[str, Any], others: int) -> Finding:
    source, distinct = int(data["source"]), int(data["distinct"])
    return RULE.finding(
        where=[place],
        since_step=trace.first_step,
        value=distinct / source,
        threshold=FEW_SHARE,
        unit="share of the loader's rows that are seen",
        message=(
            f"{data['batches']} sampled batches of {place} hold {distinct} different rows in the same few "
            f"groups; the loader has {source} (limit {FEW_SHARE:.0%} of them), and an evaluation of "
            f"{others} others goes far worse"
        ),
        why="all other samples are never seen, and a few rows are soon learnt by heart",
        strength=1 - distinct / source,
        evidence=[Evidence("loss", (), trace.first_step, trace.last_step)],
    )


def _parts(trace: Trace, data: Mapping[str, Any]) -> bool:
    """Whether batches are small parts of something larger, in a loop that is no game of its own."""
    small = int(data.get("parts", 0)) >= RENEWED_SHARE * int(data["batches"])
    return small and not data["drawn"] and not signed(trace.step_signal("loss")) and not opposing(trace)


def _again(trace: Trace, data: Mapping[str, Any]) -> bool:
    """Whether the same part is cut again at each step."""
    anew = int(data.get("renewed", 0)) >= RENEWED_SHARE * (int(data["batches"]) - 1)
    return anew and _parts(trace, data)


def _stays(trace: Trace, data: Mapping[str, Any]) -> float:
    """Share of steps in a row with the same part, where it changes at last; 0 where it does not."""
    pairs = int(data.get("neighbours", 0))
    moved = int(data["distinct"]) > int(data["largest"])
    if pairs < MIN_PAIRS or not moved or not _parts(trace, data):
        return 0.0
    share = int(data["same_neighbours"]) / pairs
    return share if share >= SAME_SHARE else 0.0


def _other_rows(trace: Trace, data: Mapping[str, Any]) -> int:
    """Rows of an evaluation that goes ill, where the same batch is cut again at each step; else 0."""
    if data["drawn"] or int(data.get("renewed", 0)) < RENEWED_SHARE * (int(data["batches"]) - 1):
        return 0
    return _others(trace, int(data["largest"]))


def _others(trace: Trace, batch: int) -> int:
    """Rows of an evaluation that were not trained on, where it goes ill and they are many; else 0."""
    facts = {fact.where: fact.data for fact in trace.facts_of("evaluation-rows")}
    others = max((int(one["distinct"]) - int(one["matched"]) for one in facts.values()), default=0)
    worse = _worse(trace) or _less_right(trace)
    return others if others >= OTHER_ROWS * batch and worse else 0


def _worse(trace: Trace) -> bool:
    """Whether some evaluation ends with a loss far above the training loss."""
    loss = trace.step_signal("loss")
    late = loss.mean[loss.steps >= trace.last_step * (1 - TAIL_SHARE)]
    late = late[np.isfinite(late)]
    table = trace.sampled("val_loss")
    ends = [column[np.isfinite(column)][-1:] for column in map(table.column, table.places)]
    return bool(len(late)) and any(len(end) and end[0] >= WORSE * late.mean() > 0 for end in ends)


def _less_right(trace: Trace) -> bool:
    """Whether far fewer answers are right at the end of some evaluation than in training."""
    right = trace.sampled("accuracy")
    known = right.values[np.isfinite(right.values).any(axis=1)][-LATEST:] if len(right) else np.zeros((0, 1))
    known = known[np.isfinite(known)]
    table = trace.sampled("val_accuracy")
    ends = [column[np.isfinite(column)][-1:] for column in map(table.column, table.places)]
    return bool(len(known)) and any(len(end) and known.mean() - end[0] >= FEWER_RIGHT for end in ends)
