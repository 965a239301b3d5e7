"""Whether the gradients of neighbouring steps agree."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gradwise.watch.pack import Pack

ENTRIES = 8192  # of all gradients together; the cosine's error is about 1 / sqrt(ENTRIES)


class AgreementReader:
    """Compares each sampled gradient with that of the step before, where that was sampled too."""

    def __init__(self) -> None:
        self._before: dict[int, tuple[int, Tensor]] = {}  # optimizer id → step, entries

    def look(self, optimizer: Any, label: str, step: int, pack: Pack) -> None:
        """Take this optimizer's gradients.  Cost: a strided copy of at most about ENTRIES numbers.

        Args:
            optimizer: about to step.
            label: place of the signal.
            step: the training step.
            pack: gets ``grad_agreement``.
        """
        grads = [
            p.grad.detach()
            for group in optimizer.param_groups
            for p in group["params"]
            if p.grad is not None and not p.grad.is_sparse and p.grad.is_floating_point()
        ]
        if not grads or any(g.device != grads[0].device for g in grads):
            return
        stride = -(-sum(g.numel() for g in grads) // ENTRIES)
        now = torch.cat([g.reshape(-1)[::stride].float() for g in grads])
        last, before = self._before.get(id(optimizer), (-2, now))
        self._before[id(optimizer)] = (step, now)
        if last == step - 1 and before.shape == now.shape and before.device == now.device:
            size = torch.linalg.vector_norm(now) * torch.linalg.vector_norm(before)
            pack.scalar("grad_agreement", label, torch.dot(now, before) / size)  # NaN where one is 0

    def forget(self) -> None:
        """Other models are trained from now on."""
        self._before.clear()
