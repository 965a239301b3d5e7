"""Augmentations of a batch, one after the other, all motions as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from gradwise.augment.augmentation import Augmentation, Change, Inputs, Mixing, Motion, Step
from gradwise.augment.warp import as_before, composed, moved
from gradwise.errors import UsageError

Given = TypeVar("Given", Tensor, Inputs)


@dataclass(frozen=True, slots=True)
class Part:
    """An augmentation of a pipeline.

    Args:
        info: what it declares.
        step: with its options.
    """

    info: Augmentation
    step: Step


class Pipeline(nn.Module):
    """Augmentations of a batch; in evaluation mode batches stay as they are.

    First all motions (flip, rotate, scale, crop, translate, shear), in their order, as one; then what changes
    values, in its order; last what mixes rows, in its order.  Inputs are never changed in place.

    Args:
        parts: in the order in which they were named.
        classes: of a target of class ids.

    Raises:
        UsageError: motions with different fills.
    """

    def __init__(self, parts: Sequence[Part], *, classes: int | None = None) -> None:
        super().__init__()
        self.parts = tuple(parts)
        self.classes = classes
        steps = [part.step for part in parts]
        self.motions = tuple(step for step in steps if isinstance(step, Motion))
        self.changes = tuple(step for step in steps if isinstance(step, Change))
        self.mixings = tuple(step for step in steps if isinstance(step, Mixing))
        fills = sorted({motion.fill for motion in self.motions if motion.fill})
        if len(fills) > 1:
            raise UsageError(
                f"all motions are one, with one fill, not {' and '.join(fills)}; give one of them."
            )
        self.fill = fills[0] if fills else "zeros"

    def forward(
        self, inputs: Given, target: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Given, Tensor]:
        """An augmented copy of a batch.

        Args:
            inputs: as a net takes them: (N, C, H, W) pixels; (N, T, F) series, then maybe (N,) lengths;
                (N, D) numbers, then maybe (N, C) categories.
            target: (N,) class ids or (N, K) floats.
            generator: on the CPU; all random numbers come from it.  None: torch's global one.

        Returns:
            Inputs in the same form and dtype; bytes are rounded once, at the end.  The target as it was, or
            (N, K) shares of the classes where rows were mixed.

        Raises:
            UsageError: an augmentation is not for such inputs, or class ids are to be mixed and nobody said
                how many there are.
        """
        if not self.training:
            return inputs, target
        batch: Inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
        self._check_kind(_kind(batch))
        dtype = batch[0].dtype
        with torch.no_grad():
            if self.motions:
                back, size = composed(self.motions, len(batch[0]), _size(batch[0]), generator)
                last = not (self.changes or self.mixings)
                batch = (moved(batch[0], back, size, self.fill, rounded=last), *batch[1:])
            for change in self.changes:
                batch = change(batch, generator)
            if self.mixings:
                target = self._shares(target)
            for mixing in self.mixings:
                batch, target = mixing(batch, target, generator)
            batch = (as_before(batch[0], dtype), *batch[1:])
        return (batch[0] if isinstance(inputs, Tensor) else batch), target

    def check(self, kind: str, shape: Mapping[str, Any]) -> None:
        """Refuse data of which this cannot make batches of the same shape.

        Args:
            kind: ``images``, ``series``, ``table`` or ``text``.
            shape: as `gradwise.data.examples.Encoder.shape` gives it.

        Raises:
            UsageError: an augmentation is for other data, or would change the size of images.
        """
        self._check_kind(kind)
        if kind == "images":
            before = size = (int(shape["height"]), int(shape["width"]))
            for motion in self.motions:
                size = motion.size(size)
            if size != before:
                raise UsageError(
                    f"augmentation makes images of {before[0]} x {before[1]} pixels {size[0]} x {size[1]}, "
                    "but validation rows keep their size; leave crop's size out, or read smaller images."
                )

    def _check_kind(self, kind: str) -> None:
        for part in self.parts:
            if kind not in part.info.kinds:
                raise UsageError(
                    f"augmentation {part.info.name!r} is for {' and '.join(part.info.kinds)}, not for "
                    f"{kind}; leave it out."
                )

    def _shares(self, target: Tensor) -> Tensor:
        """(N, K) floats."""
        if target.ndim > 1 or target.is_floating_point():
            return target
        if self.classes is None:
            raise UsageError("class ids are mixed as shares of all classes: say how many, e.g. classes=10.")
        return functional.one_hot(target, self.classes).to(torch.float32)


def _kind(inputs: Inputs) -> str:
    first = inputs[0]
    if first.ndim == 4:
        return "images"
    if first.ndim == 3:
        return "series"
    return "table" if first.is_floating_point() else "text"


def _size(pixels: Tensor) -> tuple[int, int]:
    height, width = pixels.shape[-2:]
    return height, width
