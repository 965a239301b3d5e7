"""Where the arrays of the examples lie while a net trains on them."""

from __future__ import annotations

import mmap
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gradwise.data.examples import Array

PADDED = ("series", "tokens")  # inputs whose second axis is time, padded at its end


class Column:
    """One array, gathered by row numbers.

    An array in memory becomes a tensor without copy.  A memory-mapped one stays on disk.

    Args:
        name: of the input, or ``target``.
        array: (N, ...).
        device: where the whole array is moved to; None: it stays where it is.
        channels_last: store ``pixels`` (N, C, H, W) as (N, H, W, C), so that what is gathered is
            channels-last for free; one copy, none for a single channel or a memory-mapped array.
    """

    def __init__(self, name: str, array: Array, device: torch.device | None, channels_last: bool) -> None:
        self.padded = name in PADDED
        self.channels_last = channels_last and name == "pixels" and array.ndim == 4
        self.array = array if device is None and on_disk(array) else None
        self.tensor = torch.empty(0)
        if self.array is None:
            tensor = _tensor(array)
            if self.channels_last:
                tensor = tensor.permute(0, 2, 3, 1).contiguous()  # (N, H, W, C)
            self.tensor = tensor if device is None else tensor.to(device)

    @property
    def device(self) -> torch.device:
        """Where the row numbers for `gather` must lie."""
        return self.tensor.device

    def gather(self, rows: Tensor, longest: int | None = None) -> Tensor:
        """(B, ...): copies of these rows; of padded inputs only the first ``longest`` moments.

        A copy even for rows in their order: a net that works in place must not change the data.
        """
        cut = longest if self.padded else None
        if self.array is not None:
            batch = torch.from_numpy(_native(self.array[rows.numpy()]))
            batch = batch if cut is None else batch[:, :cut].contiguous()
            return batch.contiguous(memory_format=torch.channels_last) if self.channels_last else batch
        tensor = self.tensor if cut is None else self.tensor[:, :cut]
        batch = tensor.index_select(0, rows)  # tensor[rows] takes 16-20 times as long for pixels
        return batch.permute(0, 3, 1, 2) if self.channels_last else batch  # (B, C, H, W)


def on_disk(array: Array) -> bool:
    """Whether an array, or what it is a view of, is a memory-mapped file."""
    base: Any = array
    while base is not None:
        if isinstance(base, np.memmap | mmap.mmap):
            return True
        base = getattr(base, "base", None) if isinstance(base, np.ndarray) else None
    return False


def size(arrays: Iterable[Array]) -> int:
    """Bytes of all of these."""
    return sum(array.nbytes for array in arrays)


def _tensor(array: Array) -> Tensor:
    """The array as a tensor, without copy where its layout allows."""
    with warnings.catch_warnings():
        # read-only arrays are fine: rows are only ever copied out of them
        warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
        return torch.from_numpy(_native(array))


def _native(array: Array) -> Array:
    """Contiguous, in this machine's byte order; no copy where it is."""
    return np.ascontiguousarray(array, array.dtype.newbyteorder("="))
