"""Files of tables as they are read: formats, spellings, sizes, and what is told of them."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gradwise.data import csv_reading
from gradwise.data.csv_reading import read_csv
from gradwise.data.opening import open_source
from gradwise.data.table_files import read_table, read_tables
from gradwise.data.tables import table_from_frame
from gradwise.errors import UsageError
from tests.data.tabular import real_frame, write_text

FORMATS = {
    "a.csv": lambda frame, path: frame.write_csv(path),
    "a.tsv": lambda frame, path: frame.write_csv(path, separator="\t"),
    "semicolon.csv": lambda frame, path: frame.write_csv(path, separator=";"),
    "pipe.txt": lambda frame, path: frame.write_csv(path, separator="|"),
    "bom.csv": lambda frame, path: path.write_bytes(b"\xef\xbb\xbf" + frame.write_csv().encode()),
    "crlf.csv": lambda frame, path: path.write_bytes(frame.write_csv().replace("\n", "\r\n").encode()),
    "a.csv.gz": lambda frame, path: path.write_bytes(gzip.compress(frame.write_csv().encode())),
    "gzipped-unnamed.csv": lambda frame, path: path.write_bytes(gzip.compress(frame.write_csv().encode())),
    "no-end.csv": lambda frame, path: path.write_text(frame.write_csv().rstrip("\n")),
    "a.parquet": lambda frame, path: frame.write_parquet(path),
    "a.arrow": lambda frame, path: frame.write_ipc(path),
    "a.feather": lambda frame, path: frame.write_ipc(path),
    "A.CSV": lambda frame, path: frame.write_csv(path),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_table(name: str, tmp_path: Path) -> None:
    frame = real_frame("iris")
    FORMATS[name](frame, tmp_path / name)
    read = read_table(tmp_path / name)
    assert read.columns == frame.columns
    np.testing.assert_allclose(read.to_numpy(), frame.to_numpy(), rtol=1e-6)
    want = table_from_frame(frame.with_columns(pl.col(pl.Float64).cast(pl.Float32)), "target")
    assert open_source(tmp_path / name, target="target").fingerprint() == want.fingerprint()


def test_files_of_a_pattern_and_of_a_list_are_one_table(tmp_path: Path) -> None:
    frame = real_frame("iris")
    frame.head(70).write_csv(tmp_path / "part-1.csv")
    frame.tail(80).write_csv(tmp_path / "part-2.csv")
    whole = table_from_frame(frame.with_columns(pl.col(pl.Float64).cast(pl.Float32)), "target").fingerprint()
    assert open_source(str(tmp_path / "part-*.csv"), target="target").fingerprint() == whole
    parts = [tmp_path / "part-1.csv", tmp_path / "part-2.csv"]
    assert open_source(parts, target="target").fingerprint() == whole
    assert open_source(parts[::-1], target="target").fingerprint() != whole


def test_parts_of_other_types_meet_in_the_wider_one(tmp_path: Path) -> None:
    write_text(tmp_path, "a,b,c\n1,x,\n2,y,\n", "1.csv")
    write_text(tmp_path, "a,b,c\n1.5,3,9\n2,4,8\n", "2.csv")
    frame = open_source(str(tmp_path / "?.csv")).frame  # type: ignore[attr-defined]
    assert frame.rows() == [(1.0, "x", None), (2.0, "y", None), (1.5, "3", 9), (2.0, "4", 8)]


TRICKY = (
    'id,"a note",value\n'
    + "".join(
        f'{i},"line {i}\nwith ""quotes"", commas\nand é",{i / 4}\n' if i % 3 else f"{i},plain {i},{i}\n"
        for i in range(50)
    )
    + '50,"the end",12.5'
)


@pytest.mark.parametrize("block", [40, 64, 100, 333, 1000, 1 << 20])
@pytest.mark.parametrize("packed", [False, True])
def test_blocks_of_any_size_give_the_same_table(
    block: int, packed: bool, tmp_path: Path, monkeypatch
) -> None:
    path = write_text(tmp_path, gzip.compress(TRICKY.encode()) if packed else TRICKY)
    monkeypatch.setattr(csv_reading, "BLOCK", block)
    monkeypatch.setattr(csv_reading, "SAMPLE", max(block, 200))
    frame = read_csv(path)
    assert frame.columns == ["id", "a note", "value"] and frame.height == 51
    assert frame["a note"][1] == 'line 1\nwith "quotes", commas\nand é'
    assert frame["value"].to_list() == [i / 4 if i % 3 else i for i in range(50)] + [12.5]


@pytest.mark.parametrize(
    ("late", "dtype", "value"),
    [
        ("2.5", pl.Float64, 2.5),
        ("word", pl.String, "word"),
        ("99999999999999999999", pl.Int128, 99999999999999999999),
        ("", pl.Int64, None),
        ("-7", pl.Int64, -7),
    ],
)
def test_late_cells_widen_a_column(
    late: str, dtype: pl.DataType, value: object, tmp_path: Path, monkeypatch
) -> None:
    text = "a,b\n" + "".join(f"{i},{i}\n" for i in range(200)) + f"{late},1\n"
    monkeypatch.setattr(csv_reading, "BLOCK", 256)
    monkeypatch.setattr(csv_reading, "SAMPLE", 256)
    frame = read_csv(write_text(tmp_path, text))
    assert frame["a"].dtype == dtype and frame["a"][-1] == value
    assert frame["a"][3] == (3 if dtype != pl.String else "3") and frame["b"].dtype == pl.Int64


def test_a_fault_far_down_is_told_with_its_line(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(csv_reading, "BLOCK", 256)
    good = "a,b\n" + "".join(f"{i},{i}\n" for i in range(500))
    with pytest.raises(UsageError, match=r"line 502 of .* has 3 cells"):
        read_csv(write_text(tmp_path, good + "1,2,3\n" + "4,5\n" * 200))
    with pytest.raises(UsageError, match=r"line 502 of .* has 1 cells"):
        read_csv(write_text(tmp_path, good + "1\n" + "4,5\n" * 200))
    with pytest.raises(UsageError, match=r"line 502 of .* is not UTF-8: byte 0xff"):
        read_csv(write_text(tmp_path, (good + "1,Q\n").encode().replace(b"Q", b"\xff") + b"4,5\n" * 200))
    with pytest.raises(UsageError, match="zero byte at line 502"):
        read_csv(write_text(tmp_path, good + "1,\x00\n"))


@pytest.mark.parametrize("at", [0, 30, 99])
def test_a_quote_never_closed_is_told_with_its_line(at: int, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(csv_reading, "BLOCK", 64)
    lines = [f"pipe {i},{i}\n" for i in range(100)]
    lines[at] = '"5 pipe,1\n'
    with pytest.raises(UsageError, match=rf"line {at + 2} of .* opens a quote"):
        read_csv(write_text(tmp_path, "a,b\n" + "".join(lines)))


@pytest.mark.parametrize("marked", [[0], [30], [99], [0, 1], [7, 50, 51]])
def test_inch_marks_are_plain_text(marked: list[int], tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(csv_reading, "BLOCK", 64)
    cells = [f"{i}{chr(34) if i in marked else ''} pipe" for i in range(100)]
    frame = read_csv(write_text(tmp_path, "a,b\n" + "".join(f"{cell},1\n" for cell in cells)))
    assert frame["a"].to_list() == cells


def test_numbers_are_rounded_to_float32_only_where_nothing_is_lost(tmp_path: Path) -> None:
    text = "fine,stamp\n" + "".join(f"{i / 7},{1.7e9 + i / 1000}\n" for i in range(100))
    frame = read_csv(write_text(tmp_path, text))
    assert frame.dtypes == [pl.Float32, pl.Float64]
    source = table_from_frame(frame.with_columns(y=pl.Series([0, 1] * 50)), "y")
    out = source.encoder(np.arange(100)).transform(source).inputs["numbers"]
    np.testing.assert_allclose(out[:, 1], (np.arange(100) - 49.5) / np.arange(100).std(), atol=1e-3)


@pytest.mark.parametrize("word", ["NA", "?", "nan", "null", "-"])
def test_numbers_with_a_word_for_missing_are_numbers_from_the_start(word: str, tmp_path: Path) -> None:
    text = "whole,part,town\n" + "".join(f"{i},{i / 4},Ulm\n{word},{word},{word}\n" for i in range(50))
    frame = read_csv(write_text(tmp_path, text))
    assert frame.dtypes == [pl.Int64, pl.Float32, pl.String]
    assert frame["whole"].null_count() == frame["part"].null_count() == 50
    assert frame["town"].n_unique() == 2, "among words it may be a word"


def test_a_second_word_for_missing_further_down_is_one_too(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(csv_reading, "BLOCK", 64)
    monkeypatch.setattr(csv_reading, "SAMPLE", 64)
    text = "a,y\n" + "".join(f"{i}.5,1\nNA,0\n" for i in range(50)) + "n/a,1\nnan,0\n7,1\n"
    source = open_source(write_text(tmp_path, text), target="y")
    (column,) = source.columns  # type: ignore[attr-defined]
    assert (column.role, column.missing, column.shown) == ("number", 52, "0.5 … 49.5")


def test_names_are_stripped_and_missing_ones_are_numbered(tmp_path: Path) -> None:
    assert read_csv(write_text(tmp_path, ' a ," b",\n1,2,3\n')).columns == ["a", "b", "column_3"]


def test_blank_lines_are_left_out_and_rows_keep_their_numbers(tmp_path: Path) -> None:
    path = write_text(tmp_path, "a,y\n1,0\n\n2,1\n3,\n4,0\n\n\n")
    source = open_source(path, target="y")
    assert source.rows.tolist() == [1, 3, 5] and len(source) == 3  # type: ignore[attr-defined]
    told = {choice.name: choice for choice in source.choices}  # type: ignore[attr-defined]
    assert told["blank-rows"].value == "3" and "first: row 2" in told["blank-rows"].reason
    assert told["rows-left-out"].value == "1" and "empty" in told["rows-left-out"].reason
    assert open_source(path).rows.tolist() == [1, 3, 4, 5]  # type: ignore[attr-defined]


def test_describe_has_a_line_per_column(tmp_path: Path) -> None:
    frame = real_frame("wine")
    frame.write_csv(tmp_path / "wine.csv")
    about = frame["alcohol"].cast(pl.Float32).approx_n_unique()
    lines = open_source(tmp_path / "wine.csv", target="target").describe()
    assert lines[0] == "178 rows, 13 columns, 13 of them used"
    assert lines[1] == "predicts target (classes)"
    (alcohol,) = [line for line in lines if line.startswith("alcohol ")]
    assert alcohol.split(None, 1)[1] == f"number, {about} distinct: 11.03 … 14.83"
    assert len(lines) == 15


def test_the_fingerprint_sees_every_cell_name_and_gap() -> None:
    frame = pl.DataFrame({"x": [1.0, 2.0, None], "w": ["a", "b", None], "l": [[1], [2], [3]], "y": [0, 1, 0]})
    same = table_from_frame(frame, "y").fingerprint()
    assert same == table_from_frame(frame.clone(), "y").fingerprint()
    others = [
        frame.rename({"x": "z"}),
        frame.with_columns(x=pl.Series([1.0, 2.0, 0.0])),
        frame.with_columns(w=pl.Series(["ab", "", None])),
        frame.with_columns(l=pl.Series([[1], [2], [4]])),
        frame.with_columns(y=pl.Series([0, 1, 1])),
    ]
    assert len({same, *(table_from_frame(other, "y").fingerprint() for other in others)}) == 1 + len(others)


def test_groups_and_dropped_columns_are_no_inputs() -> None:
    frame = real_frame("iris").with_columns(patient=pl.int_range(150) // 10, note=pl.lit("x"))
    source = table_from_frame(frame, "target", group="patient", drop=("note",))
    assert source.groups is not None and np.bincount(source.groups).tolist() == [10] * 15
    assert [column.name for column in source.columns] == real_frame("iris").columns[:-1]


def test_huge_whole_numbers_are_learnt_from(tmp_path: Path) -> None:
    text = "a,y\n" + "".join(f"{10**25 + i * 10**22},{i % 2}\n" for i in range(20))
    source = open_source(write_text(tmp_path, text), target="y")
    out = source.encoder(np.arange(20)).transform(source).inputs["numbers"][:, 0]
    np.testing.assert_allclose(out, (np.arange(20) - 9.5) / np.arange(20).std(), rtol=1e-4)


@pytest.mark.parametrize("name", ["data.csv", "data.parquet", "data.arrow"])
def test_numbers_stay_as_they_are_where_that_is_asked_for(name: str, tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [0.1 + at for at in range(30)], "b": [at % 3 for at in range(30)]})
    write = {"csv": frame.write_csv, "parquet": frame.write_parquet, "arrow": frame.write_ipc}
    write[name.partition(".")[2]](tmp_path / name)
    exact, usual = read_tables([tmp_path / name], exact=True), read_tables([tmp_path / name])
    assert exact["a"].dtype == pl.Float64 and exact["a"].to_list() == frame["a"].to_list()
    assert usual["a"].dtype == pl.Float32, "a net needs no more"
    assert exact["b"].dtype == usual["b"].dtype == pl.Int64
