"""Passes without gradients: in which mode dropout and batch-norm ran, and whether the result was judged.

`torch.no_grad` and `torch.inference_mode` are wrapped.  Where the user's code
enters one, modules are followed until it is left; not at every entry, since
loops enter one in every step for a metric or an average: a place in the code
is followed at its first entries and then ever more rarely.
"""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.module import register_module_forward_hook

from gradwise.trace.model import Fact
from gradwise.watch.activations import first_tensor
from gradwise.watch.structure import Structure
from gradwise.watch.wiring import MODE_MODULES
from gradwise.watch.wrapping import call_like, put

TORCH_FRAMES = os.path.dirname(torch.__file__) + os.sep
OWN_FRAMES = os.path.dirname(os.path.dirname(__file__)) + os.sep
DECORATED = "decorate_context"  # torch's frame between a decorated function and who calls it
CALLER = 3  # frames between `entered` and who enters: itself, what called it, the wrapper
DENSE_ENTRIES = 6  # of a place: all followed; later one in so many as were there before, over SPARSE
SPARSE = 4
# Methods with which predictions are made of an output, so that they can be compared with the truth.
JUDGING = ("argmax", "max", "topk", "round", "__gt__", "__ge__", "gt", "ge", "__sub__", "sub")
FUNCTIONS = ("argmax", "max", "topk", "round")  # the same as functions of torch
# Functions that drop units unless they are told not to: nobody's mode reaches them.
DROPPING = ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout")
DROPOUT_LAYERS = nn.modules.dropout.__file__
DROPPED = "F.dropout"  # how they are named among the modules


@dataclass
class PhaseTally:
    """What was seen of grad-free passes of the trained models since the last stage began."""

    steps: list[int] = field(default_factory=list)  # at which evaluations were seen, one for each
    active: int = 0  # of those, with the model and some of its modules in training mode
    by_loss: int = 0  # of the active, with a loss computed from the output
    modules: set[str] = field(default_factory=set)
    first_active: int = -1


class GradFree:
    """Follows modules in stretches of the user's code that switch gradients off."""

    def __init__(self) -> None:
        self._structure: Callable[[], Structure | None] = lambda: None
        self._steps: Callable[[], int] = lambda: 0
        self._contain: Callable[[Exception], None] = lambda _: None
        self.tally = PhaseTally()
        self.allowed = True  # off once anything was compiled
        self._entries: dict[tuple[int, int], int] = {}
        self._owner: Any = None  # the context that is followed
        self._undo: list[Callable[[], None]] = []
        self._training: set[str] = set()
        self._root_training = False
        self._ran = self._judged = self._by_loss = False
        self._dropped = self._repeated = False
        self._input: weakref.ref[Tensor] | None = None  # of the model's last pass
        self._told: tuple[Any, ...] = ()

    def attach(
        self,
        structure: Callable[[], Structure | None],
        steps: Callable[[], int],
        contain: Callable[[Exception], None],
    ) -> None:
        """What it asks for.

        Args:
            structure: gives the models being trained, or None.
            steps: gives the number of steps done.
            contain: takes an error of ours.
        """
        self._structure, self._steps, self._contain = structure, steps, contain

    def new_models(self) -> None:
        """Another stage begins."""
        self.tally, self._told = PhaseTally(), ()

    def entered(self, context: Any) -> None:
        """Gradients were switched off by ``context``."""
        if self._owner is not None or not self.allowed or torch.compiler.is_compiling():
            return
        frame = sys._getframe(CALLER)
        code = frame.f_code
        if code.co_name == DECORATED and code.co_filename.startswith(TORCH_FRAMES):
            frame = frame.f_back or frame
            code = frame.f_code
        if code.co_filename.startswith((TORCH_FRAMES, OWN_FRAMES)):
            return
        place = (id(code), frame.f_lineno)
        count = self._entries[place] = self._entries.get(place, 0) + 1
        if count > DENSE_ENTRIES and count % (count // SPARSE):
            return
        structure = self._structure()
        if structure is None or not structure.module_names or self._steps() == 0:
            return
        self._owner = context
        self._training, self._ran, self._root_training = set(), False, False
        self._judged = self._by_loss = self._dropped = self._repeated = False
        self._input = None
        self._undo.append(register_module_forward_hook(self._forward).remove)
        for name in DROPPING:
            self._wrap(functional, name, self._drops)

    def left(self, context: Any) -> None:
        """The context was left."""
        if context is self._owner:
            self._end()

    def switched(self) -> None:
        """A module was put into another mode: what ran before is judged by itself."""
        if self._owner is not None and self._ran:
            self._end()

    def _end(self) -> None:
        self.close()
        if self._ran and (self._judged or not self._root_training):
            self._count()

    def loss(self) -> None:
        """A loss was computed without gradients."""
        if self._ran:
            self._judged = self._by_loss = True

    def close(self) -> None:
        """Put everything back."""
        self._owner = None
        while self._undo:
            self._undo.pop()()

    def fact(self, step: int, final: bool = False) -> Fact | None:
        """What was counted so far, when it tells something new, or at the end."""
        tally = self.tally
        state = (bool(tally.active), tuple(sorted(tally.modules)))
        more = state != self._told[:2] or (final and (len(tally.steps), tally.active) != self._told[2:])
        if not tally.steps or not more:
            return None
        self._told = (*state, len(tally.steps), tally.active)
        gaps = [later - earlier for earlier, later in pairwise(tally.steps)]
        data = {
            "phases": len(tally.steps),
            "active": tally.active,
            "by_loss": tally.by_loss,
            "modules": sorted(tally.modules),
            "first_active": tally.first_active,
            "gap": median(gaps) if gaps else 0,
        }
        return Fact(max(step - 1, 0), "evaluation-modes", "", data)

    def evaluated(self, training: Collection[str], *, by_loss: bool) -> None:
        """An evaluation with gradients on was seen, in training mode.

        Args:
            training: dropout and batch-norm modules in training mode.
            by_loss: whether a loss was computed.
        """
        self._training, self._by_loss = set(training), by_loss
        self._add()

    def _count(self) -> None:
        if self._dropped and not self._repeated:
            self._training.add(DROPPED)
        elif not self._root_training:
            self._training.clear()  # layers that were switched on by themselves
        self._add()

    def _add(self) -> None:
        tally, step = self.tally, self._steps()
        active = bool(self._training)
        new = not tally.steps or step != tally.steps[-1]  # else another look in the same phase
        if new:
            tally.steps.append(step)
        if active and (new or tally.first_active < 0):
            tally.active += 1
            tally.by_loss += self._by_loss
            tally.modules |= self._training
            tally.first_active = step if tally.first_active < 0 else tally.first_active

    def _forward(self, module: nn.Module, inputs: Any, _output: Any) -> None:
        try:
            self._look(module, inputs)
        except Exception as error:  # noqa: BLE001  ours must not end theirs
            self._contain(error)

    def _look(self, module: nn.Module, inputs: Any) -> None:
        structure = self._structure()
        if structure is None:
            return
        key = id(module)
        if isinstance(module, MODE_MODULES):
            name = structure.module_names.get(key)
            if name is not None and module.training and acts(module):
                self._training.add(name)
        if key in structure.root_ids:
            self._repeat(inputs)
        if key in structure.root_ids and not self._ran:
            self._ran = True
            self._root_training = module.training
            if module.training:
                self._listen()

    def _repeat(self, inputs: Any) -> None:
        """The same batch twice running: an average over what dropout leaves, which is meant."""
        x = first_tensor(inputs)
        self._repeated = self._repeated or (x is not None and self._input is not None and self._input() is x)
        self._input = weakref.ref(x) if x is not None else None

    def _drops(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A function that drops units was called, by a layer that knows its mode or by the user's code."""
        share = args[1] if len(args) > 1 else kwargs.get("p", 0.5)
        on = args[2] if len(args) > 2 else kwargs.get("training", True)
        layer = sys._getframe(CALLER - 1).f_code.co_filename == DROPOUT_LAYERS
        self._dropped = self._dropped or bool(share > 0 and on and not layer)

    def _judge(self, _args: tuple[Any, ...], _kwargs: dict[str, Any]) -> None:
        self._judged = True

    def _listen(self) -> None:
        """From the first output on, see whether predictions are made of outputs."""
        for name in JUDGING:
            self._wrap(Tensor, name, self._judge)
        for name in FUNCTIONS:
            self._wrap(torch, name, self._judge)

    def _wrap(self, owner: Any, name: str, note: Callable[[tuple[Any, ...], dict[str, Any]], None]) -> None:
        original = getattr(owner, name)

        def method(*args: Any, **kwargs: Any) -> Any:
            note(args, kwargs)
            return original(*args, **kwargs)

        self._undo.append(put(owner, name, call_like(original, method, name)))


def acts(module: nn.Module) -> bool:
    """Whether training mode changes what the module does."""
    if isinstance(module, nn.modules.dropout._DropoutNd):
        return module.p > 0
    return bool(getattr(module, "track_running_stats", True))
