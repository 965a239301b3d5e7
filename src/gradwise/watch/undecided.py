"""Losses made in eval mode with gradients on: the next backward tells whether they were training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from gradwise.watch.evaluation import Frames

MOST_LOSSES = 4  # losses that one training step may add up and still be told from an evaluation


class Undecided:
    """Holds losses until it is known what they were made for.

    Args:
        evaluated: takes a loss of an evaluation: function, value, arguments, keywords, the user's frames.
    """

    def __init__(self, evaluated: Callable[..., None]) -> None:
        self._evaluated = evaluated
        self._held: list[tuple[Any, ...]] = []

    def __bool__(self) -> bool:
        return bool(self._held)

    def add(
        self, function: str, out: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any], frames: Frames
    ) -> None:
        """One more; too many for one training step were an evaluation's."""
        self.commit(MOST_LOSSES - 1)
        named = {name: _detached(value) for name, value in kwargs.items()}
        self._held.append((function, out.detach(), tuple(_detached(a) for a in args[:2]), named, frames))

    def commit(self, keep: int = 0) -> None:
        """They were evaluations; the latest ``keep`` may yet be used."""
        while len(self._held) > keep:
            self._evaluated(*self._held.pop(0))

    def drop(self) -> None:
        """They were the training losses of this step."""
        self._held.clear()


def _detached(value: Any) -> Any:
    return value.detach() if isinstance(value, Tensor) else value
