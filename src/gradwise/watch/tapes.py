"""Which training steps are written down call by call, and what is kept beside them."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.optim import Optimizer
from torch.utils._pytree import tree_leaves

from gradwise.trace.captured import CapturedBatch, CapturedState
from gradwise.trace.tape import Tape, Taped
from gradwise.watch.copies import bytes_of, copied, groups_of, moments_of
from gradwise.watch.taping import Recorder, Unwritable

TAPES = 8  # latest steps that are kept
FEWEST = 2  # one alone may be of another training than the next
MOST_STATE_BYTES = 256 << 20  # of weights and optimizer state
MOST_INITIAL_BYTES = 64 << 20  # of the weights before the first step
# In evaluation these take another way, of other numbers, where functions are written down.
TAKES_ANOTHER_WAY = (nn.MultiheadAttention, nn.TransformerEncoderLayer, nn.TransformerEncoder)


class Tapes:
    """Collects `Taped` over a run, from when a step turned out to be no single call of a model and a loss.

    Args:
        spend: told of the seconds that writing took within the user's step.
    """

    def __init__(self, spend: Callable[[float], None]) -> None:
        self.spend = spend
        self.wanted = False
        self.problem = ""
        self.initial: CapturedState | None = None
        self._batches: deque[CapturedBatch] = deque(maxlen=TAPES)
        self._state: CapturedState | None = None
        self._optimizers: list[Any] = []  # in the order in which they step
        self._copies: dict[int, tuple[weakref.ref[Tensor], int, Tensor]] = {}
        self._handle: Any = None
        self._recorder: Recorder | None = None
        self._forget()

    def _forget(self) -> None:
        self._tape: Tape | None = None
        self._before: CapturedState | None = None
        self._step = self._backwards = 0
        self._loss: Tensor | None = None
        self._stepped: list[Any] = []
        self._first: list[CapturedState | None] = []  # of each that stepped, before it did

    @property
    def _trained(self) -> list[Tensor]:
        return trained_by(self._optimizers)

    # ---- told by the capture --------------------------------------------------------

    def arm(self, step: int) -> None:
        """A sampled step begins: it is written down from the first module on that runs with gradients."""
        self.disarm()
        self._step = step
        if self._optimizers:
            self._handle = register_module_forward_pre_hook(self._entering)

    def disarm(self) -> None:
        """Leave torch as it was and forget an unfinished step."""
        if self._handle is not None:
            self._handle.remove()
            self._handle = None
        self._close()
        self._forget()

    def backward(self, root: Tensor) -> None:
        """A backward pass begins at ``root``."""
        self._backwards += 1
        recorder = self._recorder
        if recorder is None or self._backwards > 1:
            return
        try:
            if root.numel() != 1:
                raise Unwritable("no single number was descended")
            self._tape = recorder.tape(root)
            self._loss = root.detach().clone()
        except Unwritable as reason:
            self.problem = str(reason)

    def stepping(self, optimizer: Any, step: int) -> None:
        """An optimizer is about to step."""
        self._close()
        self._stepped.append(optimizer)
        if step == 0 and isinstance(optimizer, Optimizer):
            own = trained_by([optimizer])
            small = bytes_of(own) <= MOST_INITIAL_BYTES
            self._first.append(_state(0, own, [optimizer], moments=False) if small else None)

    def finish(self, step: int) -> bool:
        """The sampled step is over; whether it was kept."""
        tape, before, stepped = self._tape, self._before, self._stepped
        kept = False
        if not stepped or not all(isinstance(optimizer, Optimizer) for optimizer in stepped):
            self._optimizers = []
        elif [*map(id, stepped)] != [*map(id, self._optimizers)]:
            self._begin(stepped)
        elif tape is not None and before is not None and self._loss is not None:
            kept, loss = self._backwards == 1, float(self._loss)
            if not kept:
                self.problem = f"{self._backwards} backward passes make one step"
            else:
                self._batches.append(CapturedBatch(step, (), {}, "", None, (), {}, loss, loss, tape=tape))
                self._state = before
        self.disarm()
        return kept

    def _begin(self, stepped: list[Any]) -> None:
        """These optimizers train from now on."""
        self._optimizers = list(stepped)
        self._batches.clear()
        self._state = self.initial = None
        first = [state for state in self._first if state is not None]
        if len(first) == len(stepped) == len({*map(id, stepped)}):
            tensors = [tensor for state in first for tensor in state.tensors.values()]
            groups = tuple(group for state in first for group in state.groups)
            self.initial = CapturedState(0, {str(n): t for n, t in enumerate(tensors)}, groups)

    # ---- asked by probes ------------------------------------------------------------

    def taped(self) -> Taped | None:
        """What was kept; None where fewer than two steps were."""
        if len(self._batches) < FEWEST or self._state is None:
            return None
        kept = tuple(self._trained), tuple(self._optimizers), tuple(self._batches)
        return Taped(*kept, self._state, self.initial)

    # ---- within ---------------------------------------------------------------------

    def _entering(self, module: nn.Module, _args: Any) -> None:
        begin = perf_counter()
        try:
            if not torch.is_grad_enabled():
                if self._recorder is not None and isinstance(module, TAKES_ANOTHER_WAY):
                    self.problem = "an evaluation runs within the step"
                    self._close()
                    self._tape = None
            elif self._recorder is None and not self._backwards and not torch.compiler.is_compiling():
                self._open()
        except Exception as error:  # noqa: BLE001  ours must not end theirs
            self.problem = f"{type(error).__name__} while a step was taped"
        self.spend(perf_counter() - begin)

    def _open(self) -> None:
        if self._before is not None:
            return
        states = [state for optimizer in self._optimizers for state in optimizer.state.values()]
        if bytes_of(tree_leaves((self._trained, states))) > MOST_STATE_BYTES:
            self.problem = "the weights are too large to keep a copy of"
            return
        self._before = _state(self._step, self._trained, self._optimizers)
        self._recorder = Recorder(self._trained, self._copies)
        self._recorder.open()

    def _close(self) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.close()
            self.problem = recorder.problem or self.problem
            self.spend(recorder.spent)
            self._copies = {key: held for key, held in self._copies.items() if held[0]() is not None}


def trained_by(optimizers: list[Any]) -> list[Tensor]:
    """Their parameters, group by group."""
    return [p for optimizer in optimizers for group in optimizer.param_groups for p in group["params"]]


def _state(step: int, tensors: list[Tensor], optimizers: list[Any], *, moments: bool = True) -> CapturedState:
    """Copies of parameters, named by their number, and of the optimizers; groups are counted through."""
    groups: list[dict[str, Any]] = []
    held: dict[tuple[int, int], dict[str, Any]] = {}
    for optimizer in optimizers:
        if moments:
            held |= {(len(groups) + g, i): each for (g, i), each in moments_of(optimizer).items()}
        groups += groups_of(optimizer)
    return CapturedState(step, {str(n): copied(t) for n, t in enumerate(tensors)}, tuple(groups), held)
