"""Whether batches come class after class."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

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


@dataclass(frozen=True, slots=True)
class LabelOrder:
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
        return often and _tail(self.advancing, self.pairs, self.drift) <= TAIL_LIMIT


def label_order(trace: Trace, place: str, *, sequential: bool) -> LabelOrder | None:
    """Gather the pairs of neighbouring sampled steps; None when there are too few to judge."""
    kinds, expected, top = (
        trace.sampled(signal) for signal in ("label_kinds", "label_kinds_expected", "label_top")
    )
    if place not in expected.places or place not in top.places or not len(kinds) == len(top) == len(expected):
        return None
    steps, seen, likely = kinds.steps, kinds.column(place), expected.column(place)
    tops = top.column(place)
    ready = np.isfinite(seen) & np.isfinite(tops) & np.isfinite(likely)
    first, second = _neighbours(steps, ready)
    # In sorted data the classes show up one by one: what the last rows expect holds for all rows.
    random_kinds = float(likely[ready][-3:].max(initial=0.0))
    if len(first) < MIN_PAIRS or random_kinds < (RARE_EXPECTED if sequential else MIN_EXPECTED):
        return None
    ids, counts = np.unique(tops[ready], return_counts=True)
    rank = np.searchsorted(ids, tops)  # class → its place among the classes seen
    moved = (rank[second] - rank[first]) % max(len(ids), 1)
    shares = counts / counts.sum()
    return LabelOrder(
        kinds=float(np.median(seen[ready])) / random_kinds,
        same=float((moved == 0).mean()),
        chance=float((shares**2).sum()),
        advancing=int((moved <= 1).sum()),
        drift=float((shares * (shares + np.roll(shares, -1))).sum()),
        pairs=len(first),
        classes=len(ids),
        since=int(steps[ready][0]),
        returns=_returns(tops[ready]) or _passes_quickly(trace, steps[ready], tops[ready]),
    )


def _neighbours(steps: Ints, ready: np.ndarray) -> tuple[Ints, Ints]:
    """Indices of sampled steps that follow one another, both ready."""
    first = np.flatnonzero((np.diff(steps) == 1) & ready[:-1] & ready[1:])
    return first, first + 1


def _returns(tops: Floats) -> bool:
    """Whether at least two classes come again after others: seen early, and late."""
    third = len(tops) // 3
    return len(np.intersect1d(tops[: 2 * third], tops[2 * third :])) >= 2 and _comebacks(tops) >= 2


def _passes_quickly(trace: Trace, steps: Ints, tops: Floats) -> bool:
    """Three main classes within a tenth of the run: far too quick for tasks learnt one after another."""
    early = tops[steps < trace.first_step + QUICK_SHARE * trace.steps]
    return len(np.unique(early)) >= QUICK_CLASSES


def _comebacks(tops: Floats) -> int:
    """How often the top class changes to one that was left before."""
    blocks = tops[np.flatnonzero(np.diff(tops, prepend=np.nan) != 0)]
    return len(blocks) - len(np.unique(blocks))


def _tail(hits: int, trials: int, chance: float) -> float:
    """Probability of at least that many hits (binomial)."""
    if not 0.0 < chance < 1.0:
        return float(chance >= 1.0)
    ks = range(hits, trials + 1)
    ways = [math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1) for k in ks]
    rest = math.log1p(-chance)
    return sum(
        math.exp(w + k * math.log(chance) + (trials - k) * rest) for w, k in zip(ways, ks, strict=True)
    )
