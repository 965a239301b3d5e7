"""Tables whose cells are no plain values: series, texts, and paths of images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gradwise.data import cells
from gradwise.data.columns import infer_column
from gradwise.data.examples import Choice, Source
from gradwise.data.reading import Reading
from gradwise.data.tables import check_there, group_numbers, moments_of

if TYPE_CHECKING:
    from gradwise.data.images import ImageSource
    from gradwise.data.series import SeriesSource
    from gradwise.data.text import TextSource

IMAGE_ENDS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
LOOKED_AT = 100  # cells that tell a column of image paths
LONG = 8  # numbers in a cell that are a series even beside other columns: places and dates have fewer


def special_source(
    frame: pl.DataFrame, targets: Sequence[str], reading: Reading, *, base: Path
) -> Source | None:
    """Series, texts or images that a table holds; None for a plain table.

    Args:
        frame: N rows.
        targets: columns to be predicted; none: unknown.
        reading: how to read it.
        base: folder of the table; paths of images are relative to it.

    Raises:
        UsageError: a column asked for that is not there or not fit, or an option that means nothing here.
    """
    if reading.ids is not None:
        from gradwise.data.series import series_from_frame

        reading.only("ids", "time", "drop", what="a long table of series")
        return series_from_frame(frame, targets, series_id=reading.ids, time=reading.time, task=reading.task)
    apart = [name for name in (reading.time, reading.group) if name in frame.columns]
    rest = frame.drop(apart)
    made = _made(rest, targets, reading, base)
    if made is None:
        return None
    if targets:
        _part(made, frame, reading)
    return made


def _made(
    frame: pl.DataFrame, targets: Sequence[str], reading: Reading, base: Path
) -> TextSource | SeriesSource | ImageSource | None:
    if reading.text is not None:
        from gradwise.data.text import text_from_frame

        reading.only("text", "drop", "time", "group", what="texts")
        return text_from_frame(frame, targets, column=reading.text, task=reading.task)
    inputs = [series for series in frame.get_columns() if series.name not in targets]
    columns, choices = (reading.series, ()) if reading.series else _series_columns(inputs)
    if columns:
        from gradwise.data.series import series_from_frame

        reading.only("series", "drop", "time", "group", what="a table of series")
        made = series_from_frame(frame, targets, column=columns, task=reading.task)
        made.choices, made.columns = (*choices, *made.choices), columns
        return made
    for series in inputs:
        if _holds_image_paths(series):
            from gradwise.data.images import images_from_frame

            reading.only("drop", "time", "group", "image_size", what="a table of image paths")
            return images_from_frame(
                frame, series.name, targets, base, task=reading.task, longest=reading.image_size
            )
    return None


def _part(source: TextSource | SeriesSource | ImageSource, frame: pl.DataFrame, reading: Reading) -> None:
    """Tell the source what splits its rows: groups, time."""
    rows = source.target.rows if source.target is not None else np.arange(1, frame.height + 1)
    for name, option in ((reading.group, "--group"), (reading.time, "--time")):
        if name is None:
            continue
        check_there(frame, name, option)
        column = frame[name].gather(rows - 1)
        if option == "--group":
            source.groups = group_numbers(column, rows)
        else:
            source.moments = moments_of(column, rows)


def _series_columns(inputs: Sequence[pl.Series]) -> tuple[tuple[str, ...], tuple[Choice, ...]]:
    """The columns of lists, where they are what the table is about."""
    from gradwise.data.series_cells import counts, parted_by

    how: dict[str, str] = {}  # by name of the column
    for series in inputs:
        parted = parted_by(series)
        if parted is not None or isinstance(series.dtype, pl.List | pl.Array):
            how[series.name] = parted or ""
    if how and any(infer_column(series).used for series in inputs if series.name not in how):
        held = {series.name: counts(series) for series in inputs if how.get(series.name)}
        how = {name: how[name] for name, count in held.items() if count.quantile(0.5) >= LONG}  # type: ignore[operator]
    if not how:
        return (), ()
    first = next(iter(how))
    count = next(counts(series) for series in inputs if series.name == first).to_numpy()
    reason = f"each cell of {first!r} holds {np.nanmin(count):.0f} to {np.nanmax(count):.0f} numbers"
    if how[first]:
        reason += f" parted by {how[first]}; --text {first} reads them as words"
    return tuple(how), (Choice("series", ", ".join(how), reason),)


def _holds_image_paths(series: pl.Series) -> bool:
    if not cells.is_words(series):
        return False
    start = cells.words(series.head(LOOKED_AT)).drop_nulls().str.to_lowercase()
    images: int = sum(word.endswith(IMAGE_ENDS) for word in start)
    return images > 0 and images >= cells.MOSTLY * len(
        start
    )  # what the others are is told when they are read
