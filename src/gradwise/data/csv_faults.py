"""What is wrong with a delimited file: found once reading failed, and told with its line."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from pathlib import Path
from typing import NoReturn

import polars as pl

from gradwise.errors import UsageError

_MAGIC = {
    b"PAR1": "a parquet file; rename it to .parquet",
    b"ARROW1": "an arrow file; rename it to .arrow",
    b"PK\x03\x04": "a zip archive or an Excel sheet; unpack it, or save the sheet as csv",
    b"\xd0\xcf\x11\xe0": "an old Excel sheet; save it as csv",
    b"SQLite format 3": "an SQLite database; export the table as csv",
    b"\x28\xb5\x2f\xfd": "packed by zstd; unpack it, or pack it by gzip",
    b"BZh": "packed by bzip2; unpack it, or pack it by gzip",
    b"\xfd7zXZ": "packed by xz; unpack it, or pack it by gzip",
    b"%PDF": "a PDF; a table is needed",
    b"\x89PNG": "a png image; give the folder of images, or a csv of their paths",
    b"\xff\xd8\xff": "a jpeg image; give the folder of images, or a csv of their paths",
    b"\x89HDF": "an HDF5 file; save its arrays as npz or its table as parquet",
    b"<!DOCTYPE": "a web page; download the file behind it",
    b"<html": "a web page; download the file behind it",
}
_WIDE = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16", codecs.BOM_UTF32_LE: "UTF-32"}


def check_text(path: Path, sample: bytes) -> None:
    """Raise when the first bytes are those of something other than UTF-8 text."""
    for magic, what in _MAGIC.items():
        if sample.startswith(magic):
            raise UsageError(f"{path} is no csv but {what}.")
    for mark, encoding in _WIDE.items():
        if sample.startswith(mark):
            fix = f"`iconv -f {encoding} -t UTF-8`"
            raise UsageError(f"{path} is {encoding} text; csv is read as UTF-8: save it so, e.g. with {fix}.")
    check_zeros(path, sample, 1)
    start = sample.lstrip()[:1]
    if start in (b"{", b"["):
        raise UsageError(f"{path} looks like JSON; save its table as csv or parquet.")


def check_zeros(path: Path, rows: bytes, line: int) -> None:
    """Raise when ``rows``, which start at ``line``, hold a zero byte: text has none, and polars stumbles."""
    at = rows.find(b"\x00")
    if at >= 0:
        line += rows.count(b"\n", 0, at)
        raise UsageError(f"{path} holds a zero byte at line {line}, so it is no text; a csv is needed.")


def check_names(path: Path, names: tuple[str, ...]) -> None:
    """Raise when a name stands twice, or when the first line holds cells instead of names."""
    # pandas numbers nameless columns 0, 1, 2 ...: those are names, measured numbers are not.
    if all(map(_is_number, names)) and [*names] != [str(at) for at in range(len(names))]:
        start = ", ".join(names[:3])
        raise UsageError(f"{path} starts with numbers ({start}); its first line must name the columns.")
    twice = [name for name, times in Counter(name for name in names if name).items() if times > 1]
    if twice:
        places = " and ".join(str(at) for at, name in enumerate(names, start=1) if name == twice[0])
        raise UsageError(
            f"{path} names column {twice[0]!r} more than once (columns {places}); give each its own name."
        )


def check_ragged(
    path: Path, rows: bytes, frame: pl.DataFrame | None, delimiter: str, line: int, width: int = 0
) -> None:
    """Raise when a line has fewer or more cells than there are columns.

    Args:
        path: named in the message.
        rows: whole lines of the file.
        frame: what was read from them; None to look in any case.
        delimiter: between cells.
        line: of the file at which ``rows`` starts, from 1.
        width: number of columns, without ``frame``.
    """
    if frame is not None:
        width = frame.width
        if width == 1 or rows.count(delimiter.encode()) == frame.height * (width - 1):
            return  # cells add up, and a line that is too long does not get here
        if not frame.height or frame.to_series(-1).null_count() == 0:
            return  # a line that is too short leaves its last cell empty
    reader = csv.reader(io.StringIO(rows.decode("utf-8", errors="replace"), newline=""), delimiter=delimiter)
    for row in reader:
        if row and len(row) != width:
            start = delimiter.join(row)[:40]
            raise UsageError(
                f"line {line + reader.line_num - 1} of {path} has {len(row)} cells where {width} columns are "
                f"named ({start!r}); add or remove cells, and quote cells that hold {delimiter!r}."
            )


def explain(path: Path, rows: bytes, names: tuple[str, ...], delimiter: str, line: int) -> None:
    """Raise what a failed reading was about, if it is one of the usual faults; else return."""
    try:
        rows.decode("utf-8")
    except UnicodeDecodeError as error:
        _wrong_encoding(path, rows, error.start, line)
    if rows.count(b'"') % 2:
        _open_quote(path, rows, line)
    csv.field_size_limit(max(csv.field_size_limit(), len(rows)))
    check_ragged(path, rows, None, delimiter, line, width=len(names))


def _wrong_encoding(path: Path, rows: bytes, at: int, line: int) -> NoReturn:
    here = line + rows.count(b"\n", 0, at)
    around = rows[max(0, at - 10) : at + 10].decode("latin-1").strip()
    raise UsageError(
        f"line {here} of {path} is not UTF-8: byte 0x{rows[at]:02x} in {around!r}; save the file as "
        "UTF-8, e.g. with `iconv -f LATIN1 -t UTF-8`."
    )


def _open_quote(path: Path, rows: bytes, line: int) -> None:
    """Raise at the last line that opens a quote without closing it."""
    opened = 0
    for number, text in enumerate(rows.split(b"\n")):
        if text.count(b'"') % 2:
            opened = 0 if opened else line + number
    if opened:
        raise UsageError(
            f'line {opened} of {path} opens a quote (") that is never closed; close or remove it.'
        )


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
