"""Adding facts to a run file that was closed: what was found out after the run had ended."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from gradwise.errors import TraceError
from gradwise.trace.model import Fact
from gradwise.trace.opening import READ_WAIT, trace_file
from gradwise.trace.schema import storable, to_json


def append_facts(path: Path, facts: Sequence[Fact]) -> None:
    """Write facts behind those that are there, in one transaction.

    Args:
        path: a run directory or the file in it; nobody records into it any more.
        facts: in the order in which they are to be read.

    Raises:
        TraceError: there is no run, or it cannot be written.
    """
    file = trace_file(path)
    rows = [
        (int(fact.step), storable(fact.kind), storable(fact.where), to_json(dict(fact.data)))
        for fact in facts
    ]
    try:
        with closing(sqlite3.connect(file, timeout=READ_WAIT)) as database, database:
            database.executemany("INSERT INTO facts (step, kind, place, data) VALUES (?, ?, ?, ?)", rows)
    except sqlite3.Error as error:
        raise TraceError(f"{file} cannot be written ({error}); the run itself is recorded.") from error
