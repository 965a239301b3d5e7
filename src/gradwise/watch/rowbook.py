"""Which rows were seen, when, with what label and what loss: in training and in evaluations.

Rows are known by their prints.  What rules need is summed up now and then and
told as facts (`rows`, `columns`, `evaluation-rows`), so the trace stays small.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradwise.trace.model import Fact
from gradwise.watch.columns import Columns
from gradwise.watch.guesses import quarters
from gradwise.watch.prints import Prints

KEPT_ROWS = 32_768  # sightings kept of one model; past that, every second batch goes
FIRST_TOLD = 5  # batches after which the first account is given; then at every doubling
TOLD_GROWTH = 1.1  # ... and when a segment is written, at so much growth
MOST_PLACES = 16  # places in the code at which evaluations are followed
WRONG_BELOW = 0.1  # probability of the label below which a row counts as not fitted
SURE_ABOVE = 0.5  # ... while another class has this much
COMPARED = 64  # latest batches whose company is compared
SAME_COMPANY = 0.9  # of the smaller batch that two have in common where rows keep their company
LATE_FROM = 0.4  # share of the steps so far after which rows are followed
FEWEST_OF_CLASS = 5  # late sightings of a class that is counted
FITTED_ABOVE = 0.5  # probability of the label above which it counts as fitted
FOLLOWED_SIGHTINGS = 2  # sightings in those that make a row a followed one


@dataclass(frozen=True, slots=True)
class Sighting:
    """The rows of one batch, shape (rows,) each; labels and probabilities only where they were seen."""

    step: int
    prints: Prints
    drawn: bool = False  # whether a loader gave a batch in that step
    labels: NDArray[np.float32] | None = None
    own: NDArray[np.float32] | None = None  # probability of the label
    top: NDArray[np.float32] | None = None  # largest probability


@dataclass
class Account:
    """All that was seen of one model's training rows, or of the rows of one place's evaluations."""

    sightings: list[Sighting] = field(default_factory=list)
    columns: Columns = field(default_factory=Columns)
    batches: int = 0
    largest: int = 0  # rows in the largest batch
    told: int = 0  # batches when it was last told
    source: int = 0  # rows that the loader behind it has; 0: not known
    finest: int = 0  # equal pairs in the columns that have the fewest, of all batches
    finest_twins: int = 0  # equal pairs of the rows that these were looked for in
    fine_batches: int = 0  # batches of which they are known
    renewed: int = 0  # batches that were made for their step
    parts: int = 0  # batches that are a small part of what they were cut from
    named: str = ""  # what the lines of an evaluation say of its rows (`spoken`)

    def add(self, sighting: Sighting, rows: int) -> None:
        """One batch of ``rows`` rows."""
        self.sightings.append(sighting)
        self.batches += 1
        self.largest = max(self.largest, rows)
        while len(self.sightings) > 2 and sum(len(s.prints) for s in self.sightings) > KEPT_ROWS:
            del self.sightings[1::2]

    def grown(self, least: int, factor: float) -> bool:
        """Whether there are that many batches, and that many times more than when it was told."""
        return self.batches >= max(least, factor * self.told) and self.batches > self.told


class RowBook:
    """Accounts of all models and evaluations of one segment."""

    def __init__(self) -> None:
        self.training: dict[str, Account] = {}
        self.evaluations: dict[str, Account] = {}
        self.last_step = 0

    def train(self, place: str, sighting: Sighting, rows: int) -> Account:
        """A training batch of the model ``place``."""
        self.last_step = max(self.last_step, sighting.step)
        account = self.training.setdefault(place, Account())
        account.add(sighting, rows)
        return account

    def evaluate(self, place: str, sighting: Sighting, rows: int) -> Account | None:
        """A batch of an evaluation at ``place``; None where there are too many places."""
        account = self.evaluations.get(place)
        if account is None and len(self.evaluations) < MOST_PLACES:
            account = self.evaluations[place] = Account()
        if account is not None:
            account.add(sighting, rows)
        return account

    def facts(self, *, now: bool = False) -> Iterator[Fact]:
        """Accounts that have doubled since they were told; ``now``: also those that have grown a little."""
        least, factor = (1, TOLD_GROWTH) if now else (FIRST_TOLD, 2.0)
        step = self.last_step
        for place, account in self.training.items():
            if account.grown(least, factor):
                account.told = account.batches
                yield Fact(step, "rows", place, training_rows(account))
                columns = account.columns.told()
                if columns:
                    yield Fact(step, "columns", place, columns)
        due = {place: account for place, account in self.evaluations.items() if account.grown(least, factor)}
        known = self._known() if due else np.zeros(0, np.int64)
        for place, account in due.items():
            account.told = account.batches
            yield Fact(step, "evaluation-rows", place, evaluation_rows(account, known))

    def _known(self) -> Prints:
        """Every training row seen, once, in order."""
        seen = [s.prints for account in self.training.values() for s in account.sightings]
        return np.unique(np.concatenate(seen)) if seen else np.zeros(0, np.int64)


def training_rows(account: Account) -> dict[str, Any]:
    """The data of a `rows` fact."""
    sightings = account.sightings
    prints = np.concatenate([s.prints for s in sightings])
    distinct, counts = np.unique(prints, return_counts=True)
    twins, pairs = _twins(sightings)
    return {
        "batches": len(sightings),
        "largest": account.largest,
        "rows": len(prints),
        "distinct": len(distinct),
        "top_share": float(counts.max() / len(prints)),
        "twins": twins,
        "pairs": pairs,
        "same": _same(sightings),
        "neighbours": len(_next(sightings)),
        "same_neighbours": sum(_alike(*pair) for pair in _next(sightings)),
        **_regrouped(sightings[-COMPARED:]),
        "drawn": sum(s.drawn for s in sightings),
        "source": account.source,
        "renewed": account.renewed,
        "parts": account.parts,
        **_copies(account),
        **_relabelled(sightings),
        **_followed([s for s in sightings if s.step >= sightings[-1].step * LATE_FROM]),
        "quarters": _quarters(sightings),
    }


def _quarters(sightings: list[Sighting]) -> list[dict[str, Any]]:
    """What `quarters` makes of the rows whose answers were seen."""
    judged = [s for s in sightings if s.own is not None and len(s.own) == len(s.prints)]
    if not judged:
        return []
    labels, own, top = (
        np.concatenate([getattr(s, name) for s in judged]) for name in ("labels", "own", "top")
    )
    return quarters(labels, own, top)


def evaluation_rows(account: Account, known: Prints) -> dict[str, Any]:
    """The data of an `evaluation-rows` fact, against the training rows ``known``."""
    prints = np.unique(np.concatenate([s.prints for s in account.sightings]))
    twins, pairs = _twins(account.sightings)
    return {
        "batches": account.batches,
        "largest": account.largest,
        "rows": sum(len(s.prints) for s in account.sightings),
        "distinct": len(prints),
        "matched": int(np.isin(prints, known, assume_unique=True).sum()),
        "seen": len(known),
        "twins": twins,
        "pairs": pairs,
        "source": account.source,
        "named": account.named,
        **account.columns.told(),
    }


def _copies(account: Account) -> dict[str, int]:
    """Equal pairs of the finest column and of its rows; nothing where the input has whole numbers alone."""
    if not account.fine_batches:
        return {}
    return {"finest": account.finest, "finest_twins": account.finest_twins}


def equal_pairs(prints: Prints) -> int:
    """Pairs of equal rows."""
    _, counts = np.unique(prints, return_counts=True)
    return int((counts * (counts - 1) // 2).sum())


def _twins(sightings: list[Sighting]) -> tuple[int, int]:
    """Pairs of equal rows within one batch, and all pairs within one batch."""
    twins = pairs = 0
    for sighting in sightings:
        twins += equal_pairs(sighting.prints)
        pairs += len(sighting.prints) * (len(sighting.prints) - 1) // 2
    return twins, pairs


def _same(sightings: list[Sighting]) -> int:
    """How many batches hold exactly the rows, in any order, of the batch looked at before."""
    return sum(_alike(one, two) for one, two in pairwise(sightings))


def _regrouped(sightings: list[Sighting]) -> dict[str, int]:
    """Pairs of batches that have rows in common, and those of them whose other rows are others."""
    _, place = np.unique(np.concatenate([s.prints for s in sightings]), return_inverse=True)
    batch = np.repeat(np.arange(len(sightings)), [len(s.prints) for s in sightings])
    held = np.zeros((len(sightings), int(place.max()) + 1), np.float32)
    held[batch, place] = 1
    common, sizes = held @ held.T, held.sum(axis=1)
    pairs = np.triu(common, 1)
    met = pairs > 0
    return {
        "met": int(met.sum()),
        "regrouped": int((met & (pairs < SAME_COMPANY * np.minimum.outer(sizes, sizes))).sum()),
    }


def _next(sightings: list[Sighting]) -> list[tuple[Sighting, Sighting]]:
    """Batches of two steps in a row."""
    return [(one, two) for one, two in pairwise(sightings) if two.step == one.step + 1]


def _alike(one: Sighting, two: Sighting) -> bool:
    return np.array_equal(np.sort(one.prints), np.sort(two.prints))


def _relabelled(sightings: list[Sighting]) -> dict[str, int]:
    """Rows seen with a label in two batches or more, and those of them whose label was not the same."""
    labelled = [s for s in sightings if s.labels is not None and len(s.labels) == len(s.prints)]
    if not labelled:
        return {"revisited": 0, "relabelled": 0}
    prints, place = np.unique(np.concatenate([s.prints for s in labelled]), return_inverse=True)
    labels = np.concatenate([s.labels for s in labelled if s.labels is not None])
    batch = np.concatenate([np.full(len(s.prints), i) for i, s in enumerate(labelled)])
    low, high = _extremes(labels, place, len(prints))
    first, last = _extremes(batch.astype(np.float32), place, len(prints))
    again = first < last
    return {"revisited": int(again.sum()), "relabelled": int((again & (low < high)).sum())}


def _followed(sightings: list[Sighting]) -> dict[str, Any]:
    """How these sightings fit, and whether rows that were surely wrong once are wrong each time."""
    judged = [s for s in sightings if s.own is not None and len(s.own) == len(s.prints)]
    if not judged:
        return {
            "late": 0,
            "wrong": 0,
            "fitted": 0,
            "wrong_again": 0,
            "stuck": 0,
            "stuck_classes": 0,
            "classes": 0,
        }
    own, top, labels = (
        np.concatenate([getattr(s, name) for s in judged]) for name in ("own", "top", "labels")
    )
    wrong = (own < WRONG_BELOW) & (top > SURE_ABOVE)
    prints, place, counts = np.unique(
        np.concatenate([s.prints for s in judged]), return_inverse=True, return_counts=True
    )
    always, once = _extremes(wrong.astype(np.float64), place, len(prints))
    again = (counts >= FOLLOWED_SIGHTINGS) & (once > 0)
    classes = [c for c in np.unique(labels) if (labels == c).sum() >= FEWEST_OF_CLASS]
    spread = [c for c in classes if wrong[labels == c].mean() >= wrong.mean() / 3]
    return {
        "late": len(own),
        "wrong": int(wrong.sum()),
        "fitted": int((own > FITTED_ABOVE).sum()),
        "wrong_again": int(again.sum()),
        "stuck": int((again & (always > 0)).sum()),
        "stuck_classes": len(spread) if wrong.any() else 0,
        "classes": len(classes),
    }


def _extremes(
    values: NDArray[Any], place: NDArray[np.intp], groups: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smallest and largest value of each group."""
    low, high = np.full(groups, np.inf), np.full(groups, -np.inf)
    np.minimum.at(low, place, values)
    np.maximum.at(high, place, values)
    return low, high
