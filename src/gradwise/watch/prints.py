"""Fingerprints of rows: 64-bit numbers that are equal exactly when the rows' bits are.

A row's numbers are read as integers, bit for bit, multiplied by fixed random
odd 64-bit weights, one for each position, and summed modulo 2^64.  So equal
rows have equal prints in every batch, on every device and in every run, and
the order within a row counts.  Two different rows agree by chance in fewer
than one of 2^40 pairs.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Prints = NDArray[np.int64]

MAX_ROWS = 1024  # rows of a batch that get a print
MAX_WIDTH = 1024  # numbers of a row that enter it; longer rows are thinned evenly
MAX_ELEMENTS = 1 << 17  # numbers of a batch that are read
FEWEST_ROWS = 32  # rows that are read however wide they are
CHUNK_BITS = 22  # bits that a float32 carries exactly, of the three that carry a print
FINE_ROWS = 256  # rows in which the finest column is looked for
FINE_COLUMNS = 16  # columns of them, evenly spread
_MASK = (1 << CHUNK_BITS) - 1
_SAME_SIZE = {2: torch.int16, 4: torch.int32, 8: torch.int64}


def row_prints(x: Tensor) -> Tensor:
    """The prints of a batch's first rows, in chunks of 22 bits, shape (rows, 3), float32.

    Stays on the device; `decoded` makes numbers of what was transferred.
    Cost: one pass over at most 131,072 numbers.

    Args:
        x: a batch, shape (B, ...), of any real dtype.
    """
    rows = first_rows(x)
    rows = rows.reshape(len(rows), -1)  # (rows, width)
    rows = rows[:, :: -(-rows.shape[1] // MAX_WIDTH) or 1]
    words = _words(rows)
    prints = (words * _weights(words.shape[1], words.device)).sum(dim=1)  # modulo 2^64
    chunks = [(prints >> shift) & _MASK for shift in (0, CHUNK_BITS, 2 * CHUNK_BITS)]
    return torch.stack(chunks, dim=1).to(torch.float32)


def first_rows(x: Tensor) -> Tensor:
    """As many first rows as are read, shape (rows, ...)."""
    width = max(x.numel() // max(len(x), 1), 1)
    per_row = min(width, MAX_WIDTH)
    return x.detach()[: min(MAX_ROWS, max(MAX_ELEMENTS // per_row, FEWEST_ROWS))]


def decoded(chunks: NDArray[np.float32]) -> Prints:
    """Prints of `row_prints`, transferred and flat, as 64-bit integers, shape (rows,)."""
    parts = chunks.reshape(-1, 3).astype(np.uint64)
    shifts = np.array([0, CHUNK_BITS, 2 * CHUNK_BITS], np.uint64)
    return np.bitwise_or.reduce(parts << shifts, axis=1).view(np.int64)


def printable(x: Tensor) -> bool:
    """Whether rows of this tensor can have prints."""
    return x.dim() > 1 and x.numel() > 0 and not (x.is_sparse or x.is_complex() or x.is_quantized)


def finest(x: Tensor) -> Tensor | None:
    """Equal pairs of numbers in the column that has the fewest, shape (1,), on the device.

    Where they are no more than the pairs of equal rows, rows that agree in that one number agree in all:
    they are copies of each other, not equal by chance.  None where numbers are whole, or too few.  Cost: a
    sort of at most 4,096 numbers.

    Args:
        x: a batch, shape (B, ...), of any real dtype.
    """
    if not x.is_floating_point() or len(x) < 2:
        return None
    rows = x.detach()[:FINE_ROWS].reshape(min(len(x), FINE_ROWS), -1)
    columns = rows[:, :: -(-rows.shape[1] // FINE_COLUMNS)].float().sort(dim=0).values  # (rows, columns)
    runs = (columns[1:] != columns[:-1]).cumsum(0)  # the run of equal numbers that each belongs to
    counts = torch.zeros_like(columns)  # of each run; runs that do not exist add no pair
    counts[0] = 1.0  # the first number begins the first run
    counts.scatter_add_(0, runs, torch.ones_like(columns[1:]))
    return (counts * (counts - 1) / 2).sum(0).amin().reshape(1)


def _words(rows: Tensor) -> Tensor:
    """The numbers' bits as int64."""
    if rows.is_floating_point():
        rows = rows.contiguous().view(_SAME_SIZE[rows.element_size()])
    return rows.to(torch.int64)


@lru_cache(maxsize=64)
def _weights(width: int, device: torch.device) -> Tensor:
    """Odd random numbers, the same in every run; torch's random state is not touched."""
    drawn = np.random.default_rng(20_240_229).integers(-(2**63), 2**63, size=width, dtype=np.int64)
    return torch.from_numpy(drawn | 1).to(device)
