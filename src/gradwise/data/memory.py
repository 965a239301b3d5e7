"""How much memory there is, and arrays that lie in a file where they would not fit."""

from __future__ import annotations

import math
import os
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from gradwise.data.examples import Array
from gradwise.errors import UsageError

SHARE = (
    0.25  # of the free memory that one array may take; its copies for the parts of a split take as much again
)
UNKNOWN = 4 << 30  # bytes taken to be free where the system does not say; a small laptop's half
# of a container: limit, use, and the line of memory.stat that tells how much of the use is mere file cache
_GROUPS = (
    ("/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
    ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def free_memory() -> int:
    """Bytes that can be taken without swapping, as the system and its container limits tell."""
    free = _told_by_kernel()
    for folder, limit, used, cache in _GROUPS:
        try:
            left = int(Path(folder, limit).read_text()) - int(Path(folder, used).read_text())
            stat = dict(line.split() for line in Path(folder, "memory.stat").read_text().splitlines())
            free = min(free, max(left + int(stat[cache]), 0))
        except (OSError, ValueError, KeyError):
            continue
    return free


def new_array(shape: tuple[int, ...], dtype: DTypeLike) -> tuple[Array, bool]:
    """An array to be filled, in memory, or in an unnamed temporary file where it takes more than `SHARE`.

    Returns:
        The array, and whether it lies in a file (which vanishes with the array).

    Raises:
        UsageError: the disk has no room for the file either.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size <= SHARE * free_memory():
        return np.empty(shape, dtype), False
    with tempfile.TemporaryFile(prefix="gradwise-") as file:
        try:
            _reserve(file.fileno(), size)
        except OSError as error:
            raise UsageError(
                f"the data takes {size / 1e9:.1f} GB, more than {SHARE:.0%} of the free memory, and "
                f"{tempfile.gettempdir()} has no room for it either ({error.strerror}); point TMPDIR "
                "at a larger disk."
            ) from error
        return np.memmap(file, dtype, mode="r+", shape=shape), True


def gathered(array: Array, rows: Array | None) -> Array:
    """These rows of ``array``: itself when None; a file again where the copy would not fit."""
    if rows is None:
        return array
    out, on_disk = new_array((len(rows), *array.shape[1:]), array.dtype)
    step = (
        max(1, len(rows)) if not on_disk else max(1, (64 << 20) // max(1, array[:1].nbytes))
    )  # 64 MiB at once
    for start in range(0, len(rows), step):
        np.take(array, rows[start : start + step], axis=0, out=out[start : start + step], mode="clip")
    return out


def _reserve(file: int, size: int) -> None:
    """Claims the blocks now: writing to a mapped file on a full disk would kill the process."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
    else:
        os.truncate(file, size)


def _told_by_kernel() -> int:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, ValueError, OSError):
        return UNKNOWN
