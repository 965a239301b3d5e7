"""``gradwise rules``: all rules, their source, and which are on here."""

import json
from functools import partial

import pytest

from gradwise.rules.collection import all_rules
from tests.cli.verbs import call

rules = partial(call, "rules")
KEYS = {"code", "name", "group", "declared_group", "summary", "source", "default", "on", "thresholds"}


def listed(capsys, *argv):
    code, out, err = rules(capsys, "--json", *argv)
    assert (code, err) == (0, "")
    return json.loads(out)


def test_every_rule_is_listed_with_its_source(here, capsys):
    code, out, err = rules(capsys, "--isolated")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["CODE", "NAME", "GROUP", "SOURCE", "DEFAULT", "HERE", "SUMMARY"]
    for name, rule in all_rules().items():
        (line,) = [line for line in lines if line.startswith(f"{rule.declaration.code} ")]
        assert line.split()[1:3] == [name, rule.declaration.group]
        assert "  built in  " in line
    on = sum(rule.declaration.group in ("broken", "sick", "slow") for rule in all_rules().values())
    assert lines[-1] == f"{on} of {len(all_rules())} rules are on; no file of settings"


def test_json(here, capsys):
    document = listed(capsys)
    assert (document["schema"], document["settings"], document["notes"]) == (1, None, [])
    assert [rule["name"] for rule in document["rules"]] == list(all_rules())
    assert all(set(rule) == KEYS for rule in document["rules"])
    dead = next(rule for rule in document["rules"] if rule["name"] == "dead-relu")
    assert dead["thresholds"]["SILENT_LIMIT"] == {"value": 0.6, "default": 0.6}
    assert (dead["group"], dead["default"], dead["on"]) == ("sick", True, True)


def test_what_the_settings_change(here, capsys):
    (here / "gradwise.toml").write_text(
        'select = ["C", "dead-relu"]\n[rules.dead-relu]\ngroup = "habit"\nSILENT_LIMIT = 0.5\n'
    )
    document = listed(capsys)
    assert document["settings"] == "gradwise.toml"
    on = {rule["code"] for rule in document["rules"] if rule["on"]}
    assert "A01" in on and {code[0] for code in on} == {"A", "C"}
    dead = next(rule for rule in document["rules"] if rule["name"] == "dead-relu")
    assert (dead["group"], dead["declared_group"], dead["default"]) == ("habit", "sick", True)
    assert dead["thresholds"]["SILENT_LIMIT"] == {"value": 0.5, "default": 0.6}
    text = rules(capsys)[1]
    assert "rules are on; settings of gradwise.toml" in text
    assert "  dead-relu: group habit (sick), SILENT_LIMIT = 0.5 (0.6)" in text
    assert {rule["code"] for rule in listed(capsys, "--select", "L01,C05")["rules"] if rule["on"]} == {
        "C05",
        "L01",
    }
    assert "L01" in {rule["code"] for rule in listed(capsys, "--isolated")["rules"] if rule["on"]}


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--select", "dead-rely"], "no rule is called 'dead-rely' (did you mean 'dead-relu'?); `gradwise rules` lists all."),
        (["--select", "A01", "--skip", "dead-relu"], "no rule is left to judge by; select more or ignore less."),
        (["--config", "none.toml"], "--config none.toml: there is no such file; check the name."),
        (["--config", "bad.toml"], "bad.toml: fail-on takes broken, sick, slow, habit, trial, not 'no'."),
        (["--config", "bad.toml", "--isolated"], "--config names a file and --isolated takes none; give one of them."),
    ],
)  # fmt: skip
def test_wrong_use_is_one_sentence(argv, message, here, capsys):
    (here / "bad.toml").write_text('fail-on = "no"\n')
    assert rules(capsys, *argv) == (2, "", f"gradwise: {message}\n")
