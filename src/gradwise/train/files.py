"""Files that are there in full or not at all, whenever the process or the machine dies."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

PART = ".part"  # ends the name of a file under way


def publish(path: Path, content: bytes) -> str:
    """Write a file under another name, force it to the disk, then give it its name.

    Cost: two waits for the disk.

    Returns:
        The content's SHA-256, hexadecimal.

    Raises:
        OSError: e.g. no space left; nothing of the file stays, an older one of its name does.
    """
    part = path.with_name(path.name + PART)
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)  # noqa: PTH105 (so that tests can die in it)
        _sync_directory(path.parent)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return digest(content)


def digest(content: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _sync_directory(directory: Path) -> None:
    """Force a new name to the disk; Windows has no way to, and needs none."""
    if os.name == "posix":
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
