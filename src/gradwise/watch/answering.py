"""Accuracies counted by hand in an evaluation: answers made of the model's outputs, compared with the truth.

``(model(x).argmax(1) == y).sum()`` calls no loss function.  From ``eval()`` to
``train()`` or the next backward it costs training nothing to look: the model's
outputs are remembered by shape, what picks a class, rounds or compares with a
threshold makes answers of them, and an equality with answers on one side tells
how many are right.  The comparison itself is the script's own; only its sum is taken.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from typing import Any

import torch
from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor
from torch.nn.modules.module import register_module_forward_hook

from gradwise.watch.activations import first_tensor
from gradwise.watch.evaluation import Entry, Frames, user_frames
from gradwise.watch.phases import recorded
from gradwise.watch.wrapping import call_like, put

PLACE = "accuracy"  # stands where a loss function's name does
KEPT = 8  # latest outputs and answers that are remembered
MOST = 4096  # comparisons of one phase
PICKING = ("argmax", "max")
DECIDING = ("round", "__gt__", "gt", "__ge__", "ge")
RECASTING = ("float", "long", "int", "double", "bool", "to", "type", "squeeze", "view", "reshape", "flatten")
COMPARING = ("__eq__", "eq")


class Answers:
    """Counts right answers while it is open.

    Args:
        tell: takes what one comparison comes to.
        contain: takes an error of ours.
    """

    def __init__(self, tell: Callable[[Entry], None], contain: Callable[[Exception], None]) -> None:
        self._tell, self._contain = tell, contain
        self._undo: list[Callable[[], None]] = []
        self._roots: Collection[int] = ()
        self._shapes: deque[torch.Size] = deque(maxlen=KEPT)
        self._answers: deque[Tensor] = deque(maxlen=KEPT)
        self._left = 0
        self._busy = False

    def open(self, roots: Collection[int]) -> None:
        """Begin to look.

        Args:
            roots: ids of the models whose outputs are judged.
        """
        self.close()
        self._roots, self._left = roots, MOST
        self._undo.append(register_module_forward_hook(self._output).remove)
        for names, look in ((PICKING, self._picked), (DECIDING, self._decided), (RECASTING, self._recast)):
            for name in names:
                self._wrap(Tensor, name, look)
        for name in PICKING:
            self._wrap(torch, name, self._picked)
        self._wrap(torch, "round", self._decided)
        for owner, name in ((Tensor, "__eq__"), (Tensor, "eq"), (torch, "eq")):
            self._wrap(owner, name, self._compared)

    def close(self) -> None:
        """Put everything back and forget."""
        while self._undo:
            self._undo.pop()()
        self._shapes.clear()
        self._answers.clear()

    def _wrap(self, owner: Any, name: str, look: Callable[[Any, tuple[Any, ...]], None]) -> None:
        original = getattr(owner, name)
        shapes = self._shapes

        def call(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            if shapes and not self._busy and args and type(args[0]) is Tensor:
                self._look(look, result, args)
            return result

        self._undo.append(put(owner, name, call_like(original, call, name)))

    def _look(self, look: Callable[[Any, tuple[Any, ...]], None], result: Any, args: tuple[Any, ...]) -> None:
        self._busy = True
        try:
            if not recorded() and not is_functorch_wrapped_tensor(args[0]):
                look(result, args)
        except Exception as error:  # noqa: BLE001  ours must not end theirs
            self._contain(error)
        finally:
            self._busy = False

    def _output(self, module: nn.Module, _inputs: Any, output: Any) -> None:
        if id(module) not in self._roots:
            return
        tensor = first_tensor(output)
        if type(tensor) is Tensor and tensor.is_floating_point() and not is_functorch_wrapped_tensor(tensor):
            self._shapes.append(tensor.shape)

    def _picked(self, result: Any, args: tuple[Any, ...]) -> None:
        """A class for each row: the index of the largest score."""
        answers = result[1] if isinstance(result, tuple) else result
        scores = args[0]
        if scores.dim() < 2 or not scores.is_floating_point() or scores.shape not in self._shapes:
            return
        if type(answers) is Tensor and not answers.is_floating_point() and 0 < answers.dim() <= scores.dim():
            self._answers.append(answers)

    def _decided(self, result: Any, args: tuple[Any, ...]) -> None:
        """One number for each row, rounded or on one side of a threshold."""
        size = args[0].numel()
        single = any(shape.numel() == size and shape[1:].numel() == 1 for shape in self._shapes)
        threshold = len(args) < 2 or isinstance(args[1], int | float)
        if type(result) is Tensor and single and threshold and args[0].is_floating_point() and size:
            self._answers.append(result)

    def _recast(self, result: Any, args: tuple[Any, ...]) -> None:
        if type(result) is Tensor and result is not args[0] and self._known(args[0]):
            self._answers.append(result)

    def _compared(self, result: Any, args: tuple[Any, ...]) -> None:
        """Answers and the truth: as many of each, and one verdict for each pair."""
        if len(args) < 2 or type(args[1]) is not Tensor or type(result) is not Tensor or self._left <= 0:
            return
        if not args[0].numel() == args[1].numel() == result.numel() > 0:
            return
        if self._known(args[0]) or self._known(args[1]):
            self._left -= 1
            frames: Frames = user_frames()
            right = result.sum()
            value = float(right.item()) if right.is_cpu else right
            self._tell(Entry((PLACE, frames), 0.0, 0, value, result.numel()))

    def _known(self, tensor: Any) -> bool:
        return any(tensor is answers for answers in self._answers)
