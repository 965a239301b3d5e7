"""The form of a rule on paper: its page, its declaration, its source."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from functools import cache
from importlib.resources import files

from gradwise.handbook.catalogue import catalogue
from gradwise.remedies.collection import all_remedies
from gradwise.rules.collection import SHIPPED_CODE, all_rules, reading_aids
from gradwise.rules.rule import LoadedRule, Organ
from gradwise.trace.findings import GROUPS
from gradwise.trace.signals import SIGNALS

HEADINGS = (
    "What it sees",
    "Why it hurts",
    "How it decides",
    "Cure",
    "Cure safety",
    "When it is wrong",
    "Example",
    "References",
)
MAX_LINES = 240  # of a rule file: page, declaration and check; the page takes about a third
MAX_SUMMARY = 12  # words
OWN_PACKAGE = "gradwise.rules"
# A rule is a pure function of the trace: it computes nothing with torch, reads no file and no clock.
_IMPURE = {"torch", "os", "io", "pathlib", "time", "datetime", "random", "secrets", "subprocess", "socket"}


def page_faults(rule: LoadedRule) -> Iterator[str]:
    """Title, headings in order, nothing empty, nothing unfinished."""
    lines = rule.page.splitlines() or [""]
    if not (lines[0].startswith("This run shows ") and lines[0].endswith(".")):
        yield "page: its first line is one sentence that begins with 'This run shows '"
    headings = tuple(line for line in lines[1:] if line and not line.startswith(" "))
    if headings != HEADINGS:
        missing = [heading for heading in HEADINGS if heading not in headings]
        odd = [heading for heading in headings if heading not in HEADINGS]
        lacks = [f"missing {', '.join(missing)}"] if missing else []
        more = [f"not expected {', '.join(odd)}"] if odd else []
        wrong = "; ".join([*lacks, *more]) or "order"
        yield f"page: its headings are {', '.join(HEADINGS)}, in this order ({wrong})"
    parts = re.split(r"^(?:" + "|".join(HEADINGS) + r")$", rule.page, flags=re.MULTILINE)
    if not all(part.strip() for part in parts):
        yield "page: a section is empty"


def declaration_faults(rule: LoadedRule, cures: Collection[str] = ()) -> Iterator[str]:
    """Name, code, group, place in the order of belief, version, signs, cures, summary."""
    told = rule.declaration
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", told.name):
        yield f"name: {told.name!r} is not in kebab-case"
    if told.group not in GROUPS:
        yield f"group: {told.group!r} is none of {', '.join(GROUPS)}"
    if type(told.organ) is not Organ:  # an IntEnum equals plain numbers
        yield "organ: it is one of gradwise.rules.rule.Organ"
    if not re.fullmatch(r"\d+\.\d+\.\d+", told.since):
        yield f"since: {told.since!r} is no version such as 1.0.0"
    if not 1 <= len(told.summary.split()) <= MAX_SUMMARY:
        yield f"summary: it has 1 to {MAX_SUMMARY} words"
    if not told.cures:
        yield "cures: there is none"
    if len(set(told.explains)) != len(told.explains) or told.name in told.explains:
        yield "explains: a name stands there twice, or its own"
    unknown = set(told.explains) - set(catalogue()) - set(all_rules())
    if unknown:
        yield f"explains: nobody knows {', '.join(sorted(unknown))}"
    missing = (set(told.cures) | _cures_in(_tree(rule))) - set(all_remedies()) - set(cures)
    if missing:
        yield f"cures: no remedy is called {', '.join(sorted(missing))}; ship it, or name one that exists"
    yield from _identity_faults(rule)


def _identity_faults(rule: LoadedRule) -> Iterator[str]:
    """Code and name are its own, and stay so."""
    told = rule.declaration
    if rule.origin.startswith(f"{OWN_PACKAGE}."):
        entry = catalogue().get(told.name)
        if entry is None or entry.code != told.code:
            yield "name and code: they are those of the catalogue"
        if rule.module != told.name.replace("-", "_"):
            yield f"name: its file is {told.name.replace('-', '_')}.py"
    elif not SHIPPED_CODE.fullmatch(told.code):
        yield f"code: {told.code!r} is not two letters or more and a number, e.g. ACME01"
    elif told.name in catalogue():
        yield f"name: {told.name} stands in gradwise's catalogue"
    for other in all_rules().values():
        same = told.name == other.declaration.name or told.code == other.declaration.code
        if same and other.origin != rule.origin:
            taken = f"{other.declaration.code} {other.declaration.name}"
            yield f"name and code: {taken} is taken ({other.source})"


def source_faults(rule: LoadedRule, source: str) -> Iterator[str]:
    """What it reads is declared and exists; thresholds are named with unit and source; imports are pure."""
    told, tree = rule.declaration, _tree(rule)
    if not told.reads:
        yield "reads: there is nothing"
    for name in told.reads:
        known = name.removeprefix("fact:") in fact_kinds() if name.startswith("fact:") else name in SIGNALS
        if not known:
            yield f"reads: there is no {name}"
    hidden = _read_in(tree) - set(told.reads)
    if hidden:
        yield f"reads: {', '.join(sorted(hidden))} is read and not declared"
    for line in _bare_numbers(source):
        yield f"thresholds: no unit and source stand beside `{line.strip()}`"
    if "TODO" in source:
        yield "source: a TODO is left in it"
    if len(source.splitlines()) > MAX_LINES:
        yield f"source: it is longer than {MAX_LINES} lines"
    impure = sorted(name for name in _imported(tree) if _is_impure(name))
    if impure:
        yield f"purity: a rule does not import {', '.join(impure)}"


@cache
def fact_kinds() -> frozenset[str]:
    """Kinds of facts that a run can hold, and "structure": the modules and parameters of the trace."""
    kinds = {"structure"}
    for room in ("watch", "probes"):  # read as text, since these rooms need torch
        for path in (files("gradwise") / room).iterdir():
            if path.name.endswith(".py"):
                kinds.update(re.findall(r"""["']([a-z-]+)["']""", path.read_text(encoding="utf-8")))
    return frozenset(kinds)


def source_of(rule: LoadedRule) -> str:
    """The text of the rule's module; "" where there is none."""
    import sys

    loader = getattr(sys.modules[rule.origin].__spec__, "loader", None)
    get_source = getattr(loader, "get_source", None)
    return (get_source(rule.origin) if get_source is not None else None) or ""


def _tree(rule: LoadedRule) -> ast.Module:
    return ast.parse(source_of(rule))


def _cures_in(tree: ast.Module) -> set[str]:
    """Names in every ``cures=(...)`` of a source, also those given to a single finding."""
    return {
        leaf.value
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "cures"
        for leaf in ast.walk(node.value)
        if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)
    }


def _read_in(tree: ast.Module) -> set[str]:
    """Signals and kinds of facts that a source asks the trace for by name."""
    used: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                if node.func.attr in ("sampled", "step_signal"):
                    used.add(first.value)
                elif node.func.attr == "facts_of":
                    used.add(f"fact:{first.value}")
    return used


def _bare_numbers(source: str) -> list[str]:
    """Constants whose number stands without a comment beside or above it."""
    lines = source.splitlines()
    return [
        line
        for above, line in zip(["", *lines], lines, strict=False)
        if re.match(r"_?[A-Z][A-Z_0-9]*(?:: \S+)? = -?[\d.]", line)
        and "#" not in line
        and not above.startswith("#")
    ]


def _imported(tree: ast.Module) -> set[str]:
    """Full names of the modules that a source imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module or "")
    return found


def _is_impure(name: str) -> bool:
    if name.partition(".")[0] != "gradwise":
        return name.partition(".")[0] in _IMPURE
    if name.startswith(f"{OWN_PACKAGE}."):
        return name.removeprefix(f"{OWN_PACKAGE}.") not in reading_aids()
    return not name.startswith("gradwise.trace")
