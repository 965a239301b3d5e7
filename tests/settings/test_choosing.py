"""Which rules judge."""

import pytest

from gradwise.errors import UnknownNameError, UsageError
from gradwise.rules.collection import all_rules, find_rule
from gradwise.settings.choosing import DEFAULT_GROUPS, choose, letters
from gradwise.settings.settings import RuleSettings, Settings

NAMES = set(all_rules())
DEFAULT = {name for name, rule in all_rules().items() if rule.declaration.group in DEFAULT_GROUPS}
CONNECTIONS = {name for name, rule in all_rules().items() if letters(rule.declaration.code) == "C"}
BROKEN = {name for name, rule in all_rules().items() if rule.declaration.group == "broken"}


def chosen(settings=None, select=(), ignore=()):
    return {rule.declaration.name for rule in choose(settings or Settings(), select, ignore)}


def test_without_a_word_the_default_groups_judge():
    assert chosen() == DEFAULT


@pytest.mark.parametrize("word", ["dead-relu", "DEAD_RELU", "A01", "a01", " a01 "])
def test_names_and_codes(word):
    assert chosen(select=[word]) == {"dead-relu"}
    assert chosen(ignore=[word]) == DEFAULT - {"dead-relu"}


def test_letters_groups_and_all():
    assert chosen(select=["C"]) == CONNECTIONS == chosen(select=["c"])
    assert chosen(select=["broken"]) == BROKEN
    assert chosen(select=["all"]) == NAMES
    assert chosen(select=["C", "dead-relu"]) == CONNECTIONS | {"dead-relu"}
    assert chosen(ignore=["C", "broken"]) == DEFAULT - CONNECTIONS - BROKEN


def test_the_more_exact_word_counts_and_at_a_tie_ignore():
    assert chosen(select=["C"], ignore=["C05"]) == CONNECTIONS - {"softmax-twice"}
    assert chosen(select=["softmax-twice", "A01"], ignore=["C"]) == {"softmax-twice", "dead-relu"}
    assert chosen(select=["C", "A01"], ignore=["broken"]) == CONNECTIONS | {"dead-relu"}
    assert chosen(select=["A01", "loss-nan"], ignore=["dead-relu"]) == {"loss-nan"}
    assert chosen(select=["all"], ignore=["C"]) == NAMES - CONNECTIONS
    assert chosen(select=["C"], ignore=["all"]) == CONNECTIONS


def test_select_of_the_command_line_takes_the_place_of_the_settings():
    settings = Settings(select=("C",), ignore=("C05",))
    assert chosen(settings) == CONNECTIONS - {"softmax-twice"}
    assert chosen(settings, select=["A01"]) == {"dead-relu"}
    assert chosen(settings, select=["C"]) == CONNECTIONS - {"softmax-twice"}
    assert chosen(settings, ignore=["missing-zero-grad"]) == CONNECTIONS - {
        "softmax-twice",
        "missing-zero-grad",
    }


def test_who_names_a_rule_gets_it_though_the_settings_ignore_it():
    settings = Settings(ignore=("softmax-twice", "A01"))
    assert chosen(settings, select=["C05"]) == {"softmax-twice"}
    assert chosen(settings, select=["C05", "L01"], ignore=["C05"]) == {"loss-nan"}


def test_another_group_counts_in_selecting_and_in_the_findings():
    settings = Settings(rules={"dead-relu": RuleSettings(group="broken")})
    assert chosen(settings, select=["broken"]) == BROKEN | {"dead-relu"}
    lowered = Settings(rules={"dead-relu": RuleSettings(group="habit")})
    assert chosen(lowered) == DEFAULT  # a rule whose group is set stays on
    (rule,) = choose(lowered, ["A01"])
    assert rule.declaration.group == "habit"
    assert find_rule("dead-relu").declaration.group == "sick"


def test_a_rule_that_is_off_is_switched_on_by_setting_its_group():
    off = sorted(NAMES - DEFAULT)
    for name in off:
        assert name in chosen(Settings(rules={name: RuleSettings(group="trial")}))
    assert "dead-relu" not in chosen(Settings(ignore=("A",), rules={"dead-relu": RuleSettings(group="sick")}))


def test_words_that_stand_for_nothing():
    with pytest.raises(
        UnknownNameError, match=r"no rule is called 'dead-rely' \(did you mean 'dead-relu'\?\)"
    ):
        chosen(select=["dead-rely"])
    with pytest.raises(UnknownNameError, match="'brokn'"):
        chosen(ignore=["brokn"])


def test_no_rule_left_is_a_mistake():
    with pytest.raises(UsageError, match="no rule is left to judge by"):
        chosen(select=["A01"], ignore=["dead-relu"])
