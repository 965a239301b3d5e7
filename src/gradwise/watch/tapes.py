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
        self._optimizer: Any = None
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

    @property
    def _trained(self) -> list[Tensor]:
        return [p for group in self._optimizer.param_groups for p in group["params"]]

    # ---- told by the capture --------------------------------------------------------

    def arm(self, step: int) -> None:
        """A sampled step begins: it is written down from the first module on that runs with gradients."""
        self.disarm()
        self._step = step
        if self._optimizer is not None:
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
        if not isinstance(optimizer, Optimizer):
            return
        if optimizer is not self._optimizer and len(self._stepped) == 1:
            self._optimizer = optimizer  # the first, or another training begins
            self._batches.clear()
            self._state = self.initial = None
            if step == 0 and bytes_of(self._trained) <= MOST_INITIAL_BYTES:
                self.initial = CapturedState(0, self._weights(), groups_of(optimizer))

    def finish(self, step: int) -> bool:
        """The sampled step is over; whether it was kept."""
        tape, before, stepped = self._tape, self._before, self._stepped
        if tape is None or before is None or self._loss is None:
            kept = False
        elif self._backwards > 1:
            kept, self.problem = False, f"{self._backwards} backward passes make one step"
        elif len(stepped) != 1 or stepped[0] is not self._optimizer:
            kept, self.problem = False, "no single optimizer takes the steps"
        else:
            kept, loss = True, float(self._loss)
            self._batches.append(CapturedBatch(step, (), {}, "", None, (), {}, loss, loss, tape=tape))
            self._state = before
        self.disarm()
        return kept

    # ---- asked by probes ------------------------------------------------------------

    def taped(self) -> Taped | None:
        """What was kept; None where no step was."""
        if not self._batches or self._state is None:
            return None
        return Taped(tuple(self._trained), self._optimizer, tuple(self._batches), self._state, self.initial)

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
        states = list(self._optimizer.state.values())
        if bytes_of(tree_leaves((self._trained, states))) > MOST_STATE_BYTES:
            self.problem = "the weights are too large to keep a copy of"
            return
        optimizer = self._optimizer
        self._before = CapturedState(self._step, self._weights(), groups_of(optimizer), moments_of(optimizer))
        self._recorder = Recorder(self._trained, self._copies)
        self._recorder.open()

    def _close(self) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.close()
            self.problem = recorder.problem or self.problem
            self.spend(recorder.spent)
            self._copies = {key: held for key, held in self._copies.items() if held[0]() is not None}

    def _weights(self) -> dict[str, Any]:
        return {str(number): copied(p) for number, p in enumerate(self._trained)}
