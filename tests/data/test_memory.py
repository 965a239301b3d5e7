"""Arrays that would not fit lie in a file, and a full disk is told."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from gradwise.data import memory
from gradwise.errors import UsageError


def test_free_memory_is_some_and_no_more_than_there_is() -> None:
    assert 10 << 20 < memory.free_memory() <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def test_a_large_array_lies_in_a_file_that_vanishes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda: 4000)
    monkeypatch.setattr(memory.tempfile, "tempdir", str(tmp_path))
    small, on_disk = memory.new_array((10, 100), np.uint8)
    assert not on_disk
    assert not isinstance(small, np.memmap)
    large, on_disk = memory.new_array((11, 100), np.uint8)
    assert on_disk
    assert isinstance(large, np.memmap)
    large[:] = np.arange(11)[:, None]
    assert memory.gathered(large, np.array([7, 3])).tolist() == [[7] * 100, [3] * 100]
    assert isinstance(memory.gathered(large, np.arange(10, -1, -1)), np.memmap)
    assert memory.gathered(large, None) is large
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_before_anything_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(memory, "free_memory", lambda: 1)
    monkeypatch.setattr(memory, "_reserve", full)
    with pytest.raises(UsageError, match="has no room for it either .No space left.*TMPDIR"):
        memory.new_array((1000, 1000), np.uint8)
