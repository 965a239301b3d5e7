"""What an augmentation declares, the three forms that one can have, and how they draw and check numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gradwise.errors import UsageError

Inputs = tuple[Tensor, ...]
BYTE = 255.0  # the largest pixel; shares of brightness are shares of it
FILLS = ("zeros", "border", "reflection")  # grid_sample's names: black, the edge repeated, the image mirrored


@dataclass(frozen=True, slots=True)
class Augmentation:
    """An augmentation by name.

    Args:
        name: its usual name.
        maker: makes a `Motion`, `Change` or `Mixing`; its parameters are the options.
        kinds: of data that it is for: ``images``, ``series``, ``table``.
        summary: one clause.
        aliases: other names.
    """

    name: str
    maker: Callable[..., Step]
    kinds: tuple[str, ...]
    summary: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Step:
    """Base of everything in a pipeline."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a motion draws its numbers for.

    Args:
        rows: images in the batch.
        size: their height and width, before the motion.
        generator: of the random numbers; None: torch's global one.
    """

    rows: int
    size: tuple[int, int]
    generator: torch.Generator | None


@dataclass(frozen=True, kw_only=True)
class Motion(Step):
    """Moves the pixels of images by an affine map; all motions of a pipeline become one.

    Coordinates are pixels from the middle of the image, x to the right and y down.

    Args:
        fill: what comes in from outside: ``zeros`` (black), ``border`` or ``reflection``; "": zeros.
    """

    fill: str = ""

    def __post_init__(self) -> None:
        if self.fill and self.fill not in FILLS:
            raise UsageError(f"fill takes one of {', '.join(FILLS)}, not {self.fill!r}.")

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of what comes out."""
        return size

    def back(self, frame: Frame) -> Tensor:
        """(N, 2, 3) float64 on the CPU: from where in the image before each point of the new one comes."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Change(Step):
    """Changes the values of every row by itself, or by others of its batch; the target stays."""

    def __call__(self, inputs: Inputs, generator: torch.Generator | None) -> Inputs:
        """Changed copies of the inputs of a batch."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Mixing(Step):
    """Mixes every row with another one of its batch, and their targets in the same shares."""

    def __call__(
        self, inputs: Inputs, target: Tensor, generator: torch.Generator | None
    ) -> tuple[Inputs, Tensor]:
        """Mixed copies; ``target`` is (N, K) of floats before and after."""
        raise NotImplementedError


def unmoved(rows: int) -> Tensor:
    """(N, 2, 3) float64: every point of the new image comes from where it is."""
    back = torch.zeros(rows, 2, 3, dtype=torch.float64)
    back[:, 0, 0] = back[:, 1, 1] = 1.0
    return back


def uniform(rows: int, span: tuple[float, float], generator: torch.Generator | None) -> Tensor:
    """(N,) float64 on the CPU, evenly spread over ``span``."""
    return torch.empty(rows, dtype=torch.float64).uniform_(*span, generator=generator)


def normal_like(values: Tensor, generator: torch.Generator | None) -> Tensor:
    """Standard normal numbers in the shape of ``values``, drawn where they are needed.

    On an accelerator a generator of that device is used, seeded by ``generator``.
    """
    if values.device.type == "cpu":
        return torch.randn(values.shape, generator=generator)
    return torch.randn(values.shape, generator=_on(values.device, generator), device=values.device)


def uniform_like(values: Tensor, generator: torch.Generator | None) -> Tensor:
    """Numbers from 0 to 1 in the shape of ``values``, as `normal_like` draws them."""
    if values.device.type == "cpu":
        return torch.rand(values.shape, generator=generator)
    return torch.rand(values.shape, generator=_on(values.device, generator), device=values.device)


def _on(device: torch.device, generator: torch.Generator | None) -> torch.Generator:
    seed = int(torch.randint(2**63 - 1, (), generator=generator))
    return torch.Generator(device).manual_seed(seed)


def as_floats(values: Tensor) -> Tensor:
    """float32 of bytes; floats stay what they are."""
    return values if values.is_floating_point() else values.float()


def number(name: str, option: str, value: Any, low: float, high: float) -> float:
    """``value`` if it is a number from ``low`` to ``high``.

    Raises:
        UsageError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise UsageError(f"{name}: {option} takes a number from {low:g} to {high:g}, not {value!r}.")
    return float(value)


def whole(name: str, option: str, value: Any, low: int) -> int:
    """``value`` if it is a whole number from ``low`` on.

    Raises:
        UsageError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise UsageError(f"{name}: {option} takes a whole number from {low} on, not {value!r}.")
    return value


def span(name: str, option: str, value: Any, low: float, high: float) -> tuple[float, float]:
    """A pair from ``low`` to ``high``; a single number r stands for (-r, r).

    Raises:
        UsageError: it is neither.

    >>> span("rotate", "degrees", 15, -360, 360), span("rotate", "degrees", (90, 90), -360, 360)
    ((-15.0, 15.0), (90.0, 90.0))
    """
    if isinstance(value, tuple | list) and len(value) == 2:
        first, last = (number(name, option, each, low, high) for each in value)
        if first <= last:
            return first, last
    elif not isinstance(value, tuple | list):
        reach = number(name, option, value, 0.0, high)
        return -reach, reach
    raise UsageError(f"{name}: {option} takes a number or a pair (low, high), not {value!r}.")


def choice(name: str, option: str, value: Any, known: tuple[str, ...]) -> str:
    """``value`` if it is one of ``known``.

    Raises:
        UsageError: it is not.
    """
    if value not in known:
        raise UsageError(f"{name}: {option} takes one of {', '.join(known)}, not {value!r}.")
    return str(value)
