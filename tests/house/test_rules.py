"""The form that every rule keeps."""

from __future__ import annotations

import ast
import re
from collections import Counter

import pytest

from gradwise.handbook.catalogue import catalogue
from gradwise.remedies.collection import all_remedies
from gradwise.rules.collection import all_rules
from gradwise.rules.rule import LoadedRule, Organ
from gradwise.trace.findings import GROUPS
from gradwise.trace.model import Trace
from gradwise.trace.signals import SIGNALS
from tests.house.tree import CASES, RULES, WATCH

HEADINGS = [
    "What it sees",
    "Why it hurts",
    "How it decides",
    "Cure",
    "Cure safety",
    "When it is wrong",
    "Example",
    "References",
]
MAX_LINES = 240  # of a rule file: page, declaration and check; the page takes about a third
MAX_SUMMARY = 12  # words
MIN_SICK, MIN_HEALTHY = 2, 4  # cases of a rule

FIRST_RELEASE = {
    "missing-zero-grad",
    "params-not-in-optimizer",
    "softmax-twice",
    "target-broadcast",
    "eval-mode-while-training",
    "bounded-output",
    "unnormalized-input",
    "not-shuffled",
    "loss-nan",
    "loss-diverges",
    "symmetric-init",
    "vanishing-gradient",
    "exploding-gradient",
    "dead-relu",
    "lr-too-high",
    "overfitting",
}

each_rule = pytest.mark.parametrize(
    "rule", [pytest.param(rule, id=name) for name, rule in all_rules().items()]
)


def source(rule: LoadedRule) -> str:
    return (RULES / f"{rule.module}.py").read_text(encoding="utf-8")


def test_the_rules_of_the_first_release_are_there() -> None:
    assert set(all_rules()) >= FIRST_RELEASE


def test_codes_are_unique() -> None:
    counts = Counter(rule.declaration.code for rule in all_rules().values())
    assert [code for code, count in counts.items() if count > 1] == []


@each_rule
def test_page_has_all_headings_in_order(rule: LoadedRule) -> None:
    lines = rule.page.splitlines()
    assert [line for line in lines[1:] if line and not line.startswith(" ")] == HEADINGS
    assert lines[0].startswith("This run shows ")
    assert lines[0].endswith(".")


@each_rule
def test_no_section_is_empty_or_unfinished(rule: LoadedRule) -> None:
    parts = re.split(r"^(?:" + "|".join(HEADINGS) + r")$", rule.page, flags=re.MULTILINE)
    assert all(part.strip() for part in parts)
    assert "TODO" not in source(rule)


@each_rule
def test_name_code_and_file_match_the_catalogue(rule: LoadedRule) -> None:
    told = rule.declaration
    assert told.name in catalogue()
    assert catalogue()[told.name].code == told.code
    assert rule.module == told.name.replace("-", "_")


@each_rule
def test_declaration_is_complete(rule: LoadedRule) -> None:
    told = rule.declaration
    assert told.group in GROUPS
    assert isinstance(told.organ, Organ)
    assert re.fullmatch(r"\d+\.\d+\.\d+", told.since)
    assert told.cures
    assert told.reads
    assert 1 <= len(told.summary.split()) <= MAX_SUMMARY
    assert len(set(told.explains)) == len(told.explains)


@each_rule
def test_cures_exist(rule: LoadedRule) -> None:
    named = set(rule.declaration.cures) | _cures_in(source(rule))
    assert named - set(all_remedies()) == set()


def _cures_in(text: str) -> set[str]:
    """Names in every ``cures=(...)`` of a source, also those given to a single finding."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.keyword) and node.arg == "cures":
            found.update(
                leaf.value
                for leaf in ast.walk(node.value)
                if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)
            )
    return found


@each_rule
def test_explained_rules_are_in_the_catalogue(rule: LoadedRule) -> None:
    assert set(rule.declaration.explains) - set(catalogue()) == set()
    assert rule.declaration.name not in rule.declaration.explains


@each_rule
def test_what_it_reads_exists(rule: LoadedRule) -> None:
    kinds = {"structure"}  # not a fact by itself: the modules and parameters of the trace
    for path in WATCH.glob("*.py"):
        kinds.update(re.findall(r"""["']([a-z-]+)["']""", path.read_text(encoding="utf-8")))
    for name in rule.declaration.reads:
        if name.startswith("fact:"):
            assert name.removeprefix("fact:") in kinds, f"nothing in watch records {name}"
        else:
            assert name in SIGNALS


@each_rule
def test_it_reads_only_what_it_declares(rule: LoadedRule) -> None:
    used: set[str] = set()
    for node in ast.walk(ast.parse(source(rule))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                if node.func.attr in ("sampled", "step_signal"):
                    used.add(first.value)
                elif node.func.attr == "facts_of":
                    used.add(f"fact:{first.value}")
    assert used - set(rule.declaration.reads) == set()


@each_rule
def test_thresholds_are_named_with_unit_and_source(rule: LoadedRule) -> None:
    lines = source(rule).splitlines()
    bare = [
        line
        for above, line in zip(["", *lines], lines, strict=False)
        if re.match(r"_?[A-Z][A-Z_0-9]*(?:: \S+)? = -?[\d.]", line)
        and "#" not in line
        and not above.startswith("#")
    ]
    assert bare == []


@each_rule
def test_an_empty_trace_is_healthy(rule: LoadedRule) -> None:
    assert list(rule.check(Trace())) == []


@each_rule
def test_file_is_short(rule: LoadedRule) -> None:
    lines = len(source(rule).splitlines())
    assert lines <= MAX_LINES


@each_rule
def test_it_has_enough_cases(rule: LoadedRule) -> None:
    path = CASES / f"test_{rule.module}.py"
    assert path.is_file(), f"{path.name} is missing"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    healthy = [name for name in names if name.startswith("test_healthy_")]
    assert len([name for name in names if name.startswith("test_sick_")]) >= MIN_SICK
    assert len(healthy) >= MIN_HEALTHY
    assert any("near_miss" in name for name in healthy)
    assert any("look_alike" in name for name in healthy)
