"""The run file: its tables, its version, and how records become JSON and back.

`docs/trace.md` describes the same for people who read it with other tools.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from itertools import groupby
from typing import Any

import numpy as np

from gradwise.trace.model import ModuleInfo, ParameterInfo, RunInfo

FILE_NAME = "trace.sqlite"
APPLICATION_ID = 0x67726477  # "grdw", in the SQLite header
SCHEMA_VERSION = 1  # PRAGMA user_version; raised when an older reader could no longer read the file
BLOCK = 256  # buckets per row of step_blocks: 10 KiB

TABLES = """
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE architectures (id INTEGER PRIMARY KEY, modules TEXT NOT NULL, parameters TEXT NOT NULL);
CREATE TABLE segments (
    position INTEGER PRIMARY KEY, first_step INTEGER NOT NULL, stop_step INTEGER NOT NULL,
    architecture INTEGER NOT NULL);
CREATE TABLE layouts (id INTEGER PRIMARY KEY, columns TEXT NOT NULL);
CREATE TABLE samples (
    id INTEGER PRIMARY KEY, step INTEGER NOT NULL, layout INTEGER NOT NULL, vector BLOB NOT NULL);
CREATE TABLE step_blocks (
    signal TEXT NOT NULL, block INTEGER NOT NULL, width INTEGER NOT NULL, buckets BLOB NOT NULL,
    PRIMARY KEY (signal, block));
CREATE TABLE evaluations (
    signal TEXT NOT NULL, place TEXT NOT NULL, step INTEGER NOT NULL, value REAL,
    PRIMARY KEY (signal, place, step)) WITHOUT ROWID;
CREATE TABLE facts (
    id INTEGER PRIMARY KEY, step INTEGER NOT NULL, kind TEXT NOT NULL, place TEXT NOT NULL,
    data TEXT NOT NULL);
"""


def to_json(value: Any) -> str:
    """Compact JSON; NaN and infinities as Python and JSON5 spell them, unknown objects as text."""
    return json.dumps(value, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return str(value)


def storable(text: str) -> str:
    """The text as SQLite can hold it: half characters, which file names may contain, become "?"."""
    return text.encode("utf-8", "replace").decode("utf-8")


def run_to_json(run: RunInfo) -> str:
    """The run info as one JSON object."""
    return to_json(asdict(run))


def run_from_json(text: str) -> RunInfo:
    """The run info back; keys that this version does not know are passed over."""
    known = _known(RunInfo, json.loads(text))
    known["argv"] = tuple(known.get("argv", ()))
    return RunInfo(**known)


def modules_from_json(text: str) -> tuple[ModuleInfo, ...]:
    """The modules of an architecture back."""
    return tuple(ModuleInfo(**_known(ModuleInfo, item)) for item in json.loads(text))


def parameters_from_json(text: str) -> tuple[ParameterInfo, ...]:
    """The parameters of an architecture back."""
    items = [_known(ParameterInfo, item) for item in json.loads(text)]
    return tuple(ParameterInfo(**{**item, "shape": tuple(item["shape"])}) for item in items)


def records_to_json(records: Sequence[ModuleInfo] | Sequence[ParameterInfo]) -> str:
    """Modules or parameters as a JSON list of objects."""
    return to_json([asdict(record) for record in records])


def columns_to_json(columns: Sequence[tuple[str, str]]) -> str:
    """A layout as ``[[signal, [place, ...]], ...]``, in the order of the vector."""
    runs = groupby(columns, key=lambda column: column[0])
    return to_json([[signal, [place for _, place in group]] for signal, group in runs])


def columns_from_json(text: str) -> list[tuple[str, str]]:
    """The (signal, place) pairs of a layout, one per number in the vector."""
    return [(signal, place) for signal, places in json.loads(text) for place in places]


def _known(record: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    names = {item.name for item in fields(record)}
    return {key: value for key, value in values.items() if key in names}
