"""docs/trace.md, as a reader with other tools would use it."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from gradwise.trace import buffers, events, rows, schema, thin
from tests.trace.conftest import fill

PAGE = (Path(__file__).parents[2] / "docs" / "trace.md").read_text(encoding="utf-8")


@pytest.fixture
def here(make_writer, monkeypatch):
    """A finished run in the current directory."""
    writer = make_writer("run")
    fill(writer)
    writer.close()
    monkeypatch.chdir(writer.path.parent)


def test_the_python_example_prints_the_loss(here, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict = {}
    exec(code, names)
    names["trace"].close()
    assert "[ 0  1  2" in capsys.readouterr().out
    assert names["loss"]["mean"][[0, -1]].tolist() == [2.0, 1.0]


def test_the_shell_example_asks_what_sqlite_can_answer(here):
    (query,) = re.findall(r'mode=ro\' "(SELECT .*)"', PAGE)
    database = sqlite3.connect("file:trace.sqlite?mode=ro", uri=True)
    assert database.execute(query).fetchone() == (0,)
    database.close()


def test_every_table_and_column_is_described():
    for table, columns in re.findall(
        r"CREATE TABLE (\w+) \((.*?)\)(?: WITHOUT ROWID)?;", schema.TABLES, re.S
    ):
        names = re.findall(r"(\w+) (?:INTEGER|TEXT|REAL|BLOB)", columns)
        assert f"`{table} ({', '.join(names)})`" in PAGE


def test_the_limits_are_those_of_the_code():
    for number in (
        f"{rows.ROW_LIMIT} rows and {rows.BYTE_LIMIT // 10**6} MB",
        f"The first {rows.RARE_ROWS}",
        f"{thin.BUCKET_LIMIT} buckets",
        f"{events.EVALUATION_LIMIT} phases per place, {events.EVALUATION_PLACES} places",
        f"{events.FACT_LIMIT} facts and {events.FACT_BYTES // 10**6} MB",
        f"{buffers.SEGMENT_LIMIT}, and {buffers.ARCHITECTURE_BYTES // 10**6} MB",
        f"up to {schema.BLOCK}\nof them, {thin.BUCKET.itemsize} bytes each",
        f"`{hex(schema.APPLICATION_ID)}`",
        f"now **{schema.SCHEMA_VERSION}**",
    ):
        assert number in PAGE
