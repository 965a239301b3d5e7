"""Keeping what a few training steps were made of, so that probes can repeat them on a copy.

Only at sampled steps, and only when probes may run.  Nothing of the user's is held but the model
and the optimizer themselves; batches, weights and random states are copies.
"""

from __future__ import annotations

import copy
import random
import sys
from collections import deque
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

import torch
import torch.nn.modules.module as torch_modules
from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils._pytree import tree_leaves, tree_map

from gradwise.trace.captured import Captured, CapturedBatch, CapturedState
from gradwise.watch.handmade import HandMade, value_of

BATCHES = 8  # latest batches that are kept
DENSE = 4  # steps at the start that are all captured
GROWTH = 1.2  # later ones lie this factor apart
MOST_BATCH_BYTES = 64 << 20  # of one batch
MOST_STATE_BYTES = 512 << 20  # of weights and optimizer state
MOST_INITIAL_BYTES = 64 << 20  # of the weights before the first step
SHUFFLING = ("RandomSampler", "WeightedRandomSampler", "SubsetRandomSampler", "DistributedSampler")


class Capture:
    """Collects `Captured` over a run; the sampler tells it what happens in sampled steps.

    Args:
        spend: told of the seconds that copying took within the user's forward pass.
    """

    def __init__(self, spend: Callable[[float], None]) -> None:
        self.spend = spend
        self.batches: deque[CapturedBatch] = deque(maxlen=BATCHES)
        self.state: CapturedState | None = None
        self.initial: CapturedState | None = None
        self.model: nn.Module | None = None
        self.optimizer: Any = None
        self.backwards = 1
        self.problem = "no training step was captured"
        self._next_step = 0
        self._handles: list[Any] = []
        self._root: nn.Module | None = None
        self._step = 0
        self._optimizers: dict[int, Any] = {}
        self._forget()

    def _forget(self) -> None:
        self._call: dict[str, Any] | None = None
        self._before: CapturedState | None = None
        self._losses: list[dict[str, Any]] = []
        self._calls = self._backwards = 0
        self._descended: Tensor | None = None

    @property
    def open(self) -> bool:
        """Whether this step is being captured."""
        return self._call is not None

    # ---- told by the sampler --------------------------------------------------------

    def arm(self, step: int, roots: list[nn.Module]) -> None:
        """A sampled step begins; ``roots`` are the models known so far."""
        self.disarm()
        self._step = step
        if step < self._next_step or not roots:
            return
        if len(roots) > 1:
            self.problem = f"{len(roots)} models are trained together"
            return
        self._root = roots[0]
        # Hooks of all modules, since those of one would be seen on the user's model.
        self._handles.append(register_module_forward_pre_hook(self._entering))
        self._handles.append(register_module_forward_hook(self._left, with_kwargs=True))

    def disarm(self) -> None:
        """Take the hooks off and forget an unfinished step."""
        while self._handles:
            handle = self._handles.pop()
            handle.remove()
            # torch (2.13) keeps the id of a removed hook here, takes the slow way of calling modules
            # ever after, and warns the user of hooks at every compiled module.
            torch_modules._global_forward_hooks_with_kwargs.pop(handle.id, None)
        self._root = None
        self._forget()

    def loss(self, function: str, out: Tensor, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """A recognised loss function returned ``out`` in this step."""
        if self._call is None or self._backwards or is_functorch_wrapped_tensor(out):
            return
        named = dict(kwargs)
        prediction = args[0] if args else named.pop("input", None)
        given = (*args[1:], *named.values())
        outside = any(isinstance(t, Tensor) and t.requires_grad for t in tree_leaves(given))
        self._losses.append(
            {
                "function": function,
                "prediction": _copied(prediction),
                "loss_args": _copied(args[1:]),
                "loss_kwargs": _copied(named),
                "loss": out.detach().clone(),
                "outside": outside or not isinstance(prediction, Tensor),
            }
        )

    def handmade(self, found: HandMade) -> None:
        """No loss function was called; this was recognised in the graph."""
        if self._call is not None and not self._losses:
            self._losses.append(
                {
                    "function": found.function,
                    "prediction": _copied(found.prediction),
                    "loss_args": (_copied(found.target),),
                    "loss_kwargs": {},
                    "loss": value_of(found).detach().clone(),
                    "outside": False,
                    "by_hand": True,
                }
            )

    def backward(self, root: Tensor) -> None:
        """A backward pass begins at ``root``."""
        if self._call is not None and not self._backwards and root.numel() == 1:
            self._descended = root.detach().clone()
        self._backwards += 1

    def stepping(self, optimizer: Any, roots: list[nn.Module]) -> None:
        """An optimizer is about to step."""
        self._optimizers[id(optimizer)] = optimizer
        if self._step == 0 and self.initial is None and len(roots) == 1:
            tensors = _tensors(roots[0])
            if _bytes(tensors.values()) <= MOST_INITIAL_BYTES:
                self.initial = CapturedState(0, _copied(tensors), _groups(optimizer))

    def finish(self) -> None:
        """The sampled step is over."""
        optimizers, self._optimizers = self._optimizers, {}
        if self._call is None:
            return
        problem = self._refusal()
        if not problem:
            told = dict(self._losses[0])
            told.pop("outside")
            told["loss"] = float(told["loss"].double().mean())
            descended = float("nan") if self._descended is None else float(self._descended)
            self.batches.append(CapturedBatch(**self._call, **told, descended=descended))
            self.optimizer = next(iter(optimizers.values())) if len(optimizers) == 1 else None
            self.state, self.backwards = self._before, max(self._backwards, 1)
            self._next_step = self._step + 1 if self._step < DENSE else int(self._step * GROWTH) + 1
        elif not self.batches:
            self.problem = problem
        self.disarm()

    # ---- asked by probes ------------------------------------------------------------

    def captured(self, loader: Any = None) -> Captured:
        """What was kept; ``loader`` is the DataLoader iterator that fed the training."""
        batches = getattr(loader, "_index_sampler", None)
        order = getattr(batches, "sampler", batches)
        return Captured(
            model=self.model,
            optimizer=self.optimizer,
            batches=tuple(self.batches),
            state=self.state,
            initial=self.initial,
            batch_size=int(getattr(batches, "batch_size", 0) or 0),
            shuffled=type(order).__name__ in SHUFFLING,
            backwards=self.backwards,
            problem="" if self.batches else self.problem,
        )

    # ---- within ---------------------------------------------------------------------

    def _entering(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        if module is not self._root or not torch.is_grad_enabled() or torch.compiler.is_compiling():
            return
        begin = perf_counter()
        try:
            self._calls += self._backwards == 0
            if self._call is None and not self._backwards:
                self._keep(module, args)
        except Exception as error:  # noqa: BLE001  ours must not end theirs
            self.problem, self._call = f"{type(error).__name__} while a step was captured", None
        self.spend(perf_counter() - begin)

    def _left(self, module: nn.Module, _args: Any, kwargs: dict[str, Any], _output: Any) -> None:
        """The model has run; only now are its named arguments known."""
        if module is self._root and self._call is not None and kwargs and not self._call["kwargs"]:
            begin = perf_counter()
            if _bytes(tree_leaves(kwargs)) > MOST_BATCH_BYTES:
                self.problem, self._call = "a batch is too large to keep a copy of", None
            else:
                self._call["kwargs"] = _copied(kwargs)
            self.spend(perf_counter() - begin)

    def _keep(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        if _bytes(tree_leaves(args)) > MOST_BATCH_BYTES:
            self.problem = "a batch is too large to keep a copy of"
            return
        if module is not self.model:  # the first, or other models are trained from now on
            self.batches.clear()
            self.initial = self.initial if self.model is None else None
            self.state, self.model = None, module
        tensors = _tensors(module)
        optimizer = self.optimizer
        states = list(optimizer.state.values()) if optimizer is not None else []
        if _bytes(tree_leaves((tensors, states))) > MOST_STATE_BYTES:
            self.problem = "the weights are too large to keep a copy of"
            return
        self._before = CapturedState(self._step, _copied(tensors), _groups(optimizer), _moments(optimizer))
        self._call = {
            "step": self._step,
            "args": _copied(args),
            "kwargs": {},
            "random": _random([*tree_leaves(args), *module.parameters()]),
            "modes": {name: part.training for name, part in module.named_modules()},
            "autocast": _autocast(),
        }

    def _refusal(self) -> str:
        """Why this step cannot be repeated; "" where nothing speaks against it."""
        if self._calls > 1:
            return f"the model runs {self._calls} times in one training step"
        if not self._losses:
            return "the loss is computed in a way that is not recognised"
        if len(self._losses) > 1:
            return f"the loss is put together from {len(self._losses)} loss functions"
        if self._losses[0]["outside"]:
            return f"more than one argument of {self._losses[0]['function']} depends on the model"
        if self._losses[0]["loss"].dim():
            return "the loss is averaged outside the loss function"
        if self._descended is None:
            return "no single number was descended"
        return ""


def _copied(value: Any) -> Any:
    """A structure with its tensors detached and copied; everything else as it is."""
    copies: Callable[[Any], Any] = lambda t: t.detach().clone() if isinstance(t, Tensor) else t  # noqa: E731
    return tree_map(copies, value)


def _tensors(module: nn.Module) -> dict[str, Tensor]:
    held: dict[str, Tensor] = dict(module.named_parameters(remove_duplicate=False))
    held.update(module.named_buffers(remove_duplicate=False))
    return held


def _bytes(values: Any) -> int:
    return sum(t.numel() * t.element_size() for t in values if isinstance(t, Tensor))


def _groups(optimizer: Any) -> tuple[dict[str, Any], ...]:
    if optimizer is None:
        return ()
    return tuple(
        {key: _copied(value) for key, value in group.items() if key != "params"}
        for group in optimizer.param_groups
    )


def _moments(optimizer: Any) -> dict[tuple[int, int], dict[str, Any]]:
    if optimizer is None:
        return {}
    return {
        (g, i): {key: _copied(copy.copy(value)) for key, value in optimizer.state[parameter].items()}
        for g, group in enumerate(optimizer.param_groups)
        for i, parameter in enumerate(group["params"])
        if parameter in optimizer.state
    }


def _random(tensors: list[Any]) -> dict[str, Any]:
    """Random states as they are; reading them draws nothing."""
    states: dict[str, Any] = {"torch": torch.get_rng_state(), "python": random.getstate()}
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        states["numpy"] = numpy.random.get_state()
    device = next((t.device for t in tensors if isinstance(t, Tensor) and t.device.type == "cuda"), None)
    if device is not None:
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def _autocast() -> dict[str, Any]:
    return {
        kind: torch.get_autocast_dtype(kind) for kind in ("cpu", "cuda") if torch.is_autocast_enabled(kind)
    }
