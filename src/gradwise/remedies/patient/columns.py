"""Means and deviations of columns, gathered from batches or from the data set that they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils.data import Subset, TensorDataset
from torch.utils.data._utils.collate import default_collate

if TYPE_CHECKING:
    from gradwise.remedies.patient.handle import Patient

NEAR_MEAN = 0.5  # deviations; columns this near to 0 ...
NEAR_SPREAD = (0.5, 2.0)  # ... and of such deviations are at unit scale already
_BY_CHANNEL = (nn.modules.conv._ConvNd, nn.modules.batchnorm._BatchNorm)  # noqa: SLF001


class Columns:
    """Running means and squared deviations of columns, in double precision.

    >>> columns = Columns(1)
    >>> columns.add(torch.tensor([[1.0], [3.0]]))
    >>> columns.add(torch.tensor([[5.0], [float("nan")]]))
    >>> columns.mean.tolist(), columns.count.tolist()
    ([3.0], [3.0])

    Args:
        axis: of the columns; None where all numbers are one column.
    """

    def __init__(self, axis: int | None) -> None:
        self.axis = axis
        self.count = self.mean = self.squares = torch.zeros(())
        self.flags = torch.ones((), dtype=torch.bool)  # columns that hold nothing but 0 and 1
        self.started = False

    def add(self, batch: Tensor) -> None:
        """Take a batch in; numbers that are not finite do not count."""
        rows = self._rows(batch.detach())
        fits = rows.isfinite()
        rows = torch.where(fits, rows, 0.0)
        count = fits.sum(0).double()
        mean = rows.sum(0) / count.clamp(min=1)
        squares = torch.where(fits, (rows - mean) ** 2, 0.0).sum(0)
        flags = ((rows == 0) | (rows == 1)).all(0)
        if not self.started:
            self.count, self.mean, self.squares, self.flags = count, mean, squares, flags
            self.started = True
            return
        total = (self.count + count).clamp(min=1)
        apart = mean - self.mean
        self.squares = self.squares + squares + apart**2 * self.count * count / total
        self.mean = self.mean + apart * count / total
        self.count, self.flags = self.count + count, self.flags & flags

    @property
    def deviation(self) -> Tensor:
        """Of the whole, not an estimate for a larger one."""
        return (self.squares / self.count.clamp(min=1)).sqrt()

    def shaped(self, values: Tensor, batch: Tensor) -> Tensor:
        """Numbers of columns, so that they meet those of a batch."""
        if self.axis is None:
            return values.reshape(()).to(batch)
        shape = [1] * batch.dim()
        shape[self.axis] = -1
        return values.reshape(shape).to(batch)

    def fits(self, batch: Tensor) -> bool:
        """Whether a batch has these columns."""
        if self.axis is None:
            return True
        return -batch.dim() <= self.axis < batch.dim() and batch.shape[self.axis] == self.mean.numel()

    def _rows(self, batch: Tensor) -> Tensor:
        """Samples x columns."""
        if self.axis is None:
            return batch.double().reshape(-1, 1)
        return batch.double().movedim(self.axis, -1).flatten(0, -2)


def axis_of(batch: Tensor, module: nn.Module | None = None) -> int | None:
    """Where the columns of a batch are: its features, channels, or nowhere.

    >>> axis_of(torch.zeros(8, 3)), axis_of(torch.zeros(8, 3, 32, 32)), axis_of(torch.zeros(8))
    (1, 1, None)
    """
    if batch.dim() < 2:
        return None
    first = next((part for part in module.modules() if part._parameters), None) if module else None  # noqa: SLF001
    if batch.dim() != 3 or isinstance(first, _BY_CHANNEL):
        return 1
    return -1


def near_unit(columns: Columns) -> bool:
    """Whether every column is at unit scale already, or does not vary."""
    low, high = NEAR_SPREAD
    spread = columns.deviation
    fine = (columns.mean.abs() <= NEAR_MEAN) & (spread >= low) & (spread <= high)
    return bool((fine | (spread == 0) | columns.flags).all())


class Origins:
    """Knows which tensors of a data set the latest batch was taken from."""

    def __init__(self, patient: Patient) -> None:
        self._batch: Any = ()
        self._tensors: tuple[Tensor, ...] = ()
        self._known: dict[int, tuple[Any, tuple[Tensor, ...]]] = {}  # by data set, which is held
        patient.at("batch", self._note)

    def _note(self, batch: Any, iterator: Any) -> None:
        dataset = iterator._dataset  # noqa: SLF001
        if id(dataset) not in self._known:
            plain = getattr(iterator, "_collate_fn", None) is default_collate
            self._known[id(dataset)] = dataset, tensors_of(dataset) if plain else ()
        self._batch, self._tensors = batch, self._known[id(dataset)][1]

    def whole(self, value: Tensor) -> Tensor | None:
        """All of what a tensor is a batch of, in its form; None where that is not known."""
        parts = self._batch if isinstance(self._batch, list | tuple) else ()
        for part, everything in zip(parts, self._tensors, strict=False):
            if not isinstance(part, Tensor) or part.numel() != value.numel() or len(part) != len(value):
                continue
            here, given = part.reshape(value.shape).to(value), value.detach()
            if bool(((here == given) | (here.isnan() & given.isnan())).all()):
                return everything.reshape(len(everything), *value.shape[1:]).to(value)
        return None


def tensors_of(dataset: Any) -> tuple[Tensor, ...]:
    """The tensors of a data set that is made of nothing else, or of a part of one."""
    if isinstance(dataset, TensorDataset):
        return dataset.tensors
    if isinstance(dataset, Subset):
        rows = torch.as_tensor(dataset.indices)
        return tuple(tensor[rows] for tensor in tensors_of(dataset.dataset))
    return ()
