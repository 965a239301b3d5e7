"""How much gradient reaches the early time steps of a recurrent network.

A recurrent module of torch's is run again, alone, on a few of its own inputs:
what the loss sent back to its outputs in the step itself is sent through the
copy, down to the inputs of each time step.  Parameters, buffers, gradients and
random states stay as they are.  A module that the model calls many times in
one pass (a cell, or a layer in a loop) shows the same by the gradients of its
outputs, call by call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from gradwise.watch.pack import Pack

LEAST_STEPS = 8  # time steps; over fewer nothing can fade
MOST_ROWS = 8  # sequences that are run again
MOST_CALLS = 1024  # of a cell in one pass
DENSE_SAMPLES, EVERY = 4, 8  # looked at in the first samples, then in every 8th


class TimeReader:
    """Gradients by time step, at some of the sampled steps."""

    def __init__(self) -> None:
        self.due = False
        self._runs: dict[str, tuple[nn.RNNBase, Tensor, Any, list[Tensor | None]]] = {}
        self._calls: dict[str, dict[int, Tensor]] = {}  # repeated module → call → squared norm
        self._repeated: set[str] = set()

    def begin(self, index: int) -> None:
        """A sample begins."""
        self._runs, self._calls = {}, {}
        self.due = index < DENSE_SAMPLES or index % EVERY == 0

    def see(self, name: str, module: nn.Module, inputs: tuple[Any, ...], output: Any, calls: int) -> None:
        """A leaf module ran for the ``calls``-th time in this step."""
        if not self.due:
            return
        if isinstance(module, nn.RNNBase):
            if calls == 1:
                self._sequence(name, module, inputs, output)
        elif calls >= LEAST_STEPS:
            self._repeated.add(name)
        if name in self._repeated and calls <= MOST_CALLS:
            kept = self._calls.setdefault(name, {})
            for part in output if isinstance(output, tuple) else (output,):
                if isinstance(part, Tensor) and part.requires_grad:
                    part.register_hook(_keep_norm(kept, calls))

    def _sequence(self, name: str, module: nn.RNNBase, inputs: tuple[Any, ...], output: Any) -> None:
        x = inputs[0] if inputs else None
        mixed = module.bidirectional or (module.dropout > 0 and module.num_layers > 1)
        if not isinstance(x, Tensor) or mixed or x.dim() != 3 or not x.is_floating_point():
            return
        outs, states = output
        parts = [outs, *(states if isinstance(states, tuple) else (states,))]
        rows = 0 if module.batch_first else 1
        if x.shape[1 - rows] < LEAST_STEPS or not any(part.requires_grad for part in parts):
            return
        arrived: list[Tensor | None] = [None] * len(parts)
        for index, part in enumerate(parts):
            if part.requires_grad:
                part.register_hook(_keep_rows(arrived, index, rows if index == 0 else 1))
        start = inputs[1] if len(inputs) > 1 else None
        self._runs[name] = (module, x.detach().narrow(rows, 0, min(MOST_ROWS, x.shape[rows])), start, arrived)

    def read(self, pack: Pack) -> None:
        """After backward: put ``early_gradient`` into the pack.  Cost: one small pass both ways."""
        for name, (module, x, start, arrived) in self._runs.items():
            if any(part is not None for part in arrived):
                by_time = _run_again(module, x, start, arrived)  # (T,) squared
                pack.scalar("early_gradient", name, _early(by_time))
        for name, kept in self._calls.items():
            if len(kept) >= LEAST_STEPS:
                pack.scalar(
                    "early_gradient", name, _early(torch.stack([kept[call] for call in sorted(kept)]))
                )
        self._runs, self._calls = {}, {}


def _keep_norm(kept: dict[int, Tensor], call: int) -> Callable[[Tensor], None]:
    """A hook that adds the squared norm of what arrives to that of the call."""

    def hook(grad: Tensor) -> None:
        square = grad.detach().float().square().sum()
        kept[call] = kept[call] + square if call in kept else square

    return hook


def _keep_rows(arrived: list[Tensor | None], index: int, rows: int) -> Callable[[Tensor], None]:
    def hook(grad: Tensor) -> None:
        arrived[index] = grad.detach().narrow(rows, 0, min(MOST_ROWS, grad.shape[rows])).clone()

    return hook


def _run_again(module: nn.RNNBase, x: Tensor, start: Any, arrived: list[Tensor | None]) -> Tensor:
    """Squared norm of the loss's gradient by the inputs of each time step, shape (T,)."""
    count = x.shape[0 if module.batch_first else 1]
    with torch.enable_grad():
        again = x.clone().requires_grad_()
        outs, states = type(module).forward(module, again, _first_rows(start, count))
        parts = [outs, *(states if isinstance(states, tuple) else (states,))]
        pairs = [(part, grad) for part, grad in zip(parts, arrived, strict=True) if grad is not None]
        (grad,) = torch.autograd.grad([p for p, _ in pairs], [again], [g for _, g in pairs])
    return grad.float().square().sum(dim=(0, 2) if module.batch_first else (1, 2))


def _first_rows(start: Any, count: int) -> Any:
    if isinstance(start, Tensor):
        return start.detach().narrow(1, 0, count).contiguous()
    return tuple(_first_rows(part, count) for part in start) if isinstance(start, tuple) else None


def _early(squares: Tensor) -> Tensor:
    """Gradient norm of the first quarter of the time steps over that of the quarter with the most."""
    quarter = max(len(squares) // 4, 1)
    parts = [squares[at : at + quarter].sum() for at in range(0, len(squares) - quarter + 1, quarter)]
    return (parts[0] / torch.stack(parts).amax()).sqrt()  # NaN where no gradient arrived
