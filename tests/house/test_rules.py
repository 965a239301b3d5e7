"""The form that every rule keeps."""

from __future__ import annotations

import ast
import sys
from collections import Counter

import pytest

from gradwise.rules.collection import own_rules, reading_aids
from gradwise.rules.rule import LoadedRule
from gradwise.testing import check_rule
from tests.house.case_traces import traces_of_cases
from tests.house.tree import CASES, RULES

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
    "rule", [pytest.param(rule, id=name) for name, rule in own_rules().items()]
)


def test_the_rules_of_the_first_release_are_there() -> None:
    assert set(own_rules()) >= FIRST_RELEASE


def test_every_module_is_a_rule_or_listed_as_a_reading_aid() -> None:
    modules = {path.stem for path in RULES.glob("*.py")} - {"__init__", "collection"}
    assert modules == {rule.module for rule in own_rules().values()} | reading_aids()


def test_codes_are_unique() -> None:
    counts = Counter(rule.declaration.code for rule in own_rules().values())
    assert [code for code, count in counts.items() if count > 1] == []


@each_rule
def test_it_keeps_the_form_that_others_are_held_to(rule: LoadedRule, monkeypatch: pytest.MonkeyPatch) -> None:
    sick, healthy = traces_of_cases(rule, monkeypatch)
    check_rule(sys.modules[rule.origin], sick=sick, healthy=healthy)


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
