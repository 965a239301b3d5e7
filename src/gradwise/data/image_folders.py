"""Folders of images: which sub-folders are classes, which files are images."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from gradwise.data.answers import several
from gradwise.data.image_files import SUFFIXES
from gradwise.errors import UsageError

# Folders that are parts of a split; taking them for classes would teach a net to tell them apart.
_PARTS = {"train", "training", "test", "testing", "val", "valid", "validation", "dev"}


def class_folders(path: Path) -> list[Path]:
    """The sub-folders that name classes.

    Raises:
        UsageError: not there, a file, or folders that are parts of a split.
    """
    if not path.exists():
        raise UsageError(f"{path} does not exist; expected a folder with one sub-folder of images per class.")
    if not path.is_dir():
        raise UsageError(f"{path} is a file; expected a folder with one sub-folder of images per class.")
    folders = [entry for entry in sorted(path.iterdir()) if entry.is_dir() and not _hidden(entry)]
    parts = [folder for folder in folders if folder.name.lower() in _PARTS]
    inside = any(entry.is_dir() for folder in parts for entry in folder.iterdir())
    if parts and len(parts) == len(folders) and inside:
        raise UsageError(
            f"the folders of {path} are parts of a split ({several([part.name for part in parts])}), "
            f"not classes; give one of them, e.g. {parts[0]}."
        )
    return folders


def files_below(folder: Path) -> tuple[list[Path], list[Path]]:
    """Images and other files of a folder and of those below it, but for hidden ones."""
    files: list[Path] = []
    for top, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if not _hidden(Path(name)))
        files += [Path(top, name) for name in sorted(names)]
    return sorted_out(files)


def sorted_out(files: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    """Images, and other files; hidden ones are neither."""
    images: list[Path] = []
    others: list[Path] = []
    for file in files:
        if not _hidden(file):
            (images if file.suffix.lower() in SUFFIXES else others).append(file)
    return images, others


def _hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name == "__MACOSX"


def note(found: Sequence[Path] | Sequence[str], what: str) -> str:
    """How many were found, the first few by name; "" for none."""
    return f"{len(found):,} {what} ({several([Path(name).name for name in found])})" if found else ""
