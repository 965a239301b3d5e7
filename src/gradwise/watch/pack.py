"""Numbers of one sampled step, gathered on the device and moved to the host at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Key = tuple[str, str]  # (signal, place)
Handler = Callable[[NDArray[np.float32]], None]


class Pack:
    """Collects 0-d tensors under (signal, place) and 1-d tensors for handlers.

    Cost: one host transfer per device when `transfer` is called; nothing before.
    """

    def __init__(self) -> None:
        self._scalars: dict[Key, Tensor] = {}
        self._vectors: list[tuple[Tensor, Handler]] = []
        self.values: dict[Key, float] = {}

    def scalar(self, signal: str, place: str, value: Tensor) -> None:
        """A 0-d tensor, still on its device; a later one under the same key replaces it."""
        self._scalars[signal, place] = value

    def number(self, signal: str, place: str, value: float) -> None:
        """A number that is on the host already."""
        self.values[signal, place] = value

    def vector(self, value: Tensor, handler: Handler) -> None:
        """A 1-d tensor; ``handler`` gets it as float32 on the host after the transfer."""
        self._vectors.append((value, handler))

    def transfer(self) -> dict[Key, float]:
        """Move everything at once, run the handlers, return all numbers."""
        by_device: dict[Any, tuple[list[Key], list[Tensor]]] = {}
        for key, value in self._scalars.items():
            keys, tensors = by_device.setdefault(value.device, ([], []))
            keys.append(key)
            tensors.append(value if value.dtype == torch.float32 else value.to(torch.float32))
        for device, (keys, tensors) in by_device.items():
            parts = [torch.stack(tensors)]
            mine = [(v, h) for v, h in self._vectors if v.device == device]
            parts.extend(v.to(torch.float32) for v, _ in mine)
            host = (torch.cat(parts) if len(parts) > 1 else parts[0]).cpu().numpy()  # the one transfer
            self.values.update(zip(keys, host.tolist(), strict=False))
            at = len(keys)
            for vector, handler in mine:
                handler(host[at : at + len(vector)])
                at += len(vector)
        for vector, handler in self._vectors:
            if vector.device not in by_device:
                handler(vector.to(torch.float32).cpu().numpy())
        return self.values
