"""Losses written out by hand in an evaluation, where no graph tells of them.

``((model(x) - y) ** 2).mean()`` under ``no_grad`` leaves nothing to walk.  But
an evaluation begins with ``model.eval()``, and from there to ``model.train()``
or the next backward it costs training nothing to look: the model's outputs are
kept, and the methods of `torch.Tensor` that begin such a loss are wrapped.
What is subtracted from an output is its target, what picks from its
log-softmax are its labels; the loss that training uses is then taken of both.
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
from gradwise.watch.answering import Answers
from gradwise.watch.evaluation import Frames, user_frames
from gradwise.watch.handmade import HandMade, value_of
from gradwise.watch.phases import PhaseReader, recorded
from gradwise.watch.wrapping import call_like, put

KEPT_OUTPUTS = 4  # latest outputs that may be compared with something
ROUNDING = 1e-2  # largest difference of log-probabilities that are the same ones (bf16)

# Losses of training that a subtraction may begin.
DISTANCES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
LIKELIHOODS = ("cross_entropy", "nll_loss")  # ... and those that picking a score per row may

Tell = Callable[[str, Tensor, tuple[Any, ...], dict[str, Any], Frames], None]


class Ungraphed:
    """Reads hand-written losses of evaluations while it is open.

    Args:
        tell: takes a loss: function, value, (prediction, target), no keywords, the user's frames.
        contain: takes an error of ours.
    """

    def __init__(self, tell: Tell, contain: Callable[[Exception], None]) -> None:
        self._tell, self._contain = tell, contain
        self._undo: list[Callable[[], None]] = []
        self._roots: Collection[int] = ()
        self._functions: Collection[str] = ()
        self._outputs: deque[Tensor] = deque(maxlen=KEPT_OUTPUTS)
        self._busy = False  # our own arithmetic
        self.phases: PhaseReader | None = None  # looks at the inputs of the same evaluations
        self.answers: Answers | None = None  # ... and counts right answers

    def open(self, roots: Collection[int], functions: Collection[str]) -> None:
        """Begin to look.

        Args:
            roots: ids of the models whose outputs are predictions.
            functions: the losses that training uses; no others are read.
        """
        self.close()
        if self.phases is not None:
            self.phases.open(roots)
        if self.answers is not None:
            self.answers.open(roots)
        looks: list[tuple[str, Callable[..., HandMade | None]]]
        looks = [("__sub__", self._difference), ("sub", self._difference)]
        looks = looks if any(name in functions for name in DISTANCES) else []
        if any(name in functions for name in LIKELIHOODS):
            looks += [("__getitem__", self._indexed), ("gather", self._gathered)]
        if not looks:
            return
        self._roots, self._functions = roots, functions
        self._undo.append(register_module_forward_hook(self._output).remove)
        for name, look in looks:
            self._wrap(name, look)

    def close(self) -> None:
        """Put everything back and forget the outputs."""
        while self._undo:
            self._undo.pop()()
        self._outputs.clear()
        if self.answers is not None:
            self.answers.close()
        if self.phases is not None:
            self.phases.close()

    def _wrap(self, name: str, look: Callable[..., HandMade | None]) -> None:
        original = getattr(Tensor, name)
        outputs = self._outputs

        def method(tensor: Any, /, *args: Any, **kwargs: Any) -> Any:
            result = original(tensor, *args, **kwargs)
            if outputs and not self._busy and type(tensor) is Tensor:
                self._look(look, tensor, args, kwargs)
            return result

        self._undo.append(put(Tensor, name, call_like(original, method, name)))

    def _look(self, look: Callable[..., Any], tensor: Tensor, args: Any, kwargs: Any) -> None:
        self._busy = True
        try:
            found = None if recorded() else look(tensor, *args, **kwargs)
            if found is not None:
                arguments = (found.prediction, found.target)
                self._tell(found.function, value_of(found), arguments, {}, user_frames())
        except Exception as error:  # noqa: BLE001  ours must not end theirs
            self._contain(error)
        finally:
            self._busy = False

    def _output(self, module: nn.Module, _inputs: Any, output: Any) -> None:
        if id(module) not in self._roots:
            return
        tensor = first_tensor(output)
        plain = type(tensor) is Tensor and not is_functorch_wrapped_tensor(tensor) and not recorded()
        if plain and tensor is not None and not tensor.requires_grad and tensor.is_floating_point():
            self._outputs.append(tensor)

    def _is_output(self, tensor: Tensor) -> bool:
        """Whether these are an output's numbers, all of them, reshaped perhaps."""
        return any(
            tensor.data_ptr() == output.data_ptr()
            and tensor.numel() == output.numel()
            and tensor.dtype == output.dtype
            for output in self._outputs
        )

    def _difference(self, first: Tensor, second: Any = None, **kwargs: Any) -> HandMade | None:
        if kwargs or type(second) is not Tensor or first.numel() != second.numel() or not first.numel():
            return None
        left, right = self._is_output(first), self._is_output(second)
        if left == right:  # of two outputs neither is the target
            return None
        prediction, target = (first, second) if left else (second, first)
        if target.requires_grad or prediction.shape != target.shape:
            return None
        function = next(name for name in DISTANCES if name in self._functions)
        return HandMade(function, prediction, target, None)

    def _indexed(self, scores: Tensor, index: Any) -> HandMade | None:
        if not isinstance(index, tuple) or len(index) != 2 or not isinstance(index[1], Tensor):
            return None
        rows, labels = index
        if isinstance(rows, Tensor):
            rows = rows.tolist()
        in_order = isinstance(rows, range | list) and list(rows) == list(range(len(scores)))
        return self._likelihood(scores, labels) if in_order else None

    def _gathered(self, scores: Tensor, dim: int = 1, index: Any = None) -> HandMade | None:
        column = isinstance(index, Tensor) and index.dim() == 2 and index.shape[1] == 1
        return self._likelihood(scores, index[:, 0]) if column and dim in (1, -1) else None

    def _likelihood(self, scores: Tensor, labels: Tensor) -> HandMade | None:
        if scores.dim() != 2 or labels.shape != scores.shape[:1] or labels.is_floating_point():
            return None
        for output in self._outputs:
            if output.shape == scores.shape:
                expected = output.float().log_softmax(1)
                if torch.allclose(scores.float(), expected, rtol=ROUNDING, atol=ROUNDING):
                    function = next(name for name in LIKELIHOODS if name in self._functions)
                    return HandMade(function, output, labels, None)
        return None
