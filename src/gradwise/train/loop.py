"""The training loop: fit, epoch, step, evaluate.

    training = Training(model, optimizer, criterion)
    fit(training, train_batches, valid_batches, epochs=10)

Nothing here waits for the device within an epoch: losses are summed where they are made and read once.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn

from gradwise.errors import UsageError
from gradwise.train.averaging import average_epoch, take_in
from gradwise.train.batches import Batches
from gradwise.train.callbacks import Callback
from gradwise.train.metrics import Metrics
from gradwise.train.training import Training

# How torch 2.13 begins to say that batch-norm or instance-norm has one number per channel.
NOTHING_TO_AVERAGE = "Expected more than 1 "


def fit(
    training: Training,
    train: Batches,
    valid: Batches | None = None,
    *,
    epochs: int,
    callbacks: Sequence[Callback] = (),
) -> None:
    """Train until ``epochs`` are done in all or ``training.stop`` is set; go on from where it stands.

    After a stop within an epoch that epoch stays open; another call finishes it.

    Args:
        training: model, optimizer and all else that changes; holds the history afterwards.
        train: batches to learn from.
        valid: batches to judge every epoch on.
        epochs: passes over ``train``, those done before included.
        callbacks: told of the start, of every step, every epoch and the end.

    Raises:
        UsageError: training goes on within an epoch whose batches were others.
    """
    training.begin(train.state())
    with ExitStack() as endings:
        for callback in callbacks:
            endings.callback(callback.on_end, training)
            callback.on_start(training)
        while training.progress.epoch < epochs and not training.stop:
            epoch(training, train, callbacks)
            if training.progress.position < len(train):
                break
            started = time.perf_counter()
            average_epoch(training, train)
            scores = _scores(training, valid) if valid is not None else {}
            row = training.close_epoch(scores, time.perf_counter() - started)
            for callback in callbacks:
                callback.on_epoch_end(training, row)
        training.note_regularised()
    if training.end_with_best:
        training.take_best()


def epoch(training: Training, batches: Batches, callbacks: Sequence[Callback] = ()) -> None:
    """Learn from the batches of the epoch under way that are still to come; less when told to stop."""
    training.wake()
    progress = training.progress
    started, before = time.perf_counter(), progress.seconds
    for batch in batches.iterate(progress.epoch, progress.position):
        training.between_steps = False
        inputs, target = batch
        if training.augment is not None:
            inputs, target = training.augment(*batch, epoch=progress.epoch, batch=progress.position)
        rows = len(target)
        progress.loss_sum.add_(step(training, inputs, target), alpha=rows)  # on the device
        progress.position += 1
        progress.rows += rows
        progress.seen += rows
        progress.seconds = before + time.perf_counter() - started
        training.between_steps = True
        for callback in callbacks:
            callback.on_step_end(training)
        if training.stop:
            break
    training.epoch_loss()  # waits for the device, so that the time is that of the work
    progress.seconds = before + time.perf_counter() - started


def step(training: Training, inputs: tuple[Tensor, ...], target: Tensor) -> Tensor:
    """One step of the optimizer.

    Args:
        training: what is trained.
        inputs: (B, ...) each, in the order in which the model takes them.
        target: (B,) or (B, K).

    Returns:
        () the batch's loss before the step, detached, on the device.
    """
    parts, shown = training.regularisers, list[Tensor]()
    taught = _asked(training, inputs)

    def gradient(*, backward: bool = True) -> Any:  # torch's stubs want a float of a closure
        """The loss; its gradient, clipped, is left in the parameters; without ``backward`` its graph is."""
        if backward:
            training.optimizer.zero_grad()
        parts.before_forward(training.model)
        loss = _loss(training, inputs, target, taught)
        if training.closure and parts:  # it compares losses, so the penalty belongs to them
            shown.append(loss.detach())
            loss = parts.added(loss, training.model)
        if not backward:
            return loss
        if training.scaler is None:
            loss.backward()
        else:
            training.scaler.scale(loss).backward()
            training.scaler.unscale_(training.optimizer)
        _regularise(training)
        return loss.detach()

    stepped = True
    loss: Tensor
    if training.closure:
        loss = cast("Tensor", training.optimizer.step(_repeatable(gradient, training.device)))
        loss = shown[0] if shown else loss  # that of the data, before the step
    elif training.scaler is None:
        loss = gradient()
        training.optimizer.step()
    else:
        loss, scale = gradient(), training.scaler.get_scale()
        training.scaler.step(training.optimizer)  # syncs: float16 must know whether the gradient is finite
        training.scaler.update()
        stepped = training.scaler.get_scale() >= scale
    if stepped:
        parts.after_step(training.model, training.optimizer)
    if training.ema is not None and training.average_from is None:
        take_in(training.ema, training)
    if stepped and training.pace == "batch" and training.scheduler is not None:
        training.scheduler.step()
    training.progress.step += 1
    return loss


def _asked(training: Training, inputs: tuple[Tensor, ...]) -> Tensor | None:
    """(B, K) what the teacher says of the batch; None without one."""
    if training.teacher is None:
        return None
    with training.precision():
        return training.teacher(inputs)


def _loss(training: Training, inputs: tuple[Tensor, ...], target: Tensor, taught: Tensor | None) -> Tensor:
    """() of the batch, from its target and its teacher."""
    with training.precision():
        outputs = _outputs(training.model, inputs)
        loss: Tensor = training.criterion(outputs, target)
        if training.teacher is not None and taught is not None:
            loss = training.teacher.distillation(loss, outputs, taught)
    return loss


def _regularise(training: Training) -> None:
    """What is done to gradients between the backward pass and the step; no sync."""
    if not training.closure:
        training.regularisers.gradient(training.model, training.optimizer)
    if training.clip is not None:
        nn.utils.clip_grad_norm_(training.parameters, training.clip)


def _outputs(model: nn.Module, inputs: tuple[Tensor, ...]) -> Tensor:
    """What the net puts out; where a norm layer has nothing to average, one sentence."""
    try:
        outputs: Tensor = model(*inputs)
    except ValueError as error:
        if not str(error).startswith(NOTHING_TO_AVERAGE):
            raise
        size = " x ".join(re.findall(r"\d+", str(error).partition("got input size")[2]))
        raise UsageError(
            f"a norm layer got one number to average in training (its input is {size}); take --norm "
            "group-norm or layer-norm, or for batch-norm a larger --batch-size."
        ) from error
    return outputs


def _repeatable(gradient: Callable[..., Any], device: torch.device) -> Any:
    """The closure that draws the same random numbers at every call, so that dropout is one function."""
    generators = [torch.default_generator]
    if device.type == "cuda":
        generators.append(torch.cuda.default_generators[device.index or 0])
    states = [generator.get_state() for generator in generators]

    def again(*, backward: bool = True) -> Any:
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)
        return gradient(backward=backward)

    return again


def evaluate(
    model: nn.Module,
    batches: Batches,
    criterion: nn.Module,
    metrics: Metrics | None = None,
    *,
    autocast: torch.dtype | None = None,
) -> dict[str, float]:
    """``loss`` and metrics over all batches, in evaluation mode and without gradients.

    Every module's mode is put back afterwards.  Cost: two host transfers in all.

    Returns:
        ``loss``: mean over the rows of the criterion; then the metrics by name.
    """
    device = torch.device(batches.device)
    tally = metrics(device) if metrics is not None else None
    total = torch.zeros((), dtype=torch.float32 if device.type == "mps" else torch.float64, device=device)
    with evaluating(model), torch.autocast(device.type, autocast, enabled=autocast is not None):
        for inputs, target in batches.iterate(epoch=0):
            outputs = model(*inputs)
            total.add_(criterion(outputs, target), alpha=len(target))
            if tally is not None:
                tally.add(outputs, target)
    return {"loss": total.item() / batches.rows, **(tally.read() if tally is not None else {})}


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; afterwards every module has the mode it had."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, training in modes:
            module.training = training


def _scores(training: Training, valid: Batches) -> dict[str, float]:
    model, criterion = training.judged, training.criterion
    return evaluate(model, valid, criterion, training.metrics, autocast=training.autocast)
