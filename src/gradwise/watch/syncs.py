"""How often a script waits for the accelerator by reading a tensor on the host."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

# Methods of a tensor that end with its numbers on the host.
READS = ("item", "tolist", "cpu", "__float__", "__int__", "__bool__")


class SyncCounter:
    """Counts reads of device tensors within one sampled step.

    While it is open, a few methods of ``torch.Tensor`` are wrapped; it is opened
    only where the loss stands on an accelerator.
    """

    def __init__(self) -> None:
        self.host = "cpu"  # tensors on this kind of device are read without waiting
        self.calls = 0
        self._inside = False  # of a read: a float() that calls item() is one
        self._undo: list[Callable[[], None]] = []

    @property
    def opened(self) -> bool:
        """Whether it counts at the moment."""
        return bool(self._undo)

    def open(self, device: str) -> None:
        """Count from now on, if tensors on ``device`` have to be waited for."""
        self.close()
        self.calls = 0
        if device != self.host:
            for name in READS:
                self._wrap(name)

    def close(self) -> None:
        """Put the methods back."""
        while self._undo:
            self._undo.pop()()

    def _wrap(self, name: str) -> None:
        original = getattr(Tensor, name)
        own = name in vars(Tensor)

        @functools.wraps(original)
        def read(tensor: Any, /, *args: Any, **kwargs: Any) -> Any:
            if self._inside or torch.compiler.is_compiling() or tensor.device.type == self.host:
                return original(tensor, *args, **kwargs)
            self.calls += 1
            self._inside = True
            try:
                return original(tensor, *args, **kwargs)
            finally:
                self._inside = False

        setattr(Tensor, name, read)

        def undo() -> None:
            if vars(Tensor).get(name) is read:
                if own:
                    setattr(Tensor, name, original)
                else:
                    delattr(Tensor, name)

        self._undo.append(undo)
