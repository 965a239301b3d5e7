"""The traces that the cases of a rule judge, taken from the cases themselves."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from gradwise.rules.collection import find_rule
from gradwise.rules.rule import LoadedRule
from gradwise.trace.findings import Finding
from gradwise.trace.model import Trace


def traces_of_cases(rule: LoadedRule, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Trace], list[Trace]]:
    """Traces in which the sick cases of a rule find something, and those in which the healthy ones find nothing."""
    if importlib.util.find_spec(f"tests.cases.test_{rule.module}") is None:
        return [], []
    cases = importlib.import_module(f"tests.cases.test_{rule.module}")
    seen: list[tuple[Trace, bool]] = []

    def check(trace: Trace) -> Iterator[Finding]:
        found = list(rule.check(trace))
        seen.append((trace, bool(found)))
        return iter(found)

    def find(name: str) -> LoadedRule:
        known = find_rule(name)
        return replace(known, check=check) if known.origin == rule.origin else known

    monkeypatch.setattr(cases, "check", check, raising=False)
    monkeypatch.setattr(cases, "find_rule", find, raising=False)
    judged: dict[bool, list[Trace]] = {True: [], False: []}
    for name, case in list(vars(cases).items()):
        if name.startswith(("test_sick_", "test_healthy_")):
            seen.clear()
            for values in _rounds(case):
                with suppress(Exception):  # a case that fails says so itself
                    case(**values)
            sick = name.startswith("test_sick_")
            judged[sick] += [trace for trace, found in seen if found == sick]
    return judged[True], judged[False]


def _rounds(case: Callable[..., None]) -> list[dict[str, Any]]:
    """The values of each round of a parametrized case; none for one that takes fixtures."""
    rounds: list[dict[str, Any]] = [{}]
    for mark in getattr(case, "pytestmark", []):
        if mark.name != "parametrize":
            continue
        names = mark.args[0]
        names = [part.strip() for part in names.split(",")] if isinstance(names, str) else list(names)
        given = [_values(entry, len(names)) for entry in mark.args[1]]
        rounds = [before | dict(zip(names, values, strict=True)) for before, values in product(rounds, given)]
    wanted = set(inspect.signature(case).parameters)
    return [values for values in rounds if set(values) == wanted]


def _values(entry: Any, names: int) -> tuple[Any, ...]:
    if hasattr(entry, "values") and hasattr(entry, "marks"):  # pytest.param(...)
        return tuple(entry.values)
    return (entry,) if names == 1 else tuple(entry)
