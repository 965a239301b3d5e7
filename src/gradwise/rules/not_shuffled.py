"""This run shows batches that come class after class.

What it sees
    Each batch holds only one or a few of the classes that the data has, and
    neighbouring batches hold the same ones: the labels run in order.  The same
    for numbers that are to be predicted: small ones first, large ones last.

Why it hurts
    The network learns to answer the class at hand and unlearns the others.
    The loss swings with the order of the classes, batch-norm statistics follow
    a single class, and the final weights favour what came last.

How it decides
    Judged on pairs of neighbouring sampled steps.  The median number of classes
    in a batch is at most 0.55 of what random drawing gives (unit: share;
    source: random batches stay above 0.9), and the most frequent class stays
    the same from step to step: at least half of the way from chance to always,
    by more than 3 standard errors; or, with 3 and more classes and at most 0.4
    of them in a batch, it stays or advances by one in 90 % of the pairs, which
    chance does in fewer than 1 of 500 runs (binomial tail).  The
    same classes must come round again, so learning tasks one after another is
    not reported, or three must pass within a tenth of the run; within a single
    epoch a sequential sampler must be seen.
    Class-balanced batches of P classes change their top class and pass.
    Nothing is said where the order can have cost next to nothing: in the last
    quarter of the run 95 % of the trivial loss is removed, and half of it from
    the worst single step too, so that no class is being unlearnt.  What is left
    bounds what shuffling could win (units: share of the trivial loss; ours).

Cure
    ``DataLoader(..., shuffle=True)``, or a fresh permutation every epoch.

Cure safety
    shuffle changes training only.

When it is wrong
    Streams that are meant to be learnt in the order in which they arrive.  What
    a shuffled run would reach is not known, so an order that does little harm
    is told from a harmful one only where hardly any loss is left.

Example
    >>> # DataLoader(ImageFolder(root), batch_size=32)   # folders are read class by class

References
    Bottou, "Stochastic Gradient Descent Tricks" (2012); Bengio, "Practical
    Recommendations", arXiv 1206.5533, section 3.1.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradwise.rules.learning import END_SHARE, GOOD_SKILL, outcome
from gradwise.rules.ordered_labels import neighbours, returns, tail
from gradwise.rules.ordered_numbers import NumberOrder, ordered_numbers
from gradwise.rules.rule import Organ, Rule, evidence_at
from gradwise.trace.findings import Finding
from gradwise.trace.model import Floats, Ints, Trace

KINDS_LIMIT = 0.55  # classes in the batch / expected of a random one; random batches exceed 0.9
KINDS_LIMIT_ADVANCING = 0.4  # the same, when the order is told from advancing labels
MIN_EXPECTED = 1.9  # classes expected in a random batch; two classes never quite reach 2
RARE_EXPECTED = 1.5  # the same, where a sequential loader was read
MIN_PAIRS = 8  # pairs of neighbouring sampled steps
RUNS_LIMIT = 0.5  # (same - chance) / (1 - chance)
ERRORS = 3.0  # standard errors above chance
ADVANCING_LIMIT = 0.9  # share of pairs; chance is about 2 / C
MIN_CLASSES_ADVANCING = 3  # classes; of two, one always stays or advances
TAIL_LIMIT = 2e-3  # probability that chance does the same
QUICK_SHARE = 0.1  # share of the run within which several classes come and go
QUICK_CLASSES = 3  # classes
WITHIN_LIMIT = 0.4  # spread of targets in a batch / of all; random batches of 4 and more have about 1
NEAR_LIMIT = 0.4  # distance of neighbouring batches' means / of any two; random: 1
LITTLE_LEFT = 0.05  # of the trivial loss; shuffling cannot win more than what is left
EPOCH_SHARE = 0.5  # share of the loader's batches that the run must have drawn, in a single epoch

RULE = Rule(
    name="not-shuffled",
    code="D06",
    group="sick",
    organ=Organ.DATA,
    since="0.1.0",
    reads=(
        "label_kinds", "label_kinds_expected", "label_top", "label_top_share", "target_mean", "fact:sampler",
        "fact:loss-call", "loss", "criterion", "trivial", "accuracy", "majority", "target_std",
        "fact:optimizer",
    ),
    explains=(
        "loss-oscillates", "loss-spike", "loss-not-decreasing", "loss-diverges", "majority-collapse",
        "overfitting", "lr-too-high", "exploding-gradient", "noisy-gradient", "dead-relu",
        "constant-output", "underfitting", "loses-to-baseline", "trained-too-short",
    ),
    cures=("shuffle",),
    summary="batches that come class after class",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Order:
    """What the pairs of neighbouring steps say about one loss."""

    kinds: float  # median of classes seen / classes expected
    same: float  # share of pairs with the same top class
    chance: float  # that share if the top classes came at random
    advancing: int  # pairs in which the top class stays or goes to the next
    drift: float  # share of such pairs if the top classes came at random
    pairs: int
    classes: int  # different top classes
    since: int
    returns: bool  # a class left behind comes again

    @property
    def runs(self) -> float:
        """0 at chance, 1 when the class never changes between neighbours."""
        return (self.same - self.chance) / max(1 - self.chance, 1e-9)

    @property
    def in_order(self) -> bool:
        """Whether the top classes stay, or go on by one, far more often than by chance."""
        error = np.sqrt(self.chance * (1 - self.chance) / self.pairs)
        lasting = self.runs >= RUNS_LIMIT and self.same - self.chance > ERRORS * error
        if self.kinds <= KINDS_LIMIT and lasting:
            return True
        if self.classes < MIN_CLASSES_ADVANCING or self.kinds > KINDS_LIMIT_ADVANCING:
            return False
        often = self.advancing >= ADVANCING_LIMIT * self.pairs
        return often and tail(self.advancing, self.pairs, self.drift) <= TAIL_LIMIT


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding per loss whose labels or numbers run in order."""
    if _settled(trace):
        return
    yield from (
        _of_numbers(trace, order) for order in ordered_numbers(trace, within=WITHIN_LIMIT, near=NEAR_LIMIT)
    )
    sequential = _one_pass(trace)
    for place in trace.sampled("label_kinds").places:
        order = _order(trace, place, sequential=sequential)
        if order is None or not _runs(order, sequential=sequential):
            continue
        yield RULE.finding(
            where=[place],
            since_step=order.since,
            value=order.kinds,
            threshold=KINDS_LIMIT,
            unit="classes in a batch / expected at random",
            message=(
                f"a batch holds {order.kinds:.2f} of the classes that random drawing gives (limit "
                f"{KINDS_LIMIT:g}), and {order.same:.0%} of {order.pairs} pairs of neighbouring "
                f"batches have the same main class (chance {order.chance:.0%})"
            ),
            why="the network learns the class at hand and unlearns the others, again and again",
            strength=max(order.runs, 1 - order.kinds),
            evidence=evidence_at(trace, ("label_kinds", "label_top"), place, order.since),
        )


def _of_numbers(trace: Trace, order: NumberOrder) -> Finding:
    return RULE.finding(
        where=[order.place],
        since_step=order.since,
        value=order.within,
        threshold=WITHIN_LIMIT,
        unit="spread of targets in a batch / of all",
        message=(
            f"targets spread in a batch by {order.within:.2f} of what they do over the run (limit "
            f"{WITHIN_LIMIT:g}), and the means of {order.pairs} pairs of neighbouring batches lie "
            f"{order.near:.2f} times as far apart as those of any two"
        ),
        why="the network learns the numbers at hand and unlearns the others, again and again",
        strength=1 - order.within,
        evidence=evidence_at(trace, ("target_mean", "target_std"), order.place, order.since),
    )


def _runs(order: _Order, *, sequential: bool) -> bool:
    """Whether the labels run in order: by their own course, or since a sequential loader lacks classes."""
    return (order.in_order and (order.returns or sequential)) or (sequential and order.kinds <= KINDS_LIMIT)


def _order(trace: Trace, place: str, *, sequential: bool) -> _Order | None:
    """Gather the pairs of neighbouring sampled steps; None when there are too few to judge."""
    kinds, expected, top = (
        trace.sampled(signal) for signal in ("label_kinds", "label_kinds_expected", "label_top")
    )
    if place not in expected.places or place not in top.places or not len(kinds) == len(top) == len(expected):
        return None
    steps, seen, likely = kinds.steps, kinds.column(place), expected.column(place)
    tops = top.column(place)
    ready = np.isfinite(seen) & np.isfinite(tops) & np.isfinite(likely)
    first, second = neighbours(steps, ready)
    # In sorted data the classes show up one by one: what the last rows expect holds for all rows.
    random_kinds = float(likely[ready][-3:].max(initial=0.0))
    if len(first) < MIN_PAIRS or random_kinds < (RARE_EXPECTED if sequential else MIN_EXPECTED):
        return None
    ids, counts = np.unique(tops[ready], return_counts=True)
    rank = np.searchsorted(ids, tops)  # class → its place among the classes seen
    moved = (rank[second] - rank[first]) % max(len(ids), 1)
    shares = counts / counts.sum()
    return _Order(
        kinds=float(np.median(seen[ready])) / random_kinds,
        same=float((moved == 0).mean()),
        chance=float((shares**2).sum()),
        advancing=int((moved <= 1).sum()),
        drift=float((shares * (shares + np.roll(shares, -1))).sum()),
        pairs=len(first),
        classes=len(ids),
        since=int(steps[ready][0]),
        returns=returns(tops[ready]) or _passes_quickly(trace, steps[ready], tops[ready]),
    )


def _passes_quickly(trace: Trace, steps: Ints, tops: Floats) -> bool:
    """Three main classes within a tenth of the run: far too quick for tasks learnt one after another."""
    early = tops[steps < trace.first_step + QUICK_SHARE * trace.steps]
    return len(np.unique(early)) >= QUICK_CLASSES


def _one_pass(trace: Trace) -> bool:
    """A sequential loader that was read once, more or less."""
    return any(
        fact.data.get("sampler") == "SequentialSampler"
        and trace.steps >= EPOCH_SHARE * float(fact.data.get("batches") or np.inf)
        for fact in trace.facts_of("sampler")
    )


def _settled(trace: Trace) -> bool:
    """Whether hardly any loss is left at the end, and no step shows a class unlearnt."""
    end, loss = outcome(trace), trace.step_signal("loss")
    left = 1 - end.skill  # of the trivial loss; NaN where it is not known
    if not left <= LITTLE_LEFT or not end.final > 0:
        return False
    highest = loss.between(int(loss.steps[-1] - END_SHARE * trace.steps), int(loss.steps[-1]) + 1).high
    return bool(left * np.nanmax(highest) / end.final <= 1 - GOOD_SKILL)
