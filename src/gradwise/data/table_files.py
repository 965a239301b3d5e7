"""Files that hold one table, or parts of one, to a polars frame."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from gradwise.data.csv_reading import fits_float32, read_csv
from gradwise.errors import UsageError
from gradwise.registry import nearest

TEXT_ENDS = (".csv", ".tsv", ".tab", ".txt", ".data")
PARQUET_ENDS = (".parquet", ".pq")
ARROW_ENDS = (".arrow", ".feather", ".ipc")
FEWEST_TOGETHER = 8  # columns of a parquet file read at once; fewer would read its footer too often
MOST_GROUPS = 64  # of columns
TABLE_ENDS = TEXT_ENDS + PARQUET_ENDS + ARROW_ENDS


def ending(path: Path) -> str:
    """The ending that tells the format, without that of packing.

    >>> ending(Path("sales.CSV.gz"))
    '.csv'
    """
    ends = [end.lower() for end in path.suffixes]
    if ends and ends[-1] in (".gz", ".gzip"):
        ends.pop()
    return ends[-1] if ends else ""


def find_files(place: str | Path) -> list[Path]:
    """The file, or the files that a pattern such as ``data/*.csv`` matches, in order of their names.

    Raises:
        UsageError: nothing there.
    """
    path = Path(place)
    if path.exists():
        return [path]
    if glob.has_magic(str(place)):
        found = [Path(name) for name in sorted(glob.glob(str(place), recursive=True)) if Path(name).is_file()]  # noqa: PTH207 -- pathlib matches no absolute patterns
        if found:
            return found
        raise UsageError(f"no file matches {str(place)!r}; check the pattern, and quote it in a shell.")
    folder = path.parent
    if not folder.is_dir():
        raise UsageError(f"there is no file {path} and no folder {folder}; check the path.")
    near = nearest(path.name, [entry.name for entry in folder.iterdir()])
    raise UsageError(f"there is no file {path}{near}; check the path.")


def read_tables(paths: Sequence[Path], *, exact: bool = False) -> pl.DataFrame:
    """One frame of all files, in this order; each must have the columns of the first.

    Args:
        paths: of the files.
        exact: decimal numbers stay float64, which takes twice the memory.

    Raises:
        UsageError: a file that cannot be read, or with other columns than the first.
    """
    first = read_table(paths[0], exact=exact)
    frames = [first]
    for path in paths[1:]:
        frame = read_table(path, exact=exact)
        lacking = [name for name in first.columns if name not in frame.columns]
        extra = [name for name in frame.columns if name not in first.columns]
        if lacking or extra:
            what = f"lacks column {lacking[0]!r} of" if lacking else f"has column {extra[0]!r}, unlike"
            raise UsageError(f"{path} {what} {paths[0]}; the parts of a table need the same columns.")
        frames.append(frame.select(first.columns))
    if len(frames) == 1:
        return first
    return pl.concat(_alike(frames), how="vertical", rechunk=False)


def _alike(frames: list[pl.DataFrame]) -> list[pl.DataFrame]:
    """The frames with one type per column: the wider number type, else text."""
    for name in frames[0].columns:
        kinds = {frame[name].dtype for frame in frames if frame[name].null_count() < frame.height}
        if len(kinds) < 2 and len({frame[name].dtype for frame in frames}) < 2:
            continue
        if len(kinds) < 2:
            common: pl.DataType = next(iter(kinds), pl.String())
        else:
            common = pl.Float64() if all(kind.is_numeric() for kind in kinds) else pl.String()
        frames = [frame.with_columns(pl.col(name).cast(common)) for frame in frames]
    return frames


def read_table(path: Path, *, exact: bool = False) -> pl.DataFrame:
    """One file by its ending; names without an ending are taken for csv.

    Args:
        path: of the file.
        exact: decimal numbers stay float64.

    Raises:
        UsageError: a file that cannot be read, or is of no known format.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder; give a file, or a pattern such as {path}/*.csv.")
    end = ending(path)
    try:
        if path.stat().st_size == 0:
            raise UsageError(f"{path} is empty (0 bytes); a table needs a line of column names and rows.")
        if end in PARQUET_ENDS + ARROW_ENDS:
            return _filled(_read_binary(path, end, exact=exact), path)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror or error}).") from error
    if end in TEXT_ENDS or not end:
        return read_csv(path, exact=exact)
    known = ", ".join(TABLE_ENDS)
    raise UsageError(f"{path} ends in {end!r}, which is no table; known are {known}, also with .gz.")


def _read_binary(path: Path, end: str, *, exact: bool) -> pl.DataFrame:
    what = "parquet" if end in PARQUET_ENDS else "arrow"
    try:
        if path.suffix.lower() in (".gz", ".gzip"):
            raise UsageError(f"{path} is gzipped, but {what} packs its columns itself; unpack it first.")
        if end in PARQUET_ENDS:
            return _read_parquet(path, exact=exact)
        return _rounded(pl.read_ipc(path), exact=exact)
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"{path} is no {what} file that can be read ({reason}); save it anew.") from error


def _read_parquet(path: Path, *, exact: bool) -> pl.DataFrame:
    """Some columns at a time, each group made smaller before the next is read."""
    names = list(pl.read_parquet_schema(path))
    step = max(FEWEST_TOGETHER, len(names) // MOST_GROUPS)
    groups = [names[at : at + step] for at in range(0, len(names), step)] or [[]]
    frames = (pl.read_parquet(path, columns=group, hive_partitioning=False, glob=False) for group in groups)
    return pl.concat([_rounded(frame, exact=exact) for frame in frames], how="horizontal")


def _rounded(frame: pl.DataFrame, *, exact: bool) -> pl.DataFrame:
    """The frame with float64 columns as float32 where nothing is lost; as it is where ``exact``."""
    names = (
        []
        if exact
        else [series.name for series in frame if series.dtype == pl.Float64 and fits_float32(series)]
    )
    return frame.with_columns(pl.col(names).cast(pl.Float32)) if names else frame


def _filled(frame: pl.DataFrame, path: Path) -> pl.DataFrame:
    """The frame, if it holds anything."""
    if not frame.width or not frame.height:
        raise UsageError(
            f"{path} holds {frame.width} columns and {frame.height} rows; nothing to learn from."
        )
    return frame
