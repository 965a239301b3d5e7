"""Opening data of any kind: tables, images, arrays, series and text, told apart by ending and content."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gradwise.data.examples import Encoder, Source
from gradwise.data.reading import Reading
from gradwise.data.special import IMAGE_ENDS, special_source
from gradwise.data.table_files import TABLE_ENDS, ending, find_files, read_tables
from gradwise.data.tables import table_from_frame, without
from gradwise.data.target import target_names
from gradwise.errors import UsageError

ARRAY_ENDS = (".npz", ".npy")
UCR_MARKS = ("_TRAIN", "_TEST")  # names of the two files of a set in the UCR archive
Place = str | Path


def open_source(  # noqa: PLR0913  its parameters are the options of the command
    path: Place | Sequence[Place],
    *,
    target: str | Sequence[str] | None = None,
    time: str | None = None,
    group: str | None = None,
    ids: str | None = None,
    drop: Sequence[str] = (),
    text: str | None = None,
    series: Sequence[str] = (),
    task: str = "auto",
    image_size: int | None = None,
    exact: bool = False,
) -> Source:
    """Open a file, a folder, a pattern such as ``data/*.csv``, or several files of one table.

    Args:
        path: csv, tsv, parquet or arrow (text also gzipped), a folder of images by class, idx, npz, npy or
            UCR files.
        target: column or columns to be predicted; None for prediction.
        time: see `Reading`, as all below.
        group: rows that stay together.
        ids: which series a row belongs to.
        drop: columns left out.
        text: column of words.
        series: columns of lists of numbers; () finds them.
        task: ``classes``, ``labels``, ``numbers``, or ``auto``.
        image_size: pixels of the longer side.
        exact: decimal numbers of tables stay float64 where else float32 does; the fingerprint then differs.

    Raises:
        UsageError: what is wrong with the data, with its place.
    """
    reading = Reading(
        time=time, group=group, ids=ids, drop=_words(drop), text=text, series=_words(series), task=task,
        image_size=image_size,
    )  # fmt: skip
    files = _files(path)
    if len(files) == 1:
        opened = _open_other(files[0], target, reading)
        if opened is not None:
            return opened
    frame = read_tables(files, exact=exact)
    names = None if target is None else target_names(frame, target)
    frame = without(frame, reading.drop, names)
    special = special_source(frame, names or (), reading, base=files[0].parent)
    if special is not None:
        return special
    reading.only("time", "group", "drop", what="a plain table")
    return table_from_frame(frame, names, time=time, group=group, task=task)


def _words(names: str | Sequence[str] | None) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names or ())


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


def _open_other(path: Path, target: str | Sequence[str] | None, reading: Reading) -> Source | None:
    """What is no table, told by its name or its folder; None for tables."""
    if path.is_dir():
        return _open_folder(path, target, reading)
    if ending(path) in ARRAY_ENDS:
        from gradwise.data.arrays import open_arrays

        return _without_columns(path, open_arrays(path, _one(target, path), task=reading.task), reading)
    if ending(path) == ".ts" or (
        any(mark in path.stem for mark in UCR_MARKS) and ending(path) in (".tsv", ".txt")
    ):
        from gradwise.data.ucr import open_ucr

        return _without_columns(path, open_ucr(path), reading)
    if ending(path) in IMAGE_ENDS:
        raise UsageError(f"{path} is one image; give the folder that holds one folder of images per class.")
    if ending(path) in TABLE_ENDS:
        return None
    from gradwise.data.idx import is_idx, open_idx

    return _without_columns(path, open_idx(path), reading) if is_idx(path) else None


def _without_columns(path: Path, source: Source, reading: Reading) -> Source:
    """A source whose form knows no columns to be named; images are brought to the size asked for."""
    from gradwise.data.images import ImageSource

    if isinstance(source, ImageSource):
        reading.only("image_size", what=f"{path}, which has no columns")
        if reading.image_size is not None:
            source.resize(reading.image_size)
    else:
        reading.only(what=f"{path}, which has no such columns and no images")
    return source


def _is_ucr(path: Path) -> bool:
    named = any(mark in path.stem for mark in UCR_MARKS)
    return ending(path) == ".ts" or (named and ending(path) in (".tsv", ".txt"))


def _open_folder(path: Path, target: str | Sequence[str] | None, reading: Reading) -> Source:
    entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    if not entries:
        raise UsageError(f"folder {path} is empty; give a file, or a folder of images by class.")
    if any(_is_ucr(entry) for entry in entries if entry.is_file()):
        from gradwise.data.ucr import open_ucr

        return _without_columns(path, open_ucr(path), reading)
    from gradwise.data.idx import is_idx, open_idx

    if any(is_idx(entry) for entry in entries if entry.is_file()):
        return _without_columns(path, open_idx(path), reading)
    tables = sorted({ending(entry) for entry in entries if entry.is_file() and ending(entry) in TABLE_ENDS})
    folders = [entry for entry in entries if entry.is_dir()]
    if tables and not folders:
        raise UsageError(f"{path} is a folder; for the tables in it give a pattern: '{path}/*{tables[0]}'.")
    from gradwise.data.images import open_images

    reading.only("image_size", what="a folder of images")
    return open_images(path, target=_one(target, path), longest=reading.image_size)


def _one(target: str | Sequence[str] | None, path: Path) -> str | None:
    """The only target, for data that can have but one."""
    if target is None or isinstance(target, str):
        return target
    if len(target) > 1:
        raise UsageError(f"{path} takes one target, not {len(target)}.")
    return next(iter(target), None)
