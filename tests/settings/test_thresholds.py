"""Thresholds of a project reach a rule, and nothing else."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from gradwise.diagnosis import diagnose
from gradwise.errors import UsageError
from gradwise.rules import dead_relu
from gradwise.rules.collection import all_rules, find_rule
from gradwise.settings.choosing import choose
from gradwise.settings.settings import RuleSettings, Settings
from gradwise.settings.thresholds import check_with, thresholds, thresholds_of
from tests.cases.test_dead_relu import run


def with_limit(limit, group=None):
    return Settings(rules={"dead-relu": RuleSettings(group, {"SILENT_LIMIT": limit})})


def found(settings, share):
    return list(choose(settings, ["dead-relu"])[0].check(run(share)))


def test_a_rule_has_the_numbers_that_its_own_module_declares():
    held = thresholds(dead_relu)
    assert held["SILENT_LIMIT"] == 0.6 and held["MIN_SAMPLES"] == 4
    assert "POOR_SKILL" not in held  # imported
    assert "RULE" not in held


def test_another_limit_is_judged_and_shown():
    assert found(Settings(), 0.55) == []
    (finding,) = found(with_limit(0.5), 0.55)
    assert finding.threshold == 0.5
    assert "(limit 50%)" in finding.message
    assert found(with_limit(0.7), 0.65) == [] != found(Settings(), 0.65)


def test_the_rule_itself_stays_as_it_is():
    found(with_limit(0.1, "broken"), 0.3)
    assert dead_relu.SILENT_LIMIT == 0.6
    assert sys.modules["gradwise.rules.dead_relu"] is dead_relu
    assert find_rule("dead-relu").check is dead_relu.check
    assert found(Settings(), 0.3) == []


def test_group_and_limit_together():
    (finding,) = found(with_limit(0.5, "habit"), 0.55)
    assert (finding.group, finding.threshold) == ("habit", 0.5)


def test_two_exams_at_once_do_not_disturb_each_other():
    limits = [0.3, 0.5, 0.9] * 20

    def judge(limit):
        settings = with_limit(limit)
        rules = choose(settings, ["dead-relu"])
        return bool(diagnose(run(0.55), rules, settings=settings).findings)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(judge, limits)) == [limit < 0.55 for limit in limits]


@pytest.mark.parametrize("name", list(all_rules()))
def test_every_rule_can_be_executed_again(name):
    rule = all_rules()[name]
    assert list(check_with(rule, thresholds_of(rule))(run(0.1))) == list(rule.check(run(0.1)))


RULE = '''
"""A page."""
from __future__ import annotations
from dataclasses import dataclass
LIMIT = 2.0  # unit
HALF: float = 1 / LIMIT
NAMES = ("a",)
_OWN = 3

@dataclass(frozen=True)
class Seen:
    limit: float = LIMIT

def check(trace, half=HALF):
    return [(LIMIT, half, Seen().limit)]
'''


@pytest.fixture
def written(tmp_path, monkeypatch):
    (tmp_path / "some_rule.py").write_text(RULE)
    monkeypatch.syspath_prepend(tmp_path)
    module = __import__("some_rule")
    yield find_rule("dead-relu").__class__(None, module.check, "", "some_rule", "some_rule", "some")
    del sys.modules["some_rule"]


def test_what_hangs_on_a_threshold_follows(written):
    assert thresholds_of(written) == {"LIMIT": 2.0, "HALF": 0.5}
    assert check_with(written, {"LIMIT": 8.0})(None) == [(8.0, 0.125, 8.0)]
    assert check_with(written, {"HALF": -1.0})(None) == [(2.0, -1.0, 2.0)]
    assert written.check(None) == [(2.0, 0.5, 2.0)]


def test_numbers_with_which_the_module_cannot_be_executed(written):
    with pytest.raises(UsageError, match=r"^LIMIT = 0.0 cannot be used: ZeroDivisionError"):
        check_with(written, {"LIMIT": 0.0})
