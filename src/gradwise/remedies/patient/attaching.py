"""Where a treated run meets torch: a wrapper for each kind of moment that some cure waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as functional
import torch.optim.lr_scheduler as schedulers
import torch.optim.optimizer as optimizers
import torch.utils.data.dataloader as dataloader
from torch import nn
from torch.optim.optimizer import Optimizer

from gradwise.remedies.patient.inside import INSIDE
from gradwise.remedies.patient.wrapping import Wrappers

if TYPE_CHECKING:
    from gradwise.remedies.patient.run import TreatedRun

LOSSES = ("cross_entropy", "binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div")


def attach(run: TreatedRun, wrappers: Wrappers) -> None:
    """Put the wrappers in place that the cures of a run ask for."""
    wants = run.moments.wants
    _steps(run, wrappers)
    _made_optimizers(run, wrappers)
    if wants("scheduler", "schedule"):
        _schedules(run, wrappers)
    follow = wants("root", "enter", "output", "left") or run.models.collecting
    if follow or run.models.noting:
        for name in ("__init__", "__setstate__"):
            _after(wrappers, nn.Module, name, run.models.note)
    if follow:
        _modules(run, wrappers)
    if wants("loss", "loss-value"):
        for name in loss_names():
            wrappers.replace(functional, name, _loss(run, name))
    if wants("backward", "objective", "after-backward"):
        _backward(run, wrappers)
    if wants("batch"):
        _batches(run, wrappers)
    if wants("epoch"):
        _epochs(run, wrappers)
    _told_after(run, wrappers)


def _told_after(run: TreatedRun, wrappers: Wrappers) -> None:
    """Moments that are told when a method has run."""
    tell = run.moments.tell
    methods: tuple[tuple[str, Any, str, Callable[[Any], None]], ...] = (
        ("mode", nn.Module, "train", lambda module: tell("mode", module, module.training)),
        ("zero-grad", nn.Module, "zero_grad", lambda module: tell("zero-grad", module)),
        ("zero-grad", Optimizer, "zero_grad", lambda optimizer: tell("zero-grad", optimizer)),
        ("loader", dataloader.DataLoader, "__init__", lambda loader: tell("loader", loader)),
    )
    for moment, owner, name, call in methods:
        if run.moments.wants(moment):
            _after(wrappers, owner, name, call)


def loss_names() -> tuple[str, ...]:
    """The losses of torch.nn.functional."""
    return tuple(name for name in dir(functional) if name in LOSSES or name.endswith("_loss"))


# ---- optimizers ---------------------------------------------------------------------


def _steps(run: TreatedRun, wrappers: Wrappers) -> None:
    """Hooks around every step: the first of all before it, the last of all after it."""
    book, moments = run.optimizers, run.moments
    last: list[int] = []

    def before(optimizer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        book.take_back(optimizer)  # the step before may have failed
        if id(optimizer) in book.stepping:
            book.stepping.clear()
        book.note(optimizer)
        hooks: Any = optimizers._global_optimizer_post_hooks  # noqa: SLF001
        if next(reversed(hooks)) != last[0]:
            hooks.move_to_end(last[0])
        book.stepping.append(id(optimizer))
        moments.tell("before-step", optimizer)
        if not moments.wants("gradients"):
            return None
        closure = args[1] if len(args) > 1 else kwargs.get("closure")
        if not callable(closure):
            moments.tell("gradients", optimizer)
            return None

        def followed() -> Any:
            loss = closure()
            moments.tell("gradients", optimizer)
            return loss

        if len(args) > 1:
            return (args[0], followed, *args[2:]), kwargs
        return args, {**kwargs, "closure": followed}

    def after(optimizer: Any, _args: Any, _kwargs: Any) -> None:
        book.take_back(optimizer)
        if id(optimizer) in book.stepping:
            del book.stepping[book.stepping.index(id(optimizer)) :]
        run.stepped()
        moments.tell("after-step", optimizer)

    first = optimizers.register_optimizer_step_pre_hook(before)
    ahead: Any = optimizers._global_optimizer_pre_hooks  # noqa: SLF001
    ahead.move_to_end(first.id, last=False)
    end = optimizers.register_optimizer_step_post_hook(after)
    last.append(end.id)
    wrappers.later(first.remove)
    wrappers.later(end.remove)


def _made_optimizers(run: TreatedRun, wrappers: Wrappers) -> None:
    making: list[int] = []  # ids of those whose constructors run, the base class's inside their own

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def constructed(optimizer: Any, /, *args: Any, **kwargs: Any) -> None:
            making.append(id(optimizer))
            try:
                original(optimizer, *args, **kwargs)
            finally:
                making.pop()
            if id(optimizer) not in making and run.optimizers.note(optimizer):
                run.moments.tell("optimizer", optimizer)

        return constructed

    for kind in (Optimizer, *_below(Optimizer)):
        if "__init__" in vars(kind):
            wrappers.replace(kind, "__init__", make)
    if run.moments.wants("group"):

        def grouped(original: Callable[..., Any]) -> Callable[..., Any]:
            def add_param_group(optimizer: Any, group: Any) -> None:
                original(optimizer, group)
                if id(optimizer) not in making:
                    run.moments.tell("group", optimizer, optimizer.param_groups[-1])

            return add_param_group

        wrappers.replace(Optimizer, "add_param_group", grouped)


def _schedules(run: TreatedRun, wrappers: Wrappers) -> None:
    making: list[int] = []
    stepping: list[int] = []

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def constructed(scheduler: Any, /, *args: Any, **kwargs: Any) -> None:
            making.append(id(scheduler))
            try:
                original(scheduler, *args, **kwargs)
            finally:
                making.pop()
            if id(scheduler) not in making:
                run.moments.tell("scheduler", scheduler)

        return constructed

    def followed(original: Callable[..., Any]) -> Callable[..., Any]:
        def step(scheduler: Any, /, *args: Any, **kwargs: Any) -> Any:
            # A scheduler steps once while it is made, and one that holds others steps them.
            if not making and not stepping and not run.moments.allows("schedule", scheduler):
                return None
            stepping.append(id(scheduler))
            try:
                return original(scheduler, *args, **kwargs)
            finally:
                stepping.pop()

        return step

    base = schedulers.LRScheduler
    for kind in (base, *_below(base)):
        for name, wrap in (("__init__", make), ("step", followed)):
            if name in vars(kind):
                wrappers.replace(kind, name, wrap)


def _below(kind: type) -> Iterator[type]:
    """All classes derived from one, each once."""
    seen: set[type] = set()
    waiting: list[type] = list(kind.__subclasses__())
    while waiting:
        found = waiting.pop()
        if found not in seen:
            seen.add(found)
            waiting += found.__subclasses__()
            yield found


# ---- models, losses, data -----------------------------------------------------------


def _modules(run: TreatedRun, wrappers: Wrappers) -> None:
    models, compiling = run.models, torch.compiler.is_compiling
    running, moments = models.running, run.moments
    changing, inside = moments.wants("enter", "output", "left"), run.inside
    mark = INSIDE  # a wrapper sees its closure only

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def called(module: Any, /, *args: Any, **kwargs: Any) -> Any:
            if compiling():
                return original(module, *args, **kwargs)
            outside = changing and not running
            if not running:
                run.entered(module)
            if outside:
                args, kwargs = moments.change("enter", (args, kwargs), module)
            if models.collecting:
                models.called[id(module)] = module
            running.append(module)
            try:
                words = vars(module).get(mark)
                if words is None:
                    result = original(module, *args, **kwargs)
                else:
                    args = inside.entering(words, module, args, kwargs)
                    result = inside.leaving(words, module, original(module, *args, **kwargs))
            finally:
                running.pop()
                if module._parameters:  # noqa: SLF001
                    models.latest = module
                if outside:
                    moments.tell("left", module)
            return moments.change("output", result, module) if outside else result

        return called

    def loading(original: Callable[..., Any]) -> Callable[..., Any]:
        def load_state_dict(module: Any, /, *args: Any, **kwargs: Any) -> Any:
            result = original(module, *args, **kwargs)
            models.loaded(module, args[0] if args else kwargs.get("state_dict"))
            return result

        return load_state_dict

    wrappers.replace(nn.Module, "load_state_dict", loading)
    wrappers.replace(nn.Module, "__call__", make)


def _after(wrappers: Wrappers, owner: Any, name: str, tell: Callable[[Any], None]) -> None:
    """Have something told of an object whenever a method of it has run."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def method(instance: Any, /, *args: Any, **kwargs: Any) -> Any:
            result = original(instance, *args, **kwargs)
            tell(instance)
            return result

        return method

    wrappers.replace(owner, name, make)


def _loss(run: TreatedRun, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    moments, compiling = run.moments, torch.compiler.is_compiling
    judging = moments.wants("loss-value")

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def loss(*args: Any, **kwargs: Any) -> Any:
            args, kwargs = moments.change("loss", (args, kwargs), name)
            value = original(*args, **kwargs)
            if not judging or compiling():
                return value
            return moments.change("loss-value", value, (args, kwargs), name)

        return loss

    return make


def _backward(run: TreatedRun, wrappers: Wrappers) -> None:
    moments, inner = run.moments, torch._C._current_graph_task_id  # noqa: SLF001

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def backward(*args: Any, **kwargs: Any) -> Any:
            if inner() != -1:  # checkpointed blocks run backward inside backward
                return original(*args, **kwargs)
            moments.tell("backward")
            moments.tell("objective", args[0] if args else kwargs["tensors"])
            result = original(*args, **kwargs)
            moments.tell("after-backward")
            return result

        return backward

    wrappers.replace(torch.autograd, "backward", make)


def _batches(run: TreatedRun, wrappers: Wrappers) -> None:
    moments = run.moments

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def next_batch(iterator: Any) -> Any:
            return moments.change("batch", original(iterator), iterator)

        return next_batch

    wrappers.replace(dataloader._BaseDataLoaderIter, "__next__", make)  # noqa: SLF001


def _epochs(run: TreatedRun, wrappers: Wrappers) -> None:
    """A DataLoader is about to be gone through, once."""
    moments = run.moments

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def begun(loader: Any) -> Any:
            moments.tell("epoch", loader)
            return original(loader)

        return begun

    wrappers.replace(dataloader.DataLoader, "__iter__", make)
