"""Wrong tables: one clear sentence each, that names the place and says what to do."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradwise.data.opening import encoder_from, open_source
from gradwise.data.splitting import split
from gradwise.errors import UsageError
from tests.data.tabular import write_text

GOOD = "a,b,y\n" + "".join(f"{i % 7}.5,{i % 5},{'yes' if i % 3 else 'no'}\n" for i in range(30))


@dataclass(frozen=True)
class Bad:
    """A file that is wrong, and words that the message must hold."""

    name: str
    content: str | bytes
    words: tuple[str, ...]
    file: str = "data.csv"
    options: dict[str, Any] = field(default_factory=dict)


def swap(row: int, line: str) -> str:
    """The good table with another line for data row ``row``, from 1."""
    lines = GOOD.splitlines(keepends=True)
    lines[row] = line
    return "".join(lines)


FILES = [
    Bad("empty", "", ("data.csv is empty (0 bytes)", "column names")),
    Bad("only blanks", "\n  \n\n", ("data.csv is empty", "column names")),
    Bad("header only", "a,b,y\n", ("column names and no rows",)),
    Bad("header only, no line end", "a,b,y", ("column names and no rows",)),
    Bad("a line too long", swap(4, "1,2,yes,9\n"), ("line 5 of", "4 cells where 3 columns", "quote")),
    Bad("a line too short", swap(7, "1,2\n"), ("line 8 of", "2 cells where 3 columns")),
    Bad("a line of one cell", swap(30, "total\n"), ("line 31 of", "1 cells where 3")),
    Bad("name twice", GOOD.replace("a,b,y", "a,a,y"), ("names column 'a' more than once (columns 1 and 2)",)),
    Bad("no header", "5.1,3.5,1\n4.9,3.0,0\n", ("starts with numbers (5.1, 3.5, 1)", "must name the columns")),
    Bad("latin-1", swap(3, "1,2,caf\xe9\n").encode("latin-1"), ("line 4", "not UTF-8", "byte 0xe9", "iconv")),
    Bad("utf-16", GOOD.encode("utf-16"), ("UTF-16", "save it so", "iconv -f UTF-16")),
    Bad("zero byte", swap(2, "1,\x00,yes\n"), ("zero byte at line 3", "csv is needed")),
    Bad("open quote", swap(12, '"1,2,yes\n'), ("line 13", "opens a quote", "close or remove")),
    Bad("parquet named csv", b"PAR1" + bytes(40), ("no csv but a parquet file", "rename")),
    Bad("excel named csv", b"PK\x03\x04" + bytes(40), ("Excel", "save the sheet as csv")),
    Bad("web page", "<!DOCTYPE html><html></html>", ("web page", "download")),
    Bad("json", '[{"a": 1}]', ("looks like JSON", "csv or parquet")),
    Bad("broken parquet", b"no parquet at all", ("is no parquet file", "save it anew"), "data.parquet"),
    Bad("broken arrow", b"no arrow at all", ("is no arrow file", "save it anew"), "data.arrow"),
    Bad("cut gzip", gzip.compress(GOOD.encode() * 50)[:-40], ("cannot be read", "end-of-stream"), "data.csv.gz"),
    Bad("unknown ending", GOOD, ("ends in '.xyz'", ".csv"), "data.xyz"),
    Bad("unknown target", GOOD, ("no target column 'yy'", "did you mean 'y'?", "'a', 'b', 'y'"), options={"target": "yy"}),
    Bad("no target", GOOD, ("target column is needed", "--target"), options={"target": ()}),
    Bad("target twice", GOOD, ("name one twice",), options={"target": ("a", "a")}),
    Bad("target all missing", "a,y\n1,\n2,\n", ("target column 'y' is empty in all 2 rows",)),
    Bad("one class", "a,y\n1,on\n2,on\n3,on\n", ("holds only 'on'", "two classes")),
    Bad("constant numbers", "a,y\n1,0.5\n2,0.5\n3,0.5\n", ("'y' is 0.5 in every row",), options={"task": "numbers"}),
    Bad("infinite target", "a,y\n" + "".join(f"{i},{i / 7}\n" for i in range(40)) + "1,inf\n", ("row 41", "no finite number", "Correct")),
    Bad("words among numbers", "a,y\n" + "".join(f"{i},{i / 7}\n" for i in range(40)) + "1,abc\n", ("row 41: 'abc'", "'y'")),
    Bad("names as target", "a,y\n" + "".join(f"{i},name{i}\n" for i in range(60)), ("60 different words in 60 rows", "--task classes")),
    Bad("unknown task", GOOD, ("--task takes one of", "'clases'"), options={"task": "clases"}),
    Bad("classes of two columns", GOOD, ("takes one target column, not 2",), options={"target": ("y", "b"), "task": "classes"}),
    Bad("labels of numbers", GOOD, ("columns of 0 and 1; 'a'",), options={"target": ("a", "b"), "task": "labels"}),
    Bad("several targets, one of words", GOOD.replace("no", "perhaps"), ("'y' holds neither",), options={"target": ("a", "y")}),
    Bad("time not there", GOOD, ("--time names column 'day'", "not there"), options={"time": "day"}),
    Bad("target as time", GOOD, ("cannot be --time too",), options={"time": "y"}),
    Bad("time that is none", "a,t,y\n1,soon,0\n2,later,1\n", ("neither dates nor numbers ('soon')", "2024-12-31"), options={"time": "t"}),
    Bad("time with gaps", "a,t,y\n1,2020-01-01,0\n2,,1\n", ("'t' holds 1 empty cells (first: row 2)",), options={"time": "t"}),
    Bad("group not there", GOOD, ("--group names column 'aa'", "did you mean"), options={"group": "aa"}),
    Bad("group with gaps", "a,g,y\n1,x,0\n2,,1\n", ("--group", "'g' holds 1 empty cells (first: row 2)"), options={"group": "g"}),
    Bad("one group", "a,g,y\n1,x,0\n2,x,1\n3,x,1\n", ("need 2 groups", "there is 1"), options={"group": "g"}),
    Bad("drop not there", GOOD, ("--drop names column 'c'",), options={"drop": ("c",)}),
    Bad("target dropped", GOOD, ("'y' is the target and cannot be --drop too",), options={"drop": ("y",)}),
    Bad("one row", "a,y\n1,0\n", ("training and validation need 2 rows", "there is 1", "--valid 0")),
    Bad("only the target", "y\n0\n1\n0\n1\n", ("no column is left to learn from",)),
    Bad("only constants", "a,y\n7,0\n7,1\n7,0\n7,1\n", ("no column is left", "'a': every cell is 7")),
    Bad("only free text", "a,y\n" + "".join(f"the film number {i} was rather long for me,{i % 2}\n" for i in range(30)), ("--text a trains on it",)),
    Bad("only gaps", "a,y\n,0\n,1\n,0\n,1\n", ("'a': every cell is missing",)),
]  # fmt: skip


@pytest.mark.parametrize("bad", FILES, ids=lambda bad: bad.name)
def test_a_wrong_file_is_told_in_one_sentence(bad: Bad, tmp_path: Path) -> None:
    path = write_text(tmp_path, bad.content, bad.file)
    with pytest.raises(UsageError) as raised:
        train(path, **{"target": "y", **bad.options})
    message = str(raised.value)
    assert [word for word in bad.words if word not in message] == [], message
    assert "\n" not in message and len(message) < 400
    assert "Consider" not in message and "infer_schema" not in message, "the reader's own advice is no help"


def train(path: Path, **options: Any) -> None:
    source = open_source(path, **options)
    rows = split(source, valid=0.2, seed=0).train
    source.encoder(rows).transform(source, rows)


def test_the_good_table_is_read(tmp_path: Path) -> None:
    train(write_text(tmp_path, GOOD), target="y")


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("none.csv", ("there is no file", "check the path")),
        ("dat.csv", ("there is no file", "did you mean 'data.csv'?")),
        ("deep/none.csv", ("no folder",)),
        ("*.tsv", ("no file matches", "quote it")),
        ("empty", ("is empty", "folder of images")),
        ("parts", ("is a folder", "parts/*.csv")),
        ("photo.png", ("one image", "one folder of images per class")),
    ],
)
def test_a_wrong_place_is_told(place: str, words: tuple[str, ...], tmp_path: Path) -> None:
    write_text(tmp_path, GOOD)
    (tmp_path / "empty").mkdir()
    (tmp_path / "parts").mkdir()
    write_text(tmp_path / "parts", GOOD)
    write_text(tmp_path, b"\x89PNG", "photo.png")
    with pytest.raises(UsageError) as raised:
        open_source(str(tmp_path / place), target="y")
    assert [word for word in words if word not in str(raised.value)] == [], str(raised.value)


def test_parts_with_other_columns_are_told(tmp_path: Path) -> None:
    first = write_text(tmp_path, GOOD, "1.csv")
    second = write_text(tmp_path, GOOD.replace("a,b,y", "a,c,y"), "2.csv")
    with pytest.raises(UsageError, match=r"2\.csv lacks column 'b' of .*1\.csv"):
        open_source([first, second], target="y")


def test_no_file_at_all_is_told() -> None:
    with pytest.raises(UsageError, match="no file is given"):
        open_source([], target="y")


TRAINED = pl.DataFrame(
    {
        "size": [float(i % 11) for i in range(60)],
        "age": [i % 13 if i % 9 else None for i in range(60)],
        "town": ["Ulm" if i % 3 else "Bonn" for i in range(60)],
        "day": [f"2024-{1 + i % 12:02d}-{1 + i % 28:02d}" for i in range(60)],
        "new": ["yes" if i % 2 else "no" for i in range(60)],
        "y": ["up" if i % 4 else "down" for i in range(60)],
    }
)


@pytest.mark.parametrize(
    ("change", "target", "words"),
    [
        (pl.lit(None).alias("other"), "other", ("'other' is empty in all",)),
        (pl.col("size").cast(pl.String).replace("3.0", "big"), None, ("row 4 of column 'size' holds 'big'", "only numbers")),
        (pl.col("day").str.replace("2024-01-01", "soon", literal=True), None, ("row 1 of column 'day' holds 'soon'", "%Y-%m-%d")),
        (pl.col("new").replace("yes", "maybe"), None, ("row 2 of column 'new' holds 'maybe'", "only yes and no")),
        (pl.col("y").replace("up", "sideways"), "y", ("row 2 of target column 'y' holds 'sideways'", "'down', 'up'")),
        (pl.lit([[1.0]]).repeat_by(1).list.first().alias("size"), None, ("'size' holds lists",)),
        (pl.col("town").map_elements(lambda word: [word], return_dtype=pl.List(pl.String)), None, ("'town' holds lists",)),
    ],
)  # fmt: skip
def test_wrong_cells_at_prediction_are_told(
    change: pl.Expr, target: str | None, words: tuple[str, ...], tmp_path: Path
) -> None:
    encoder = fitted(tmp_path)
    TRAINED.with_columns(change).write_parquet(tmp_path / "new.parquet")
    with pytest.raises(UsageError) as raised:
        encoder.transform(open_source(tmp_path / "new.parquet", target=target))
    assert [word for word in words if word not in str(raised.value)] == [], str(raised.value)


def test_missing_columns_at_prediction_are_told_with_the_likely_one(tmp_path: Path) -> None:
    encoder = fitted(tmp_path)
    TRAINED.rename({"size": "sizes"}).write_csv(tmp_path / "new.csv")
    with pytest.raises(UsageError, match=r"lacks column 'size' \(is it 'sizes'\?\)"):
        encoder.transform(open_source(tmp_path / "new.csv"))
    TRAINED.drop("size", "town").write_csv(tmp_path / "new.csv")
    with pytest.raises(UsageError, match="lacks 2 columns 'size', 'town'"):
        encoder.transform(open_source(tmp_path / "new.csv"))


def test_a_state_of_unknown_kind_is_told() -> None:
    with pytest.raises(UsageError, match="kind 'sound'; table, images, series and text"):
        encoder_from({"kind": "sound"})


def fitted(folder: Path) -> Any:
    TRAINED.write_csv(folder / "train.csv")
    source = open_source(folder / "train.csv", target="y")
    return source.encoder(np.arange(len(source)))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200) | st.text(alphabet='ab,;\n"1.é\t-', max_size=80).map(str.encode))
def test_no_bytes_at_all_lead_to_another_error(content: bytes, tmp_path: Path) -> None:
    attempt(write_text(tmp_path, content))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, len(GOOD) - 1), put=st.binary(max_size=4), cut=st.integers(0, 8))
def test_no_damage_to_a_good_file_leads_to_another_error(
    at: int, put: bytes, cut: int, tmp_path: Path
) -> None:
    content = GOOD.encode()
    attempt(write_text(tmp_path, content[:at] + put + content[at + cut :]))


def attempt(path: Path) -> None:
    try:
        names = open_source(path).frame.columns  # type: ignore[attr-defined]
        train(path, target=names[-1])
    except UsageError as error:
        told = str(error)
    else:
        told = "it was read."
    assert "\n" not in told and told.endswith(".")
