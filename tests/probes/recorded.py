"""Training a small model under a watch that keeps what probes need."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gradwise.trace.captured import Captured
from gradwise.watch.capturing import captured_by
from tests.watch.watching import watched

Batch = Callable[[int], tuple[Any, Tensor]]


def train(
    model: nn.Module,
    batch: Batch,
    loss: Callable[..., Tensor],
    *,
    optimizer: Any = None,
    steps: int = 30,
    step: Callable[[nn.Module, Any, int], None] | None = None,
) -> Captured:
    """What is captured of ``steps`` plain steps, or of those that ``step`` takes."""
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=0.1)
    folder = Path(tempfile.mkdtemp(prefix="gradwise-probes-"))
    with watched(folder / "run", models=[model], optimizers=[optimizer], probing=True) as session:
        session.stages.optimizers.add(optimizer)
        for number in range(steps):
            if step is not None:
                step(model, optimizer, number)
                continue
            x, y = batch(number)
            optimizer.zero_grad()
            value = loss(model(x), y)
            value.backward()
            optimizer.step()
    captured = captured_by(session)
    assert captured is not None
    assert session.guard.counts == {}
    return captured


def cross_entropy(out: Tensor, y: Tensor) -> Tensor:
    """Looked up at every call, as a watched script does."""
    return nn.functional.cross_entropy(out, y)


def mlp(*widths: int) -> nn.Sequential:
    """Linear layers with tanh between them, drawn from seed 0."""
    torch.manual_seed(0)
    parts: list[nn.Module] = []
    for one, two in pairwise(widths):
        parts += [nn.Linear(one, two), nn.Tanh()]
    return nn.Sequential(*parts[:-1])


def blobs(size: int = 32, features: int = 4, scale: Any = 1.0) -> Batch:
    """Batches of two classes told apart by the sign of the first feature."""
    generator = torch.Generator().manual_seed(7)
    x = torch.randn(256, features, generator=generator)
    y = (x[:, 0] > 0).long()

    def batch(number: int) -> tuple[Tensor, Tensor]:
        rows = torch.arange(number * size, (number + 1) * size) % 256
        return scale * x[rows], y[rows]

    return batch


def snapshot(captured: Captured) -> list[Any]:
    """Everything of the user's that a probe might touch, as it stands."""
    model, optimizer = captured.model, captured.optimizer
    tensors = [t.detach().clone() for t in (*model.parameters(), *model.buffers())]
    grads = [None if p.grad is None else p.grad.clone() for p in model.parameters()]
    versions = [t._version for t in (*model.parameters(), *model.buffers())]
    modes = [module.training for module in model.modules()]
    hooks = [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules()]
    state: list[Any] = []
    if optimizer is not None:
        groups = [{k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups]
        moments = [
            {k: v.clone() if isinstance(v, Tensor) else v for k, v in optimizer.state[p].items()}
            for p in model.parameters()
            if p in optimizer.state
        ]
        state = [groups, moments]
    return [tensors, grads, versions, modes, hooks, state]


def same(one: Any, other: Any) -> bool:
    """Bit for bit, whatever the structure."""
    if isinstance(one, Tensor):
        return isinstance(other, Tensor) and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(v, other[k]) for k, v in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
