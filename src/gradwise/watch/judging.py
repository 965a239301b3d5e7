"""Predictions made of outputs after the last step, with gradients on and nobody's mode ever changed.

A network with dropout or batch-norm whose ``eval()`` was never called is
judged in training mode, whatever the loop looks like.  What tells of it at the
end is the last thing such a script does: it takes a maximum of outputs, or
compares them, whose graph no backward has used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gradwise.watch.gradfree import FUNCTIONS, JUDGING
from gradwise.watch.pulse import Pulse
from gradwise.watch.saved import breadth_first
from gradwise.watch.wrapping import call_like, put

NODES = 4  # behind a prediction that are asked whether a backward has used them
# What the last operations of a network save for their backward.
SAVED = ("mat1", "mat2", "self", "other", "result", "input", "weight")
PLAIN = tuple(name for name in JUDGING if name not in ("__sub__", "sub"))  # a difference is no judgement


class Judging:
    """Remembers in which step a prediction was made of outputs that nobody trained on."""

    def __init__(self) -> None:
        self.step = -1
        self.contain: Callable[[Exception], None] = lambda _: None
        self._undo: list[Callable[[], None]] = []
        self._pulse: Pulse | None = None

    def open(self, pulse: Pulse) -> None:
        """Begin to look.  Cost: see `untouched`, for the first prediction of a step."""
        if self._undo:
            return
        self._pulse = pulse
        for owner, names in ((Tensor, PLAIN), (torch, FUNCTIONS)):
            for name in names:
                self._wrap(owner, name)

    def close(self) -> None:
        """Put everything back."""
        while self._undo:
            self._undo.pop()()

    def _note(self, tensor: Any) -> None:
        pulse = self._pulse
        if pulse is None or pulse.calls or pulse.step == self.step:
            return  # what follows a loss is judged by it
        try:
            if type(tensor) is Tensor and tensor.requires_grad and untouched(tensor.grad_fn):
                self.step = pulse.step
        except Exception as error:  # noqa: BLE001  ours must not end theirs
            self.contain(error)

    def _wrap(self, owner: Any, name: str) -> None:
        original = getattr(owner, name)

        def judge(*args: Any, **kwargs: Any) -> Any:
            if args:
                self._note(args[0])
            return original(*args, **kwargs)

        self._undo.append(put(owner, name, call_like(original, judge, name)))


def untouched(node: Any) -> bool:
    """Whether the graph behind a node keeps what its backward needs: none has used it, no step came since.

    Cost: 7 to 25 us, by what stands there.
    """
    kept = False
    for position, (behind, _, _) in enumerate(breadth_first(node)):
        if position >= NODES:
            break
        for name in SAVED:
            try:
                raw = getattr(behind, f"_raw_saved_{name}", None)
                if raw is None or getattr(raw, "unpack_hook", None) is not None:
                    continue
                value = getattr(behind, f"_saved_{name}")
                kept = kept or isinstance(value, Tensor)
            except (RuntimeError, AttributeError):  # freed, or changed in place since
                return False
    return kept
