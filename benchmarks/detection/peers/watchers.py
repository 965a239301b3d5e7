"""How a diagnoser is put onto a loop: the form that all adapters share, and the list of them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from benchmarks.detection.peers.alarms import Alarm


@dataclass(slots=True)
class Place:
    """Where a user would put the diagnoser: right before the first pass of the training loop.

    Args:
        model: the outermost module that the loop calls.
        whole: all modules that are trained, as one; the same as ``model`` in nearly every script.
        optimizer: the optimizer that holds most of it.
        args: positional arguments of the call that is about to happen.
        kwargs: its keyword arguments.
    """

    model: nn.Module
    whole: nn.Module
    optimizer: torch.optim.Optimizer | None
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class FirstLoss:
    """The first loss of the loop, when it is one of torch's own: function, what it was given, and options."""

    function: Callable[..., torch.Tensor]
    outputs: torch.Tensor
    targets: Any
    options: dict[str, Any]


@dataclass(slots=True)
class Beat:
    """What a user can log after a training step.

    Args:
        step: from 0.
        loss: value of the last backward pass.
        grad_norm: norm of all gradients right after it; None when the watcher does not ask for it.
        rate: learning rate of the first parameter group.
        eval_loss: mean of the losses computed without gradients since the step before; None without any.
    """

    step: int
    loss: float
    grad_norm: float | None = None
    rate: float | None = None
    eval_loss: float | None = None


class Enough(BaseException):
    """A watcher has seen all that it looks at; the script need not go on."""


class Watcher:
    """One diagnoser on one loop; subclasses call it as its own documentation tells users to.

    ``extra`` is the processor time of the diagnoser itself, where that can be told apart from the script's.
    """

    extra: float | None = None

    needs_model = True
    wants_norm = False

    def attach(self, place: Place) -> None:
        """Before the first pass; ``place`` is what the user would hand over."""

    def attach_without_model(self) -> None:
        """Where nothing but a loss can be seen."""

    def first_pass(self, output: Any) -> None:
        """After the first call of the model."""

    def first_loss(self, loss: FirstLoss) -> None:
        """After the first of torch's losses with a gradient."""

    def after_backward(self, step: int, loss: float) -> None:
        """After every backward pass."""

    def after_step(self, beat: Beat) -> None:
        """After every training step."""

    def alarms(self) -> Sequence[Alarm]:
        """At the end of the script."""
        return ()


@dataclass(frozen=True, slots=True)
class Peer:
    """A diagnoser of the benchmark.

    Args:
        name: as users install it.
        module: import name of its adapter here.
        adapter: class in that module; for a linter a function of the script's path.
        released: day of the pinned release, or of the newest file in it.
        how: how its users attach it, in a few words.
        sees: "model" (it hangs on the model), "numbers" (it is told what users log), "script" (it reads the file).
    """

    name: str
    module: str
    adapter: str
    released: str
    how: str
    sees: str = "model"

    def load(self) -> Any:
        """The adapter."""
        return getattr(importlib.import_module(f"benchmarks.detection.peers.{self.module}"), self.adapter)


PEERS = {
    peer.name: peer
    for peer in (
        Peer(
            "torchmortem",
            "model_watchers",
            "Torchmortem",
            "2026-03-11",
            "`Autopsy(model, optimizer)`, `step(loss=)`",
        ),
        Peer(
            "torch-audit",
            "model_watchers",
            "TorchAudit",
            "2026-01-24",
            "`autopatch(model, optimizer)`, every 1000 steps",
        ),
        Peer(
            "torchtest2",
            "onebatch",
            "Torchtest2",
            "2026-10-11",
            "`check_model` on the first batch, before training",
        ),
        Peer("neuraldbg", "model_watchers", "Neuraldbg", "2026-09-17", "`NeuralDbg(model)`, `record_loss`"),
        Peer(
            "neural-observatory",
            "model_watchers",
            "Observatory",
            "2026-09-08",
            "`Observatory(model)`, `step`",
        ),
        Peer(
            "training-doctor",
            "loss_watchers",
            "TrainingDoctor",
            "2026-01-15",
            "`Doctor().log(loss, lr, grad_norm, eval_loss)`",
            "numbers",
        ),
        Peer(
            "trainpulse",
            "loss_watchers",
            "Trainpulse",
            "2026-04-11",
            "`Monitor().log` of loss, grad_norm, learning_rate",
            "numbers",
        ),
        Peer("mldoct", "linted", "lint", "2026-09-20", "`mldoctor check script.py`", sees="script"),
    )
}
