"""Settings as they are written, and one sentence with file and key for every mistake."""

import os

import pytest

from gradwise.errors import SettingsError
from gradwise.settings.locating import load_settings
from gradwise.settings.settings import RuleSettings, Suppression

WHOLE = """
[project]
name = "digits"

[tool.gradwise]
select = ["C", "dead-relu"]
ignore = ["c09"]
fail-on = "broken"
budget = "1%"

[tool.gradwise.rules.dead-relu]
group = "habit"
SILENT_LIMIT = 0.5
MIN_SAMPLES = 6

[tool.gradwise.rules.D06]
ERRORS = 4

[[tool.gradwise.suppress]]
rule = "not-shuffled"
reason = " a time series "

[[tool.gradwise.suppress]]
rule = "A01"
where = "encoder.*"
script = "old/*.py"
reason = "frozen on purpose"
"""


def test_everything_that_can_be_set(here):
    (here / "pyproject.toml").write_text(WHOLE)
    settings = load_settings(here)
    assert settings.file == here / "pyproject.toml"
    assert settings.shown == "pyproject.toml"
    assert (settings.select, settings.ignore) == (("C", "dead-relu"), ("c09",))
    assert (settings.fail_on, settings.budget) == ("broken", "1%")
    assert settings.rules == {
        "dead-relu": RuleSettings("habit", {"SILENT_LIMIT": 0.5, "MIN_SAMPLES": 6}),
        "not-shuffled": RuleSettings(None, {"ERRORS": 4.0}),
    }
    assert isinstance(settings.rules["not-shuffled"].thresholds["ERRORS"], float)
    assert settings.suppress == (
        Suppression("not-shuffled", "a time series"),
        Suppression("dead-relu", "frozen on purpose", "encoder.*", "old/*.py"),
    )


def test_a_file_of_its_own_has_the_same_keys_at_the_top(here):
    (here / "gradwise.toml").write_text(
        WHOLE.partition("\n\n")[2].replace("[tool.gradwise]\n", "").replace("tool.gradwise.", "")
    )
    (here / "pyproject.toml").write_text(WHOLE)
    own, shared = load_settings(here), load_settings(here, here / "pyproject.toml")
    assert own.shown == "gradwise.toml"
    assert (own.select, own.ignore, own.rules, own.suppress) == (
        shared.select,
        shared.ignore,
        shared.rules,
        shared.suppress,
    )


def test_a_number_is_a_budget_too(here):
    (here / "gradwise.toml").write_text("budget = 0.05\n")
    assert load_settings(here).budget == "0.05"


RULES = "gradwise.toml: rules"
BAD = {
    "broken": ("select = [", "gradwise.toml is not valid TOML: "),
    "twice": ("budget = 1\nbudget = 1", "gradwise.toml is not valid TOML: "),
    "unknown key": (
        'fail_on = "sick"',
        "gradwise.toml: fail_on is unknown (did you mean 'fail-on'?); keys are select, ignore, fail-on, budget, rules, suppress.",
    ),
    "near key": ('selct = ["C"]', "gradwise.toml: selct is unknown (did you mean 'select'?)"),
    "as in pyproject": (
        '[tool.gradwise]\nselect = ["C"]',
        "gradwise.toml: tool is unknown; in a file of this name settings stand at the top, without [tool.gradwise]",
    ),
    "select text": (
        'select = "C"',
        'gradwise.toml: select takes a list of names such as ["C", "dead-relu"], not text.',
    ),
    "select numbers": ("select = [1]", "gradwise.toml: select takes a list of names such as [\"C\", \"dead-relu\"], not a number in it."),
    "select nothing": ("select = []", "gradwise.toml: select is empty, so nothing would be judged"),
    "select unknown": (
        'select = ["dead-rely"]',
        "gradwise.toml: select: no rule is called 'dead-rely' (did you mean 'dead-relu'?); `gradwise rules` lists all.",
    ),
    "ignore unknown": ('ignore = ["Z"]', "gradwise.toml: ignore: no rule is called 'Z'"),
    "ignore table": ("[ignore]", "gradwise.toml: ignore takes a list of names"),
    "group unknown": (
        'fail-on = "brokn"',
        "gradwise.toml: fail-on takes broken, sick, slow, habit, trial, not 'brokn' (did you mean 'broken'?).",
    ),
    "group kind": ("fail-on = 1", "gradwise.toml: fail-on takes broken, sick, slow, habit, trial, not a number."),
    "budget words": ('budget = "lots"', "gradwise.toml: budget takes a share of step time such as \"2%\" or 0.02, not 'lots'."),
    "budget range": ("budget = 2", 'gradwise.toml: budget takes a share of step time such as "2%" or 0.02, not 2.'),
    "budget kind": ("budget = true", 'gradwise.toml: budget takes a share of step time such as "2%" or 0.02, not True.'),
    "rules kind": ("rules = 1", f"{RULES} takes a table, not a number."),
    "rule kind": ('rules.dead-relu = "habit"', f"{RULES}.dead-relu takes a table, not text."),
    "rule unknown": ("[rules.ded-relu]", f"{RULES}.ded-relu: no rule is called 'ded-relu' (did you mean 'dead-relu'?)"),
    "rule twice": ("[rules.dead-relu]\n[rules.A01]", f"{RULES}.A01 is a second table of dead-relu; keep one."),
    "rule's group": ('[rules.dead-relu]\ngroup = "ignore"', f"{RULES}.dead-relu.group takes broken, sick, slow, habit, trial, not 'ignore'."),
    "threshold unknown": (
        "[rules.dead-relu]\nSILENT_LIMT = 0.5",
        f"{RULES}.dead-relu.SILENT_LIMT is unknown (did you mean 'SILENT_LIMIT'?); what can be set is group, SILENT_LIMIT, STRICT_LIMIT,",
    ),
    "threshold case": ("[rules.dead-relu]\nsilent_limit = 0.5", "(did you mean 'SILENT_LIMIT'?)"),
    "threshold imported": ("[rules.dead-relu]\nPOOR_SKILL = 0.5", f"{RULES}.dead-relu.POOR_SKILL is unknown"),
    "no threshold": ("[rules.target-broadcast]\nDISTANCE_LOSSES = 1", f"{RULES}.target-broadcast.DISTANCE_LOSSES is unknown"),
    "threshold text": (
        '[rules.dead-relu]\nSILENT_LIMIT = "half"',
        f"{RULES}.dead-relu.SILENT_LIMIT takes a number, not text; it is 0.6 by default.",
    ),
    "threshold truth": ("[rules.dead-relu]\nMIN_SAMPLES = true", f"{RULES}.dead-relu.MIN_SAMPLES takes a whole number, not true or false"),
    "threshold part": ("[rules.dead-relu]\nMIN_SAMPLES = 4.0", f"{RULES}.dead-relu.MIN_SAMPLES takes a whole number, not 4.0; it is 4 by default."),
    "threshold nan": ("[rules.dead-relu]\nSILENT_LIMIT = nan", f"{RULES}.dead-relu.SILENT_LIMIT takes a number, not nan"),
    "threshold inf": ("[rules.dead-relu]\nSILENT_LIMIT = inf", f"{RULES}.dead-relu.SILENT_LIMIT takes a number, not inf"),
    "threshold date": ("[rules.dead-relu]\nSILENT_LIMIT = 2026-01-01", "SILENT_LIMIT takes a number, not a date or time"),
    "suppress kind": ('suppress = ["dead-relu"]', "gradwise.toml: suppress takes tables, each under its own [[suppress]], not a list."),
    "suppress table": ("[suppress]\nrule = 'A01'", "gradwise.toml: suppress takes tables, each under its own [[suppress]], not a table."),
    "no reason": (
        '[[suppress]]\nrule = "A01"',
        "gradwise.toml: suppress[1] has no reason; say why findings of dead-relu are no fault here",
    ),
    "empty reason": (
        '[[suppress]]\nrule = "L01"\nreason = "x"\n[[suppress]]\nrule = "A01"\nreason = "  "',
        "gradwise.toml: suppress[2].reason is empty; say why its findings are no fault here.",
    ),
    "reason kind": ('[[suppress]]\nrule = "A01"\nreason = 3', "gradwise.toml: suppress[1].reason takes text, not a number."),
    "no rule": ('[[suppress]]\nreason = "why"', "gradwise.toml: suppress[1] has no rule; name the one"),
    "suppressed rule unknown": ('[[suppress]]\nrule = "C"\nreason = "why"', "gradwise.toml: suppress[1].rule: no rule is called 'C'"),
    "where kind": ('[[suppress]]\nrule = "A01"\nwhere = ["a"]\nreason = "why"', "gradwise.toml: suppress[1].where takes text, not a list."),
    "where empty": ('[[suppress]]\nrule = "A01"\nwhere = ""\nreason = "why"', "gradwise.toml: suppress[1].where is empty; say what is meant."),
    "suppress key": ('[[suppress]]\nrule = "A01"\nwher = "a"\nreason = "why"', "gradwise.toml: suppress[1].wher is unknown (did you mean 'where'?); keys are rule, where, script, reason."),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_is_one_sentence_with_file_and_key(name, here):
    text, message = BAD[name]
    (here / "gradwise.toml").write_text(text + "\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(here)
    said = str(caught.value)
    assert message in said
    assert said.endswith(".")
    assert said.startswith("gradwise.toml") and "\n" not in said
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tool.gradwise = 1", "pyproject.toml: tool.gradwise takes a table, not a number."),
        ('[tool.gradwise]\nfail-on = "no"', "pyproject.toml: tool.gradwise.fail-on takes broken"),
        (
            "[tool.gradwise]\n[[tool.gradwise.suppress]]",
            "pyproject.toml: tool.gradwise.suppress[1] has no rule",
        ),
        ("[tool.gradwise]\nsuppress = 1", "each under its own [[tool.gradwise.suppress]], not a number."),
        ("[tool.gradwise", "pyproject.toml is not valid TOML: "),
    ],
)
def test_keys_of_a_pyproject_are_named_in_full(text, message, here):
    (here / "pyproject.toml").write_text(text + "\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(here)
    assert message in str(caught.value)


def test_a_file_that_is_no_text(here):
    (here / "gradwise.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="gradwise.toml is not UTF-8 text, as TOML is; save it as UTF-8"):
        load_settings(here)


def test_a_file_that_cannot_be_read(here, monkeypatch):
    file = here / "gradwise.toml"
    file.write_text("")
    if os.geteuid() == 0:  # root may read everything

        def refuse(*_, **__):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("pathlib.Path.read_text", refuse)
    else:
        file.chmod(0)
    with pytest.raises(SettingsError) as caught:
        load_settings(here)
    assert str(caught.value) == (
        "gradwise.toml cannot be read (Permission denied); mend that, or do without it by --isolated."
    )


def test_numbers_with_which_a_rule_cannot_be_executed(here, tmp_path, monkeypatch):
    monkeypatch.setattr("gradwise.settings.choosing.check_with", _refuse)
    (here / "gradwise.toml").write_text("[rules.dead-relu]\nMIN_SAMPLES = 0\n")
    with pytest.raises(SettingsError, match=r"^gradwise.toml: rules: MIN_SAMPLES = 0 cannot be used"):
        load_settings(here)


def _refuse(rule, values):
    from gradwise.errors import UsageError

    raise UsageError("MIN_SAMPLES = 0 cannot be used: ZeroDivisionError: division by zero.")
