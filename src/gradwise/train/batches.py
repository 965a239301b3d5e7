"""Batches taken from arrays at once: one gather per tensor, no per-sample Python, an order of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gradwise.data.examples import Array, Examples
from gradwise.data.imbalance import balanced_order
from gradwise.errors import UsageError
from gradwise.train.columns import Column, size
from gradwise.train.prefetch import ahead

Batch = tuple[tuple[Tensor, ...], Tensor]
DEVICE_SHARE = 0.5  # of an accelerator's free memory that the data may take; the rest is the net's
POOL = 50  # batches whose rows are sorted by length together: little padding, and still a random order


@dataclass
class Batches:
    """Examples as batches on a device.

    The order of epoch e is drawn from a generator seeded by (seed, e) and nothing else, so it is the same
    whatever else draws random numbers, and a training can go on from the middle of an epoch.  A lone last
    example joins the batch before it, because batch-norm cannot learn from one.

    Args:
        examples: inputs and target, N rows each.  Arrays in memory are taken without copy; memory-mapped
            ones stay on disk, and batches of them are read ahead by one thread.
        batch_size: rows per batch.
        device: where batches are used.  On an accelerator all data is moved there once if it takes at most
            half of the free memory; else batches are gathered into pinned memory and sent ahead.
        shuffle: a new order every epoch; else the order of the rows (by length: shortest first).
        seed: of the order.
        channels_last: batches of ``pixels`` come in torch's channels-last layout.
        drop_last: leave out a last batch that is not full.
        by_length: batches of rows with similar ``lengths``, padding cut to the longest of the batch.
        balanced: classes fill even shares of every batch, see `gradwise.data.imbalance.balanced_order`;
            always shuffled.

    Raises:
        UsageError: no rows, a batch size below 1, unequal numbers of rows, ``by_length`` without lengths,
            ``balanced`` without classes or with ``by_length``.

    >>> rows = Examples({"numbers": np.arange(10, dtype=np.float32)[:, None]}, np.arange(10))
    >>> [target.tolist() for _, target in Batches(rows, 4, shuffle=False).iterate(epoch=0)]
    [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    """

    examples: Examples
    batch_size: int
    device: torch.device | str = "cpu"
    shuffle: bool = True
    seed: int = 0
    channels_last: bool = False
    drop_last: bool = False
    by_length: bool = False
    balanced: bool = False
    _columns: list[Column] = field(init=False, repr=False)
    _cuts: list[tuple[int, int]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        named = dict(self.examples.inputs)
        if self.examples.target is not None:
            named["target"] = self.examples.target
        rows = len(self.examples)
        for name, array in named.items():
            if len(array) != rows:
                raise UsageError(f"batches: {name!r} has {len(array)} rows, the other arrays have {rows}.")
        if self.by_length and "lengths" not in named:
            raise UsageError("batches by length need 'lengths', and these examples have none.")
        if self.balanced:
            self._check_balanced()
        self._cuts = _cuts(rows, self.batch_size, self.drop_last)
        device = self.device = torch.device(self.device)
        moved = device if device.type != "cpu" and _fits(size(named.values()), device) else None
        self._columns = [Column(name, array, moved, self.channels_last) for name, array in named.items()]
        self._ahead = moved is None and (
            device.type != "cpu" or any(c.array is not None for c in self._columns)
        )

    def __len__(self) -> int:
        """Batches per epoch."""
        return len(self._cuts)

    @property
    def rows(self) -> int:
        """Rows per epoch."""
        return self._cuts[-1][1]

    def state(self) -> dict[str, Any]:
        """What the order depends on; a training goes on within an epoch only if it is the same."""
        names = ("batch_size", "seed", "shuffle", "drop_last", "by_length")
        state = {"rows": len(self.examples), **{name: getattr(self, name) for name in names}}
        return {**state, "balanced": True} if self.balanced else state

    def order(self, epoch: int) -> Array:
        """(N,) int64: the rows in the order in which an epoch takes them."""
        if self.balanced:
            return self._balanced(self.seed, epoch)
        rows = len(self.examples)
        random = np.random.default_rng((self.seed, epoch)) if self.shuffle else None
        order = np.arange(rows) if random is None else random.permutation(rows)
        if self.by_length:
            order = _by_length(order, self.examples.inputs["lengths"], self._cuts, random)
        return order

    def _balanced(self, seed: int, epoch: int) -> Array:
        assert self.examples.target is not None
        return balanced_order(self.examples.target, seed=seed, epoch=epoch)

    def _check_balanced(self) -> None:
        target = self.examples.target
        if target is None or target.ndim != 1 or target.dtype.kind not in "iu":
            raise UsageError("balanced batches are for classes, and these examples have no class ids.")
        if self.by_length:
            raise UsageError("batches are balanced or by length, not both.")

    def iterate(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """((inputs, ...), target) of every batch of an epoch, from batch number ``start`` on.

        Inputs come in the order of ``examples.inputs``; the target is empty where the examples have none.
        """
        order = self.order(epoch)
        rows = torch.from_numpy(order).to(self._columns[0].device)  # one transfer per epoch
        jobs = (
            partial(self._gather, rows[first:end], self._longest(order[first:end]))
            for first, end in self._cuts[start:]
        )
        if not self._ahead:
            for job in jobs:
                yield job()
            return
        for inputs, target in ahead(jobs):
            yield tuple(self._sent(tensor) for tensor in inputs), self._sent(target)

    def _gather(self, rows: Tensor, longest: int | None) -> Batch:
        gathered = [column.gather(rows, longest) for column in self._columns]
        if self._ahead and torch.device(self.device).type == "cuda":
            gathered = [tensor.pin_memory() for tensor in gathered]
        target = torch.empty(0) if self.examples.target is None else gathered.pop()
        return tuple(gathered), target

    def _sent(self, tensor: Tensor) -> Tensor:
        return tensor.to(self.device, non_blocking=True)  # from pinned memory: no sync

    def _longest(self, rows: Array) -> int | None:
        """Of the lengths of these rows, on the host; at least 1, because nets need a moment to look at."""
        return max(1, int(self.examples.inputs["lengths"][rows].max())) if self.by_length else None


def _cuts(rows: int, batch_size: int, drop_last: bool) -> list[tuple[int, int]]:
    """Where each batch begins and ends.

    >>> _cuts(9, 4, drop_last=False), _cuts(10, 4, drop_last=True)
    ([(0, 4), (4, 9)], [(0, 4), (4, 8)])
    """
    if rows < 1:
        raise UsageError("batches: there are no rows.")
    if batch_size < 1:
        raise UsageError(f"--batch-size takes a whole number from 1 on, not {batch_size}.")
    cuts = [(first, min(first + batch_size, rows)) for first in range(0, rows, batch_size)]
    last = cuts[-1][1] - cuts[-1][0]
    if len(cuts) > 1 and last < batch_size and (drop_last or last == 1):
        cuts.pop()
        if not drop_last:
            cuts[-1] = (cuts[-1][0], rows)
    return cuts


def _by_length(
    order: Array, lengths: Array, cuts: list[tuple[int, int]], random: np.random.Generator | None
) -> Array:
    """``order`` with rows of similar length in each batch; at random: pools of it sorted, batches mixed."""
    if random is None:
        return order[np.argsort(lengths[order], kind="stable")]
    pool = POOL * (cuts[0][1] - cuts[0][0])
    parts = [order[first : first + pool] for first in range(0, len(order), pool)]
    order = np.concatenate([part[np.argsort(lengths[part], kind="stable")] for part in parts])
    whole, rest = cuts[:-1], order[cuts[-1][0] :]  # the last batch may be of another size: it stays last
    mixed = [order[slice(*whole[number])] for number in random.permutation(len(whole))]
    return np.concatenate([*mixed, rest])


def _fits(needed: int, device: torch.device) -> bool:
    """Whether so many bytes are a small enough share of the device's free memory."""
    if device.type != "cuda":
        return True  # others share memory with the host or tell nothing of theirs
    free, _ = torch.cuda.mem_get_info(device)
    return needed <= DEVICE_SHARE * free
