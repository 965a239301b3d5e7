"""Augmentation in a training: which, for what data, and with what random numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from gradwise import augment, losses
from gradwise.augment.augmentation import Mixing
from gradwise.data.examples import Choice, Task
from gradwise.errors import UsageError
from gradwise.train.batches import Batch

NONE = "none"
# Losses of classes that take shares of classes beside class ids.
SHARES = ("cross-entropy", "label-smoothing", "bce")
SMALL = 16  # pixels; below, auto leaves images alone: 400 digits of 8 x 8 were learnt worse, 0.968 for 0.983
SHIFT = 16  # an image's side over the pixels that auto shifts it by; Cireşan and others 2012: 5 to 10 %
ANGLE = 10  # degrees that auto turns by: below the 15 (7.5 for 1 and 7) of Cireşan and others, 1003.0358


@dataclass(frozen=True, slots=True)
class Augmenter:
    """Augments the batches of a training, each by its number in the epoch and nothing else.

    Args:
        names: of the augmentations, with options.
        pipeline: made from them.
        seeds: of the training; of several nets at once one each, whose rows come net by net.

    >>> rows = (torch.arange(4.0).view(1, 1, 2, 2),)
    >>> flipping = Augmenter("flip:p=1", augment.make("flip:p=1"))
    >>> flipping(rows, torch.tensor([0]), epoch=0, batch=0)[0][0].flatten().tolist()
    [1.0, 0.0, 3.0, 2.0]
    """

    names: str
    pipeline: augment.Pipeline
    seeds: tuple[int, ...] = (0,)

    def __call__(
        self, inputs: tuple[torch.Tensor, ...], target: torch.Tensor, *, epoch: int, batch: int
    ) -> Batch:
        """A batch as the net sees it; the one that was given stays as it is.

        Args:
            inputs: (B, ...) each.
            target: (B,) or (B, K).
            epoch: counted from 0.
            batch: of the epoch, counted from 0.
        """
        rows = len(target) // len(self.seeds)
        made = [
            self.pipeline(part[:-1], part[-1], augment.generator_for(seed, epoch, batch))
            for seed, part in zip(
                self.seeds, zip(*(each.split(rows) for each in (*inputs, target)), strict=True), strict=True
            )
        ]
        if len(made) == 1:
            return made[0]
        together = tuple(torch.cat(parts) for parts in zip(*(inputs for inputs, _ in made), strict=True))
        return together, torch.cat([target for _, target in made])


def augmenter(names: str, task: Task, seeds: Sequence[int]) -> Augmenter | None:
    """What augments a training; None where nothing is named."""
    if names in ("", NONE):
        return None
    classes = task.outputs if task.kind == "classes" else None
    return Augmenter(names, augment.make(names, classes=classes), tuple(seeds))


def choose(asked: str, task: Task, kind: str, shape: Mapping[str, Any], loss: str, told: list[Choice]) -> str:
    """The names of augmentations that a training uses, their proper ones; ``none`` without.

    Args:
        asked: names, ``none``, or ``auto``.
        task: what is predicted.
        kind: of the data.
        shape: of the input.
        loss: by name.
        told: the choice is added, where it is not the user's own.

    Raises:
        UnknownNameError: no augmentation is called so.
        UsageError: one that is not for this data, or that mixes class ids for a loss that needs them.
    """
    if asked.strip().lower() == "auto":
        return _auto(kind, shape, told)
    if asked.strip().lower() in ("", NONE):
        return NONE
    names = augment.proper(asked)
    pipeline = augment.make(names)
    pipeline.check(kind, shape)
    mixing = [part.info.name for part in pipeline.parts if isinstance(part.step, Mixing)]
    if mixing and task.kind == "classes" and losses.LOSSES.name(loss) not in SHARES:
        raise UsageError(
            f"--augment {mixing[0]} makes shares of classes, and loss {losses.LOSSES.name(loss)!r} takes "
            f"class ids; take --loss cross-entropy, or leave {mixing[0]} out."
        )
    return names


def _auto(kind: str, shape: Mapping[str, Any], told: list[Choice]) -> str:
    if kind != "images":
        told.append(Choice("augment", NONE, f"nothing is known of {kind} that surely keeps the answer"))
        return NONE
    side = min(int(shape["height"]), int(shape["width"]))
    if side < SMALL:
        reason = f"{side} pixels, and a shift of one is {1 / side:.0%} of them (limit {SMALL} pixels)"
        told.append(Choice("augment", NONE, reason))
        return NONE
    pixels = side // SHIFT
    names = f"translate:pixels={pixels}, rotate:degrees={ANGLE}"
    reason = f"up to {pixels} of {side} pixels and {ANGLE} degrees keep nearly every label; a flip need not"
    told.append(Choice("augment", names, reason))
    return names
