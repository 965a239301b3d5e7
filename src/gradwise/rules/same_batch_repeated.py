"""This run shows the same batch again and again, though there is more data.

What it sees
    The rows that enter the model are the same at every sampled step, while a
    DataLoader with several batches is asked for one each time.

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
    is left alone, and so is a set that fits into one batch.

Cure
    Loop over the loader, or keep one iterator and call ``next`` on it.

Cure safety
    advance-loader changes training: all samples are seen.

When it is wrong
    A check on one batch that builds a new iterator at every step on purpose.
    Batches cut by hand with an index that never moves are not seen, because they look
    like full-batch training.

Example
    >>> # for step in range(1000): x, y = next(iter(loader))   # without shuffling: always the first

References
    Karpathy, "A Recipe for Training Neural Networks" (2019); PyTorch, ``DataLoader``.
"""

from __future__ import annotations

from collections.abc import Iterator

from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

MIN_BATCHES = 8  # sampled steps
SAME_SHARE = 0.9  # share of sampled batches that are the one before; by chance 0
DRAWN_SHARE = 0.9  # share of sampled steps in which a loader gave a batch
ALIKE_SHARE = 0.5  # one row filling so much of all batches: the data, not the loader, is to blame
MIN_LOADER_BATCHES = 2  # batches in an epoch

RULE = Rule(
    name="same-batch-repeated",
    code="D07",
    group="sick",
    organ=Organ.DATA,
    since="0.1.0",
    reads=("loss", "fact:rows", "fact:sampler"),
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
    larger = max((int(f.data.get("batches") or 0) for f in trace.facts_of("sampler")), default=0)
    if larger < MIN_LOADER_BATCHES:
        return
    for place, data in {fact.where: fact.data for fact in trace.facts_of("rows")}.items():
        batches, same = int(data["batches"]), int(data["same"])
        if batches < MIN_BATCHES or data["drawn"] < DRAWN_SHARE * batches:
            continue
        share = same / (batches - 1)
        if share < SAME_SHARE or data["top_share"] >= ALIKE_SHARE:
            continue
        yield RULE.finding(
            where=[place],
            since_step=trace.first_step,
            value=share,
            threshold=SAME_SHARE,
            unit="share of sampled batches that repeat the one before",
            message=(
                f"{same} of {batches - 1} sampled batches of {place} hold the same {data['largest']} rows as "
                f"the one before (limit {SAME_SHARE:.0%}), while the loader has {larger} batches"
            ),
            why="all other samples are never seen, and a few rows are soon learnt by heart",
            strength=share,
            evidence=[Evidence("loss", (), trace.first_step, trace.last_step)],
        )
