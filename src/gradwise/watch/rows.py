"""The rows of a sampled step: what entered the models, joined with what the loss made of each row."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils.data import SubsetRandomSampler

from gradwise.watch.columns import column_parts
from gradwise.watch.guesses import Scored
from gradwise.watch.pack import Pack
from gradwise.watch.prints import FINE_ROWS, Prints, decoded, finest, printable, row_prints
from gradwise.watch.rowbook import Account, RowBook, Sighting, equal_pairs

SMALL_PART = 0.25  # of a storage that a batch cut from it shows at most
FEWEST_PLACES = 8  # labels in a batch that are taken for places rather than classes; fewer meet by chance
MOST_CALLS = 4  # forward passes of one step that are looked at (accumulation)


@dataclass(eq=False)
class Seen:
    """One batch on its way from the device."""

    place: str
    rows: int
    prints: Prints | None = None
    parts: NDArray[np.float32] | None = None
    finest: int | None = None  # equal pairs in the column that has the fewest
    renewed: bool = False  # the tensor was made for this step
    part: bool = False  # it is a small part of what it was cut from
    evaluated: str | None = None  # the place of the evaluation that it entered; "": nobody made a loss of it

    def read(self, x: Tensor, pack: Pack) -> None:
        """Queue prints and columns of the batch."""
        pack.vector(row_prints(x).reshape(-1), self._take_prints)
        parts = column_parts(x)
        if parts is not None:
            pack.vector(parts, self._take_parts)
        fewest = finest(x)
        if fewest is not None:
            pack.vector(fewest, self._take_finest)

    def settle(self, account: Account | None) -> None:
        """Add columns and copies to the account of the batch."""
        if account is None or self.prints is None:
            return
        if self.parts is not None:
            account.columns.add(self.parts, len(self.prints))
        if self.finest is not None:
            account.finest += self.finest
            account.finest_twins += equal_pairs(self.prints[:FINE_ROWS])
            account.fine_batches += 1
        account.renewed += self.renewed
        account.parts += self.part

    def _take_prints(self, chunks: NDArray[np.float32]) -> None:
        self.prints = decoded(chunks)

    def _take_parts(self, parts: NDArray[np.float32]) -> None:
        self.parts = parts.copy()

    def _take_finest(self, pairs: NDArray[np.float32]) -> None:
        self.finest = int(pairs[0])


@dataclass(frozen=True, slots=True)
class _Identity:
    """What tells a batch that was made for its step from one that is kept and used again."""

    tensor: weakref.ref[Tensor] | None
    storage: StorageWeakRef
    share: float  # of its storage that it shows

    @classmethod
    def of(cls, x: Tensor, *, own: bool) -> _Identity:
        held = x.untyped_storage()
        share = x.numel() * x.element_size() / max(held.nbytes(), 1)
        return cls(weakref.ref(x) if own else None, StorageWeakRef(held), share)

    def made_after(self, last: _Identity) -> bool:
        """Whether this batch was made anew: copied, or a small part cut out of a larger tensor."""
        if self.tensor is None or last.tensor is None:  # not the user's own object
            return last.storage.expired() or last.storage.cdata != self.storage.cdata
        if self.tensor() is last.tensor():
            return False
        kept = not last.storage.expired() and last.storage.cdata == self.storage.cdata
        return self.part if kept else True

    @property
    def part(self) -> bool:
        """Whether it shows a small part of its storage."""
        return self.share <= SMALL_PART


class RowsReader:
    """Reads the rows of one sampled step after another.

    ``draws`` and ``loader`` are kept by the wrapper of DataLoader iterators: how
    many batches they have given, and the one that gave the last.
    """

    def __init__(self) -> None:
        self.book = RowBook()
        self.draws = 0
        self.loader: Any = None
        self._before = 0  # draws when the step began
        self._inputs: list[Seen] = []
        self.latest: Seen | None = None  # what the last call of `input` has read
        self._drawn = False
        self._last: dict[str, _Identity] = {}  # the batch that each model was given before

    def renew(self) -> None:
        """Other models are trained from now on."""
        self.book = RowBook()

    def begin(self) -> None:
        """A sampled step begins."""
        self._inputs = []
        self._drawn, self._before = False, self.draws

    def source(self, rows: int) -> int:
        """How many rows there are behind the loader that gave the last batch; 0 when not known.

        A batch of more ``rows`` than the loader's did not come from it.
        """
        batches = getattr(self.loader, "_index_sampler", None)
        if rows > (getattr(batches, "batch_size", None) or rows):
            return 0
        sampler = getattr(batches, "sampler", None)
        behind = (
            sampler if isinstance(sampler, SubsetRandomSampler) else getattr(self.loader, "_dataset", None)
        )
        try:
            return len(behind)  # type: ignore[arg-type]
        except TypeError:  # a stream, or no loader
            return 0

    @property
    def met(self) -> bool:
        """Whether a batch was seen in this step."""
        return bool(self._inputs)

    def input(self, place: str, x: Tensor, pack: Pack, *, own: bool = True) -> None:
        """A model is given a batch.  Cost: two passes over at most 131,072 numbers.

        Args:
            place: the model.
            x: the batch.
            pack: takes what is measured of it.
            own: whether this is the user's own object, not what autograd kept of it.
        """
        self.latest = None
        if len(self._inputs) >= MOST_CALLS or not printable(x):
            return
        self._drawn = self._drawn or self.draws > self._before
        last, now = self._last.get(place), _Identity.of(x, own=own)
        seen = Seen(place, len(x), renewed=last is not None and now.made_after(last), part=now.part)
        self._last[place] = now
        seen.read(x, pack)
        self._inputs.append(seen)
        self.latest = seen

    def finish(self, step: int, scored: Sequence[Scored]) -> None:
        """The transfer is done: keep the rows, with labels where batch and loss belong together.

        Args:
            step: the sampled step.
            scored: what the losses of this step made of their rows.
        """
        inputs, self._inputs = self._inputs, []
        fits = len(scored) == len(inputs) and all(
            one.rows == two.rows for one, two in zip(inputs, scored, strict=True)
        )
        for position, seen in enumerate(inputs):
            if seen.prints is None or seen.evaluated == "":
                continue
            if seen.evaluated is not None:
                seen.settle(self.book.evaluate(seen.evaluated, Sighting(step, seen.prints), seen.rows))
                continue
            score = scored[position] if fits else None
            account = self.book.train(seen.place, self._sighting(step, seen.prints, score), seen.rows)
            if self._drawn:
                account.source = max(account.source, self.source(seen.rows))
            seen.settle(account)

    def _sighting(self, step: int, prints: Prints, score: Scored | None) -> Sighting:
        if score is None or score.labels is None or score.own is None or score.top is None:
            return Sighting(step, prints, self._drawn)
        if places(score.labels):
            return Sighting(step, prints, self._drawn)
        n = min(len(prints), len(score.labels))
        return Sighting(step, prints[:n], self._drawn, score.labels[:n], score.own[:n], score.top[:n])


def places(labels: NDArray[np.float32]) -> bool:
    """Whether labels say where in the batch a row's partner stands, as in contrastive losses, and no class.

    >>> places(np.arange(8, dtype=np.float32)), places(np.array([4, 5, 6, 7, 0, 1, 2, 3], np.float32))
    (True, True)
    >>> places(np.array([0, 1, 2, 3, 4, 5, 6, 6], np.float32))
    False
    """
    ordered = np.sort(labels)
    return len(labels) >= FEWEST_PLACES and bool((np.diff(ordered) == 1).all())
