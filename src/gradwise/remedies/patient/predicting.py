"""Regression in the scale of its targets, while the script goes on in its own units."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from gradwise.remedies.patient.columns import Columns, Origins, near_unit
from gradwise.remedies.patient.learning import learn_from

if TYPE_CHECKING:
    from gradwise.remedies.patient.chart import Line
    from gradwise.remedies.patient.handle import Patient

DISTANCES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
MOST_OUTPUTS = 8  # of models, that are remembered until their loss


def scale_targets(patient: Patient, most: int) -> None:
    """Let a model learn targets of mean 0 and deviation 1, and put out the script's units.

    Args:
        patient: the cure's hold.
        most: losses whose targets are counted, where the data set is not known.
    """
    scaling = _Scaling(patient, most)
    patient.at("output", scaling.output)
    learn_from(patient, DISTANCES, scaling.learn, "distances were taken between scaled targets and outputs")


class _Scaling:
    def __init__(self, patient: Patient, most: int) -> None:
        self.patient, self.most = patient, most
        self.origins = Origins(patient)
        self.columns: Columns | None = None
        self.batches, self.open = 0, True
        self.module: weakref.ref[nn.Module] | None = None  # whose outputs are the predictions
        self.place: int | None = None  # among several that it puts out
        self.line: Line | None = None
        self._latest: list[tuple[nn.Module, int | None, Tensor, Tensor]] = []  # its output, and as given on

    # ---- what a model puts out ------------------------------------------------------

    def output(self, result: Any, module: nn.Module) -> Any:
        """Give what a model puts out on in the script's units, once they are known."""
        if not any(True for _ in module.parameters()):
            return None
        mine = self.module is not None and self.module() is module and self.columns is not None
        if not mine:
            for place, value in _tensors(result):
                self._remember(module, place, value, value)
            return None
        found = dict(_tensors(result)).get(self.place)
        if found is None or not self._fits(found):
            return None
        mean, deviation = self._numbers(found)
        given = found * deviation + mean
        self._remember(module, self.place, found, given)
        if self.line is not None:
            self.line.times += 1
        if self.place is None:
            return given
        values = list(result)
        values[self.place] = given
        return type(result)(values)

    def _remember(self, module: nn.Module, place: int | None, found: Tensor, given: Tensor) -> None:
        if torch.is_grad_enabled():
            self._latest = [*self._latest[1 - MOST_OUTPUTS :], (module, place, found, given)]

    # ---- losses ---------------------------------------------------------------------

    def learn(self, _name: str, given: Any, function: Any) -> Tensor | None:
        """The loss between scaled target and output; None where they are not known."""
        prediction, target = given["input"], given["target"]
        if not target.is_floating_point() or target.requires_grad:
            return None
        source = next((each for each in reversed(self._latest) if _shares(each[3], prediction)), None)
        if self.module is None and not self._begin(source, target):
            return None
        if source is None or self.module is None or source[0] is not self.module():
            return None
        if self.open:
            self._count(target)
        if self.columns is None or not self._fits(target):
            return None
        if source[2].numel() == prediction.numel():
            scaled = source[2].reshape(prediction.shape)
        elif source[2] is source[3]:
            scaled = prediction
        else:  # the script took a part of it
            mean, deviation = self._numbers(prediction)
            scaled = (prediction - mean) / deviation
        mean, deviation = self._numbers(target)
        learnt: Tensor = function(**{**given, "input": scaled, "target": (target - mean) / deviation})
        self._latest.clear()
        return learnt

    def _begin(self, source: Any, target: Tensor) -> bool:
        if source is None:
            self.patient.could_not("a loss is not taken of what a model puts out, and is left")
            return False
        first = self._columns(target)
        if bool((first.deviation == 0).any()) or near_unit(first):
            self.patient.could_not("targets are at unit scale already, or do not vary")
            return False
        if first.mean.numel() > 1 and not first.fits(source[2]):
            self.patient.could_not("the model puts out other columns than targets have, and is left")
            return False
        self.module, self.place = weakref.ref(source[0]), source[1]
        name = type(source[0]).__name__
        self.line = self.patient.did(f"outputs of {name} were given on in the script's units", 0)
        return True

    def _columns(self, target: Tensor) -> Columns:
        columns = Columns(1 if target.dim() == 2 else None)
        whole = self.origins.whole(target)
        columns.add(target if whole is None else whole)
        return columns

    def _count(self, target: Tensor) -> None:
        whole = self.origins.whole(target) if self.columns is None else None
        if self.columns is None:
            self.columns = Columns(1 if target.dim() == 2 else None)
        self.columns.add(target if whole is None else whole)
        self.batches += 1
        self.open = whole is None and self.batches < self.most

    def _fits(self, value: Tensor) -> bool:
        columns = self.columns
        return columns is not None and (columns.mean.numel() == 1 or columns.fits(value))

    def _numbers(self, value: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation in the form of a tensor."""
        assert self.columns is not None
        numbers = self.columns.mean, self.columns.deviation
        if self.columns.mean.numel() == 1:
            return numbers[0].reshape(()).to(value), numbers[1].reshape(()).to(value)
        return self.columns.shaped(numbers[0], value), self.columns.shaped(numbers[1], value)


def _tensors(result: Any) -> list[tuple[int | None, Tensor]]:
    """Floating-point tensors that a model puts out, by their place."""
    if isinstance(result, Tensor):
        return [(None, result)] if result.is_floating_point() else []
    if type(result) not in (tuple, list):
        return []
    return [
        (n, each) for n, each in enumerate(result) if isinstance(each, Tensor) and each.is_floating_point()
    ]


def _shares(left: Tensor, right: Tensor) -> bool:
    """Whether two tensors are the same numbers in memory."""
    return left.untyped_storage().data_ptr() == right.untyped_storage().data_ptr()
