"""Images with what is to be said of each: from folders, one per class, or from a table of paths."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gradwise.data.answers import (
    class_target,
    digest,
    frame_target,
    several,
    target_digest,
    target_of_rows,
    told,
)
from gradwise.data.examples import Array, Choice, Kind
from gradwise.data.image_encoder import ImageEncoder, encoder_from, fit
from gradwise.data.image_files import SUFFIXES, read_into
from gradwise.data.image_folders import class_folders, files_below, note, sorted_out
from gradwise.data.image_plan import read_images, scaled
from gradwise.data.memory import new_array
from gradwise.data.pixels import as_bytes, fitted
from gradwise.data.target import Target
from gradwise.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["ImageSource", "encoder_from", "images_from_frame", "open_images"]


@dataclass(slots=True, eq=False)
class ImageSource:
    """Images in memory, or in a temporary file where there are too many.

    Args:
        pixels: (N, channels, height, width), uint8 or another type that the encoder turns into it.
        target: what is to be said of each; None: unknown.
        names: of every image, for messages and predictions.
        choices: what was chosen while reading.
        notes: lines that tell what was left out while reading.
        files: where the images came from; they are read again when another size is wanted.
        size: height and width for the net; None: those of ``pixels``.
    """

    pixels: Array
    target: Target | None
    names: Sequence[str] = ()
    choices: tuple[Choice, ...] = ()
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    size: tuple[int, int] | None = None
    kind: Kind = "images"
    groups: Array | None = None
    moments: Array | None = None
    _made: dict[tuple[float, ...], Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.pixels)

    def describe(self) -> list[str]:
        """How many images of which size; the classes; what was left out."""
        count, channels, height, width = self.pixels.shape
        colours = {1: "grey", 3: "RGB"}.get(channels, f"{channels} channels")
        first = f"{count:,} images, {height} × {width} (height × width), {colours}"
        return [first, *told(self.target, "image"), *self.notes]

    def strata(self) -> Array | None:
        """(N,) int64 class of every image."""
        return None if self.target is None else self.target.strata()

    def fingerprint(self) -> str:
        """Digest of the pixels and the targets."""
        return digest(self.pixels, target_digest(self.target)).hex()

    def encoder(self, rows: Array, scale: str = "auto") -> ImageEncoder:
        """Sizes of this source, shift and scale over ``rows``."""
        return fit(self, rows, scale)

    def resize(self, longest: int) -> None:
        """Bring images that came as an array to another size, once an encoder is fitted to them."""
        height, width = self.pixels.shape[2:]
        self.size = scaled(height, width, longest)
        shown = "×".join(map(str, self.size))
        reason = f"{height}×{width} brought to --image-size {longest}"
        self.choices = (*self.choices, Choice("image-size", shown, reason))

    def as_bytes(self, channels: int, height: int, width: int, span: tuple[float, float]) -> Array:
        """(N, channels, height, width) uint8, made once; another size is read from the files again."""
        key = (channels, height, width, *span)
        if self.pixels.dtype == np.uint8 and self.pixels.shape[1:] == (channels, height, width):
            return self.pixels
        if key not in self._made:
            self._made.clear()
            self._made[key] = self._converted(channels, height, width, span)
        return self._made[key]

    def _converted(self, channels: int, height: int, width: int, span: tuple[float, float]) -> Array:
        if not self.files:
            pixels = self.pixels if self.pixels.dtype == np.uint8 else as_bytes(self.pixels, span)
            return fitted(pixels, channels, height, width)
        pixels, _ = new_array((len(self), channels, height, width), np.uint8)
        for row, fault in read_into(pixels, self.files).items():
            raise UsageError(f"{self.names[row]} {fault}, though it could be read a moment ago.")
        return pixels


def open_images(path: Path, *, target: str | None = None, longest: int | None = None) -> ImageSource:
    """The images of a folder: one sub-folder per class, deeper folders belong to the class above them.

    A folder of images without sub-folders is read too, for predictions; it has no target.

    Args:
        path: the folder.
        target: what the class is called; ``class`` when None.
        longest: pixels of the longer side; None: as the files are, within bounds.

    Raises:
        UsageError: not a folder, no images in it, the folders are parts of a split, or too many broken files.
    """
    classes = class_folders(path)
    groups = {folder.name: files_below(folder) for folder in classes}
    files = [file for found, _ in groups.values() for file in found]
    labels = [name for name, (found, _) in groups.items() for _ in found]
    loose, others = sorted_out(entry for entry in sorted(path.iterdir()) if entry.is_file())
    others += [file for _, other in groups.values() for file in other]
    notes = [note(others, "files that are no images were left out")]
    if files:
        empty = [name for name, (found, _) in groups.items() if not found]
        notes.append(note(empty, "folders hold no images and are no classes"))
        notes.append(note(loose, f"images beside the class folders of {path.name} were left out"))
    else:
        files = loose
    if not files:
        raise UsageError(
            f"{path} holds no images ({', '.join(SUFFIXES)}); expected one folder per class with "
            "images in it."
        )
    read = read_images(files, [str(file.relative_to(path)) for file in files], longest)
    known = class_target([labels[i] for i in read.kept], target or "class") if labels else None
    said = (*filter(None, notes), *read.notes)
    return ImageSource(read.pixels, known, read.names, read.choices, said, tuple(files[i] for i in read.kept))


def images_from_frame(
    frame: pl.DataFrame,
    column: str,
    targets: Sequence[str],
    base: Path,
    *,
    task: str = "auto",
    longest: int | None = None,
) -> ImageSource:
    """The images whose paths stand in a column; the other columns but the targets are not looked at,
    and that is said.

    Args:
        frame: N rows.
        column: of paths, relative to ``base`` or absolute.
        targets: columns to be predicted; none: unknown.
        base: folder that no path may leave, not by a link either.
        task: kind of the target, see `gradwise.data.target.take_target`.
        longest: pixels of the longer side; None: as the files are, within bounds.

    Raises:
        UsageError: an empty cell, a path that leaves ``base``, a file that is no image, or too many broken
            files.
    """
    if column not in frame.columns:
        raise UsageError(
            f"there is no column {column!r} of image paths; there are {several(frame.columns, 8)}."
        )
    if not len(frame):
        raise UsageError(f"column {column!r} of image paths has no rows.")
    if column in targets:
        raise UsageError(
            f"column {column!r} holds the image paths and cannot be the target too; name another."
        )
    rest, target, choices = frame_target(frame, targets, task)
    if rest.width > 1:
        others = several([name for name in rest.columns if name != column], 8)
        choices = (*choices, Choice("left-out", others, f"an image net reads {column!r} alone"))
    numbers = np.arange(1, frame.height + 1) if target is None else target.rows
    files = _checked_paths(rest[column], numbers, base)
    names = [f"row {row} ({file.name})" for row, file in zip(numbers, files, strict=True)]
    read = read_images(files, names, longest)
    kept = tuple(files[i] for i in read.kept)
    known = target_of_rows(target, read.kept)
    return ImageSource(read.pixels, known, read.names, (*choices, *read.choices), read.notes, kept)


def _checked_paths(cells: pl.Series, rows: Array, base: Path) -> list[Path]:
    root = base.resolve()
    column = cells.name
    files = []
    for row, cell in zip(rows, cells.to_list(), strict=True):
        if not isinstance(cell, str) or not cell.strip():
            raise UsageError(f"row {row} has no image path in column {column!r}; fill it in or drop the row.")
        if "\0" in cell:
            raise UsageError(
                f"row {row} of column {column!r} holds a NUL byte, which no path does; mend the cell."
            )
        file = Path(os.path.realpath(root / cell.strip().replace("\\", "/")))
        if not file.is_relative_to(root):
            raise UsageError(
                f"row {row} of column {column!r} names {cell!r}, which lies outside {base}; "
                "put the images below the folder of the table."
            )
        files.append(file)
    return files
