"""Delimited text to a polars frame, block by block, so that it costs little more memory than its cells."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
import polars as pl

from gradwise.data import cells, csv_faults
from gradwise.errors import UsageError

BLOCK = 16 << 20  # bytes read at once; 4 to 64 MiB took the same time, memory grows with it
LONGEST = 8  # blocks that one quoted cell may fill
SAMPLE = 1 << 20  # bytes that decide the types of columns; later cells may widen them
DELIMITERS = ",;\t|"
SNIFFED = 20  # lines that decide the delimiter
REPEATED = 0.5  # share of distinct words below which text is kept as numbered words, to save memory
FLOAT32_LOSS = 1e-3  # of a standard deviation: rounding to float32 below this is no loss to a net
FLOAT32_LARGEST = 1e30  # far enough from its limit, 3.4e38, to square differences of

FAILED = (pl.exceptions.PolarsError, pl.exceptions.PanicException)  # polars panics on some broken files

Schema = dict[str, pl.DataType]


@dataclass(frozen=True, slots=True)
class Header:
    """First line of a delimited file.

    Args:
        names: of the columns, stripped.
        delimiter: between cells.
        lines: that the header takes in the file.
        gaps: of columns of numbers, the word that stands for a missing one, e.g. ``NA``.
    """

    names: tuple[str, ...]
    delimiter: str
    lines: int
    gaps: dict[str, str] = field(default_factory=dict)


def read_csv(path: Path, *, exact: bool = False) -> pl.DataFrame:
    """Read a csv, tsv or other delimited file, plain or gzipped.

    Columns that hold decimal numbers come as float32 where rounding loses nothing that a net could see,
    else, and where ``exact`` is asked for, as float64; whole numbers as int64 or int128; the rest as text, or
    booleans.

    Raises:
        UsageError: what is wrong with the file, with its line.
    """
    try:
        with open_bytes(path) as stream:
            start = stream.read(SAMPLE)
            sample = _whole_lines(start) or start
            header = read_header(path, sample)
        schema = _guess(path, sample, header, exact=exact)
        for _ in range(len(header.names) + 1):
            try:
                return _read_all(path, header, schema)
            except _WidenError as widen:  # a later cell does not fit: read again with the wider type
                schema |= widen.schema
    except (EOFError, gzip.BadGzipFile, OSError) as error:
        raise UsageError(f"{path} cannot be read ({error}).") from error
    raise AssertionError("every round widens a column")


def open_bytes(path: Path) -> IO[bytes]:
    """The file as bytes, unpacked where it is gzipped."""
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]


def read_header(path: Path, sample: bytes) -> Header:
    """Names and delimiter of a file from its first bytes.

    Raises:
        UsageError: an empty file, no text, no names, or a name twice.
    """
    csv_faults.check_text(path, sample)
    text = sample.decode("utf-8-sig", errors="replace")
    if not text.strip():
        raise UsageError(f"{path} is empty; a table needs a line of column names and rows below it.")
    delimiter = _delimiter(text, path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = tuple(name.strip() for name in next(row for row in reader if row))
    csv_faults.check_names(path, names)
    names = tuple(name or f"column_{at}" for at, name in enumerate(names, start=1))
    return Header(names, delimiter, reader.line_num)


def _delimiter(text: str, path: Path) -> str:
    """The delimiter that cuts the first lines into most columns, equally many in each."""
    lines = [line for line in text.splitlines()[:SNIFFED] if line.strip()]
    first = "\t" if ".tsv" in path.suffixes or ".tab" in path.suffixes else ","
    best, best_score = first, (False, 1)
    for delimiter in dict.fromkeys(first + DELIMITERS):
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        score = (len(set(widths)) == 1, widths[0])
        if widths[0] > 1 and score > best_score:
            best, best_score = delimiter, score
    return best


def _whole_lines(data: bytes) -> bytes:
    """``data`` up to its last line end outside quotes; nothing where it has none."""
    cut = data.rfind(b"\n") + 1
    quotes = data.count(b'"', 0, cut)
    while quotes % 2 and cut > 0:
        before = data.rfind(b"\n", 0, cut - 1) + 1
        quotes -= data.count(b'"', before, cut)
        cut = before
    return data[:cut]


def _blocks(path: Path) -> Iterator[bytes]:
    rest = b""
    with open_bytes(path) as stream:
        while data := stream.read(BLOCK):
            data = rest + data
            whole = _whole_lines(data)
            if not whole and len(data) > LONGEST * BLOCK:  # a lone inch mark, or a quote that is never closed
                whole = data[: data.rfind(b"\n") + 1]
            rest = data[len(whole) :]
            if whole:
                yield whole
    if rest:
        yield rest


def _guess(path: Path, sample: bytes, header: Header, *, exact: bool) -> Schema:
    """Types of the columns from the first rows."""
    frame = _parse(_rows_of(sample, header), None, header, path, header.lines + 1)
    schema = {}
    for read in frame:
        word = _gap(read)
        if word:  # read as numbers from the start, which takes a quarter of the memory of text
            header.gaps[read.name] = word
        series = _as_numbers(read, word) if word else read
        small = not exact and series.dtype == pl.Float64 and fits_float32(series)
        schema[series.name] = pl.Float32() if small else series.dtype
    return schema


def _as_numbers(series: pl.Series, word: str) -> pl.Series:
    """Text as whole numbers, or else as decimal ones, with gaps at ``word``."""
    kept = series.set(series == word, None)
    whole = kept.cast(pl.Int64, strict=False)
    return whole if whole.null_count() == kept.null_count() else kept.cast(pl.Float64)


def _gap(series: pl.Series) -> str:
    """The only word, one for missing, among numbers; "" where there are others, or none.

    >>> _gap(pl.Series(["1", "NA", "2.5"])), _gap(pl.Series(["1", "NA", "?"])), _gap(pl.Series(["a", "NA"]))
    ('NA', '', '')
    """
    if series.dtype != pl.String:
        return ""
    read = series.cast(pl.Float64, strict=False)
    finite = read.is_finite().fill_null(value=False)
    rest = series.filter(~finite & series.is_not_null()).unique()
    only = str(rest[0]) if len(rest) == 1 and finite.any() else ""
    return only if only.lower() in cells.MISSING_WORDS else ""


def fits_float32(series: pl.Series) -> bool:
    """Whether rounding to float32 loses less than a thousandth of the standard deviation.

    >>> fits_float32(pl.Series([0.1, 0.2])), fits_float32(pl.Series([1e9 + 0.1, 1e9 + 0.2]))
    (True, False)
    """
    finite = series.drop_nulls()
    finite = finite.filter(finite.is_finite())
    if len(finite) < 2:
        return False
    largest = float(finite.abs().max())  # type: ignore[arg-type]
    spread = float(finite.std())  # type: ignore[arg-type]
    return largest < FLOAT32_LARGEST and largest * float(np.finfo(np.float32).eps) <= FLOAT32_LOSS * spread


def _rows_of(block: bytes, header: Header) -> bytes:
    """A first block without the line of names."""
    start = 0
    for _ in range(header.lines):
        start = block.find(b"\n", start) + 1
        if not start:
            return b""
    return block[start:]


def _read_all(path: Path, header: Header, schema: Schema) -> pl.DataFrame:
    parts: list[pl.DataFrame] = []
    line, repeated = header.lines + 1, list[str]()
    for number, block in enumerate(_blocks(path)):
        rows = block if number else _rows_of(block, header)
        frame = _parse(rows, schema, header, path, line)
        csv_faults.check_ragged(path, rows, frame, header.delimiter, line)
        if number == 1:  # from here on memory matters
            repeated = _repeated(parts[0])
            parts[0] = _numbered(parts[0], repeated)
        parts.append(_numbered(frame, repeated))
        line += rows.count(b"\n")
    frame = pl.concat(parts, rechunk=False)
    if not frame.height:
        raise UsageError(f"{path} holds a line of column names and no rows below it.")
    return frame


def _repeated(frame: pl.DataFrame) -> list[str]:
    """The columns of text of which most cells repeat another."""
    text = (series for series in frame if series.dtype == pl.String)
    return [series.name for series in text if series.n_unique() < REPEATED * len(series)]


def _numbered(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """The frame with these columns of text as numbered words, 4 bytes a cell instead of 16 and more."""
    return frame.with_columns(pl.col(names).cast(pl.Categorical)) if names else frame


def _parse(rows: bytes, schema: Schema | None, header: Header, path: Path, line: int) -> pl.DataFrame:
    """Cells of one block; blank lines give rows of nulls."""
    if not rows or rows.isspace():
        return pl.DataFrame(schema=schema or dict.fromkeys(header.names, pl.String()))
    csv_faults.check_zeros(path, rows, line)
    try:
        frame = _cells_of(rows, schema, header)
    except FAILED as error:
        requoted = _requoted(rows, header)
        if requoted:
            return _parse(requoted, schema, header, path, line)
        csv_faults.explain(path, rows, header.names, header.delimiter, line)
        wider = _widened(rows, schema, header) if schema else {}
        if wider:
            raise _WidenError(wider) from error
        what = str(error).splitlines()[0]
        raise UsageError(f"{path} is no table that can be read, at line {line} or after: {what}.") from error
    if frame.width != len(header.names):
        csv_faults.check_ragged(path, rows, None, header.delimiter, line, width=len(header.names))
        raise UsageError(f"{path} names {len(header.names)} columns, but its rows have {frame.width} cells.")
    return frame


def _cells_of(rows: bytes, schema: Schema | None, header: Header) -> pl.DataFrame:
    return pl.read_csv(
        rows if rows.endswith(b"\n") else rows + b"\n",  # polars 2.1 panics on a quote as the very last byte
        has_header=False,
        schema=schema,
        new_columns=None if schema else list(header.names),
        separator=header.delimiter,
        infer_schema_length=None,
        null_values=header.gaps if schema else None,
    )


def _requoted(rows: bytes, header: Header) -> bytes:
    """The rows with quotes written as polars wants them, where they hold others: 5" pipe; else nothing."""
    if b'"' not in rows:
        return b""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=header.delimiter, lineterminator="\n")
    try:
        lines = io.StringIO(rows.decode("utf-8"), newline="")
        for row in csv.reader(lines, delimiter=header.delimiter, strict=True):
            if row and len(row) != len(header.names):
                return b""
            writer.writerow(row)
    except (csv.Error, UnicodeDecodeError):
        return b""
    written = text.getvalue().encode("utf-8")
    return b"" if written == rows else written


def _widened(rows: bytes, schema: Schema, header: Header) -> Schema:
    """Types of the columns whose cells in ``rows`` do not fit ``schema``."""
    try:
        text = _cells_of(rows, None, header)
    except FAILED:
        return {}  # not the types are at fault
    wider: Schema = {}
    for (name, had), series in zip(schema.items(), text, strict=False):
        found = series.dtype
        if found == had or (found == pl.String and series.null_count() == len(series)):
            continue
        numeric = found.is_numeric() and had.is_numeric()
        if had == pl.String or (had.is_float() and numeric):
            continue
        wider[name] = (pl.Float64() if found.is_float() else pl.Int128()) if numeric else pl.String()
    return {name: dtype for name, dtype in wider.items() if dtype != schema[name]}


class _WidenError(Exception):
    """A later block holds cells that the types guessed from the first rows cannot."""

    def __init__(self, schema: Schema) -> None:
        super().__init__(schema)
        self.schema = schema
