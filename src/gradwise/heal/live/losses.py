"""The training losses of a run as they come, read where the watch reads them: when a backward begins."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby
from math import isfinite
from statistics import fmean
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from gradwise.heal.live.state import finite
from gradwise.watch.nonfinite import bad_leaf_inputs, bad_target

if TYPE_CHECKING:
    from gradwise.watch.session import Session

PATIENCE = 10  # steps whose losses are read together on an accelerator, which is waited for
VIGILANT = 200  # steps after a trouble in which they are read at once


class Losses:
    """The losses of the latest steps.

    Args:
        session: the watch; tells the step, the batch, and the loss without a scaler's factor.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.poisoned = False  # the batch of a broken loss is broken itself
        self.latest = math.inf  # finite loss that was read
        self.alert_until = 0  # step up to which an accelerator is waited for at every loss
        self._read: list[tuple[int, float]] = []
        self._waiting: list[tuple[int, Tensor]] = []

    def hear(self, roots: Any) -> None:
        """A backward begins at one tensor or several.  Cost on the CPU: the reading of one number."""
        root = roots if isinstance(roots, Tensor) else next(iter(roots), None)
        if not isinstance(root, Tensor) or root.numel() != 1:
            return
        loss, scaled, step = root, self.session.scaled, self.session.step
        if scaled is not None and scaled[0] is root and scaled[1].numel() == 1:
            loss = scaled[1]
        if not loss.is_cpu and step >= self.alert_until:
            self._waiting.append((step, loss.detach().reshape(()).float()))
            return
        number = float(loss.detach())
        self._read.append((step, number))
        if isfinite(number):
            self.latest = number
        else:
            self.poisoned = self.poisoned or _poisoned(root, self.session.finder.batch)

    @property
    def broken(self) -> bool:
        """Whether a loss that was read since the last `take` is not finite."""
        return any(not isfinite(number) for _, number in self._read)

    def take(self, step: int, *, now: bool = False) -> list[tuple[int, float]]:
        """The losses of the steps before ``step``, one each: the mean over its backwards that are finite.

        Args:
            step: training steps done.
            now: read those of an accelerator too, though few of them wait.
        """
        if self._waiting and (now or step - self._waiting[0][0] >= PATIENCE):
            numbers = torch.stack([loss for _, loss in self._waiting]).tolist()
            self._read += [(when, number) for (when, _), number in zip(self._waiting, numbers, strict=True)]
            self._waiting.clear()
        taken = list(_by_step(self._read))
        self._read.clear()
        self.poisoned = False
        return taken


def _by_step(read: list[tuple[int, float]]) -> Iterator[tuple[int, float]]:
    for step, losses in groupby(read, key=lambda each: each[0]):
        numbers = [number for _, number in losses]
        good = [number for number in numbers if isfinite(number)]
        yield step, fmean(good) if good else numbers[-1]


def _poisoned(root: Tensor, batch: Any) -> bool:
    """Whether what went in is not finite: first layers' inputs, the target, or what the loader gave."""
    if bad_leaf_inputs(root) or bad_target(root):
        return True
    return not finite(each for each in tree_leaves(batch) if isinstance(each, Tensor))
