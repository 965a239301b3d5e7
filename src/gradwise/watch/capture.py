"""Keeping what a few training steps were made of, so that probes can repeat them on a copy.

Only at sampled steps, and only when probes may run.  Nothing of the user's is held but the model
and the optimizer themselves; batches, weights and random states are copies.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any

import torch
import torch.nn.modules.module as torch_modules
from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils._pytree import tree_leaves

from gradwise.trace.captured import Captured, CapturedBatch, CapturedState
from gradwise.watch.copies import (
    autocast_on,
    bytes_of,
    copied,
    groups_of,
    moments_of,
    random_states,
    tensors_of,
)
from gradwise.watch.handmade import HandMade, value_of
from gradwise.watch.tapes import Tapes

BATCHES = 8  # latest batches that are kept
DENSE = 4  # steps at the start that are all captured
GROWTH = 1.2  # later ones lie this factor apart
ROUNDING = 1e-4  # relative difference that another order of summation makes in float32; ours
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
        self.tapes = Tapes(spend)
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
        if step < self._next_step:
            return
        if self.tapes.wanted:
            self.tapes.arm(step)
            return
        if len(roots) != 1:
            if roots:
                self.problem = f"{len(roots)} models are trained together"
            self.tapes.wanted = bool(roots)
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
        self.tapes.disarm()
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
                "prediction": copied(prediction),
                "loss_args": copied(args[1:]),
                "loss_kwargs": copied(named),
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
                    "prediction": copied(found.prediction),
                    "loss_args": (copied(found.target),),
                    "loss_kwargs": {},
                    "loss": value_of(found).detach().clone(),
                    "outside": False,
                    "by_hand": True,
                }
            )

    def backward(self, root: Tensor) -> None:
        """A backward pass begins at ``root``."""
        self.tapes.backward(root)
        if self._call is not None and not self._backwards and root.numel() == 1:
            self._descended = root.detach().clone()
        self._backwards += 1

    def stepping(self, optimizer: Any, roots: list[nn.Module]) -> None:
        """An optimizer is about to step."""
        self.tapes.stepping(optimizer, self._step)
        self._optimizers[id(optimizer)] = optimizer
        if self._step == 0 and self.initial is None and len(roots) == 1:
            tensors = tensors_of(roots[0])
            if bytes_of(tensors.values()) <= MOST_INITIAL_BYTES:
                self.initial = CapturedState(0, copied(tensors), groups_of(optimizer))

    def finish(self) -> None:
        """The sampled step is over."""
        optimizers, self._optimizers = self._optimizers, {}
        if self.tapes.finish(self._step):
            self._pace()
        if self._call is None:
            if self._root is not None and self._backwards and not self.batches:
                self.problem, self.tapes.wanted = "the model itself is never called in training", True
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
            self.tapes.wanted = _more_is_descended(self.batches)
            self._pace()
        elif not self.batches:
            self.problem, self.tapes.wanted = problem, True
        self.disarm()

    def _pace(self) -> None:
        self._next_step = self._step + 1 if self._step < DENSE else int(self._step * GROWTH) + 1

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
            taped=self.tapes.taped(),
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
            if bytes_of(tree_leaves(kwargs)) > MOST_BATCH_BYTES:
                self.problem, self._call = "a batch is too large to keep a copy of", None
            else:
                self._call["kwargs"] = copied(kwargs)
            self.spend(perf_counter() - begin)

    def _keep(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        if bytes_of(tree_leaves(args)) > MOST_BATCH_BYTES:
            self.problem = "a batch is too large to keep a copy of"
            return
        if module is not self.model:  # the first, or other models are trained from now on
            self.batches.clear()
            self.initial = self.initial if self.model is None else None
            self.state, self.model = None, module
        tensors = tensors_of(module)
        optimizer = self.optimizer
        states = list(optimizer.state.values()) if optimizer is not None else []
        if bytes_of(tree_leaves((tensors, states))) > MOST_STATE_BYTES:
            self.problem = "the weights are too large to keep a copy of"
            return
        self._before = CapturedState(self._step, copied(tensors), groups_of(optimizer), moments_of(optimizer))
        self._call = {
            "step": self._step,
            "args": copied(args),
            "kwargs": {},
            "random": random_states([*tree_leaves(args), *module.parameters()]),
            "modes": {name: part.training for name, part in module.named_modules()},
            "autocast": autocast_on(),
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


def _more_is_descended(batches: Sequence[CapturedBatch]) -> bool:
    """Whether the loss function's value is no fixed share of what the script descends."""
    ratios = [b.descended / b.loss for b in batches if b.loss and math.isfinite(b.loss)]
    return any(abs(ratio - ratios[0]) > ROUNDING * abs(ratios[0]) for ratio in ratios)
