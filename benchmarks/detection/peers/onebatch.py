"""torchtest2: a battery of checks on one batch, before training."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import torch

from benchmarks.detection.peers.alarms import Alarm, gathered
from benchmarks.detection.peers.watchers import Beat, Enough, FirstLoss, Place, Watcher

LEVELS = {"FAIL": "critical", "WARN": "warning"}


class Torchtest2(Watcher):
    """``check_model(model, inputs, targets, loss_fn=, optimizer=)`` on what the first pass was given.

    Model and optimizer are copied before the first pass and checked after the first step: the check moves
    parameters to and fro, which a waiting backward pass would take amiss.
    """

    def attach(self, place: Place) -> None:
        """Copy what the check needs, as it is before the first pass."""
        self.given: tuple[Any, Any] = (place.args, place.kwargs)
        self.output: torch.Tensor | None = None
        self.loss: FirstLoss | None = None
        self.report: Any = None
        began = time.process_time()
        self.model, self.optimizer = copy.deepcopy((place.model, place.optimizer))
        self.extra = time.process_time() - began

    def first_pass(self, output: Any) -> None:
        """Keep the output, to see what the loss is made of."""
        if isinstance(output, torch.Tensor):
            self.output = output.detach().clone()

    def first_loss(self, loss: FirstLoss) -> None:
        """Keep the first loss."""
        self.loss = loss

    def after_step(self, beat: Beat) -> None:
        """Check; after that there is nothing more to see."""
        self._check()
        raise Enough

    def alarms(self) -> Sequence[Alarm]:
        """Checks that warn or fail, in the order of the report."""
        if self.report is None:
            self._check()
        told = [r for r in self.report if r.status.value in LEVELS]
        return gathered((r.name, LEVELS[r.status.value], r.message) for r in told)

    def _check(self) -> None:
        began = time.process_time()
        args, kwargs = self.given
        inputs = kwargs if not args else args[0] if len(args) == 1 else args
        function = loss_function(self.loss, self.output)
        with torch.enable_grad():
            self.report = import_module("torchtest2").check_model(
                self.model,
                inputs,
                self.loss.targets if self.loss is not None and function is not None else None,
                loss_fn=function,
                optimizer=self.optimizer,
            )
        self.extra = (self.extra or 0.0) + time.process_time() - began


# What may stand between a model's output and a loss of torch.
BETWEEN: tuple[Callable[[torch.Tensor], torch.Tensor], ...] = (
    lambda out: out,
    lambda out: out.squeeze(-1),
    lambda out: out.flatten(0, -2),
    lambda out: out.softmax(-1),
    lambda out: out.log_softmax(-1),
    lambda out: out.sigmoid(),
)


def loss_function(loss: FirstLoss | None, output: torch.Tensor | None) -> Callable[[Any, Any], Any] | None:
    """The loss as a function of output and targets; None when the script makes it in another way.

    A user knows how the own loss comes about; seen from outside it is found by trying the usual steps
    between output and loss.
    """
    if loss is None or output is None:
        return None
    for between in BETWEEN:
        try:
            same = torch.equal(between(output), loss.outputs)
        except (RuntimeError, IndexError):
            continue
        if same:
            return partial(_loss_of, loss, between)
    return None


def _loss_of(loss: FirstLoss, between: Callable[[Any], Any], output: Any, targets: Any) -> torch.Tensor:
    return loss.function(between(output), targets, **loss.options)
