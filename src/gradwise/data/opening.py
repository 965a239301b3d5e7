"""Opening data of any kind: tables, images, arrays, series and text, told apart by ending and content."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from gradwise.data.examples import Encoder, Source
from gradwise.data.table_files import TABLE_ENDS, ending, find_files, read_tables
from gradwise.data.tables import table_from_frame, without
from gradwise.data.target import target_names
from gradwise.errors import UsageError

IMAGE_ENDS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
ARRAY_ENDS = (".npz", ".npy")
UCR_MARKS = ("_TRAIN", "_TEST")  # names of the two files of a set in the UCR archive
LOOKED_AT = 100  # cells that tell a column of image paths
Place = str | Path


def open_source(
    path: Place | Sequence[Place],
    *,
    target: str | Sequence[str] | None = None,
    time: str | None = None,
    group: str | None = None,
    ids: str | None = None,
    drop: Sequence[str] = (),
    text: str | None = None,
    task: str = "auto",
) -> Source:
    """Open a file, a folder, a pattern such as ``data/*.csv``, or several files of one table.

    Args:
        path: csv, tsv, parquet or arrow (text also gzipped), a folder of images by class, idx, npz, npy or
            UCR files.
        target: column or columns to be predicted; None for prediction.
        time: column that tells when a row was taken; with ``ids``, the order within a sequence.
        group: column whose equal cells stay on one side of a split.
        ids: column that tells which sequence a row of a long table belongs to.
        drop: columns left out.
        text: column of free text to be read as words.
        task: ``classes``, ``labels``, ``numbers``, or ``auto``.

    Raises:
        UsageError: what is wrong with the data, with its place.
    """
    drop = (drop,) if isinstance(drop, str) else tuple(drop)
    files = _files(path)
    if len(files) == 1:
        opened = _open_other(files[0], target, task)
        if opened is not None:
            return opened
    frame = read_tables(files)
    names = None if target is None else target_names(frame, target)
    frame = without(frame, drop, names)
    if text is not None:
        from gradwise.data.text import text_from_frame

        return text_from_frame(frame, names or (), column=text, task=task)
    special = _special(frame, names or (), base=files[0].parent, ids=ids, time=time, task=task)
    if special is not None:
        return special
    return table_from_frame(frame, names, time=time, group=group, task=task)


def encoder_from(state: dict[str, Any]) -> Encoder:
    """The encoder whose ``state`` was saved.

    Raises:
        UsageError: no state of an encoder.
    """
    kind = state.get("kind")
    if kind == "table":
        from gradwise.data import table_encoder

        return table_encoder.encoder_from(state)
    from importlib import import_module

    rooms = {"images": "images", "series": "series", "text": "text", "array-table": "array_table"}
    if kind not in rooms:
        raise UsageError(
            f"the saved preprocessing is of kind {kind!r}; table, images, series and text are known."
        )
    encoder: Encoder = import_module(f"gradwise.data.{rooms[kind]}").encoder_from(state)
    return encoder


def _files(path: Place | Sequence[Place]) -> list[Path]:
    if isinstance(path, str | Path):
        return find_files(path)
    files = [found for place in path for found in find_files(place)]
    if not files:
        raise UsageError("no file is given; name at least one.")
    return files


def _open_other(path: Path, target: str | Sequence[str] | None, task: str) -> Source | None:
    """What is no table, told by its name or its folder; None for tables."""
    if path.is_dir():
        return _open_folder(path, target)
    if ending(path) in ARRAY_ENDS:
        from gradwise.data.arrays import open_arrays

        return open_arrays(path, _one(target, path), task=task)
    if ending(path) == ".ts" or (
        any(mark in path.stem for mark in UCR_MARKS) and ending(path) in (".tsv", ".txt")
    ):
        from gradwise.data.ucr import open_ucr

        return open_ucr(path)
    if ending(path) in IMAGE_ENDS:
        raise UsageError(f"{path} is one image; give the folder that holds one folder of images per class.")
    if ending(path) in TABLE_ENDS:
        return None
    from gradwise.data.idx import is_idx, open_idx

    return open_idx(path) if is_idx(path) else None


def _is_ucr(path: Path) -> bool:
    named = any(mark in path.stem for mark in UCR_MARKS)
    return ending(path) == ".ts" or (named and ending(path) in (".tsv", ".txt"))


def _open_folder(path: Path, target: str | Sequence[str] | None) -> Source:
    entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    if not entries:
        raise UsageError(f"folder {path} is empty; give a file, or a folder of images by class.")
    if any(_is_ucr(entry) for entry in entries if entry.is_file()):
        from gradwise.data.ucr import open_ucr

        return open_ucr(path)
    from gradwise.data.idx import is_idx, open_idx

    if any(is_idx(entry) for entry in entries if entry.is_file()):
        return open_idx(path)
    tables = sorted({ending(entry) for entry in entries if entry.is_file() and ending(entry) in TABLE_ENDS})
    folders = [entry for entry in entries if entry.is_dir()]
    if tables and not folders:
        raise UsageError(f"{path} is a folder; for the tables in it give a pattern: '{path}/*{tables[0]}'.")
    from gradwise.data.images import open_images

    return open_images(path, target=_one(target, path))


def _one(target: str | Sequence[str] | None, path: Path) -> str | None:
    """The only target, for data that can have but one."""
    if target is None or isinstance(target, str):
        return target
    if len(target) > 1:
        raise UsageError(f"{path} takes one target, not {len(target)}.")
    return next(iter(target), None)


def _special(
    frame: pl.DataFrame,
    names: tuple[str, ...],
    *,
    base: Path,
    ids: str | None,
    time: str | None,
    task: str,
) -> Source | None:
    """Sequences and images that come in a table; None for plain tables."""
    inputs = [series for series in frame.get_columns() if series.name not in names]
    if ids is not None:
        from gradwise.data.series import series_from_frame

        return series_from_frame(frame, names, series_id=ids, time=time, task=task)
    lists = [series.name for series in inputs if isinstance(series.dtype, pl.List | pl.Array)]
    if lists and len(lists) == len(inputs) == 1:
        from gradwise.data.series import series_from_frame

        return series_from_frame(frame, names, column=lists[0], task=task)
    for series in inputs:
        if _holds_image_paths(series):
            from gradwise.data.images import images_from_frame

            return images_from_frame(frame, series.name, names, base, task=task)
    return None


def _holds_image_paths(series: pl.Series) -> bool:
    if series.dtype != pl.String:
        return False
    start = series.head(LOOKED_AT).drop_nulls().str.to_lowercase()
    return len(start) > 0 and all(word.endswith(IMAGE_ENDS) for word in start)
