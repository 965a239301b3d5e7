"""What one position of a tensor sees of the input, and how it grows.

Of every spatial axis three numbers are kept: position i of the tensor sees the input from ``jump · i + low``
to ``jump · i + high``. A window of k positions, stride s, padding p and dilation d makes of them

    low  − jump · p
    high − jump · p + jump · d (k − 1)
    jump · s

which is the recursion of Araujo, Norris, Sim, Computing receptive fields of convolutional neural networks,
Distill 2019, with both ends kept, so that branches that are shifted against each other can be joined.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal


@dataclass(frozen=True, slots=True)
class Window:
    """What one position sees along one axis.

    Args:
        jump: positions of the input between two neighbours.
        low: first position seen by position 0.
        high: last position seen by position 0.

    >>> Window().slid(7, 2, 3).slid(3, 2, 1).size  # the stem of a ResNet
    11
    """

    jump: Fraction = Fraction(1)
    low: Fraction = Fraction(0)
    high: Fraction = Fraction(0)

    @property
    def size(self) -> int:
        """The receptive field, in positions of the input."""
        return math.floor(self.high - self.low) + 1

    def slid(self, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Window:
        """After a convolution or pooling; ``padding`` is that before the first position."""
        low, high = self.low - self.jump * padding, self.high - self.jump * padding
        return Window(self.jump * stride, low, high + self.jump * dilation * (kernel - 1))

    def spread(self, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Window:
        """After a transposed convolution: position o sees those i with o = s i − p + d j, 0 ≤ j < k.

        They are ⌊d (k − 1) / s⌋ + 1 at most. What follows may begin between two of them, and then sees up to
        a jump more than is told where its own span is no multiple of s.

        >>> Window().spread(2, 2).size, Window().spread(4, 2, 1).size
        (1, 2)
        """
        span = dilation * (kernel - 1)
        high = self.high + self.jump / stride * padding
        low = high - (self.high - self.low) - self.jump * (span // stride)
        return Window(self.jump / stride, low, high)

    def resized(self, ratio: Fraction, neighbours: int) -> Window:
        """After interpolation: ``ratio`` positions for each, mixed from so many ``neighbours`` more."""
        return Window(self.jump / ratio, self.low, self.high + self.jump * neighbours)

    def joined(self, other: Window) -> Window | None:
        """Of a sum of two; None where they do not lie on one grid."""
        if self.jump != other.jump:
            return None
        return Window(self.jump, min(self.low, other.low), max(self.high, other.high))


@dataclass(frozen=True, slots=True)
class Reach:
    """What a tensor's positions see.

    Args:
        kind: ``input``: it is an input of the model, or made of one position by position, and which axes are
            spatial is not known yet; ``windows``; ``all``: every position may depend on the whole input;
            ``unknown``.
        windows: one per spatial axis of the input.
        axes: where these axes lie in the tensor; two may lie in one after they were flattened together.
    """

    kind: Literal["input", "windows", "all", "unknown"]
    windows: tuple[Window, ...] = ()
    axes: tuple[int, ...] = ()

    def at(self, axes: Iterable[int | None]) -> Reach:
        """The same with its axes elsewhere; unknown where one of them is None."""
        places = tuple(axes)
        if any(place is None for place in places):
            return UNKNOWN
        return Reach("windows", self.windows, tuple(place for place in places if place is not None))


INPUT, ALL, UNKNOWN = Reach("input"), Reach("all"), Reach("unknown")


def joined(reaches: Sequence[Reach]) -> Reach:
    """The largest: what a sum of tensors sees.

    >>> joined([INPUT, ALL]).kind
    'all'
    """
    for absorbing in (ALL, UNKNOWN):
        if absorbing in reaches:
            return absorbing
    known = [reach for reach in reaches if reach.kind == "windows"]
    if not known:
        return INPUT
    first = known[0]
    windows = first.windows
    rest = [reach for reach in known[1:] if reach is not first]
    if len(known) < len(reaches):  # beside an input itself
        rest.append(Reach("windows", (Window(),) * len(windows), first.axes))
    for reach in rest:
        if reach.axes != first.axes or len(reach.windows) != len(windows):
            return UNKNOWN
        pairs = [one.joined(other) for one, other in zip(windows, reach.windows, strict=True)]
        if any(pair is None for pair in pairs):
            return UNKNOWN
        windows = tuple(pair for pair in pairs if pair is not None)
    return Reach("windows", windows, first.axes)


def regrouped(old: Sequence[int], new: Sequence[int], axes: Iterable[int]) -> list[int | None]:
    """Where axes lie after a reshape; None where one is cut into several.

    >>> regrouped((8, 64, 7, 7), (8, 64, 49), (2, 3)), regrouped((8, 49, 64), (8, 7, 7, 64), (1,))
    ([2, 2], [None])
    """
    places: dict[int, int | None] = {}
    start_old = start_new = at_old = at_new = 0
    while at_old < len(old) or at_new < len(new):
        at_old += at_old < len(old)
        at_new += at_new < len(new)
        while (left := math.prod(old[start_old:at_old])) != (right := math.prod(new[start_new:at_new])):
            if left < right and at_old < len(old):
                at_old += 1
            elif at_new < len(new):
                at_new += 1
            else:
                break
        wide = [place for place in range(start_new, at_new) if new[place] > 1]
        for axis in range(start_old, at_old):
            if old[axis] == 1 or not wide:
                places[axis] = min(start_new, len(new) - 1)
            else:
                places[axis] = wide[0] if len(wide) == 1 else None
        start_old, start_new = at_old, at_new
    return [places.get(axis) for axis in axes]
