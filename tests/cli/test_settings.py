"""``check`` and ``report`` by the settings of a project."""

import json
from functools import partial

import pytest

from tests.cli.test_check import SICK, sentence
from tests.cli.verbs import call, record

report = partial(call, "report")
SUPPRESS = '[[suppress]]\nrule = "softmax-twice"\nreason = "a test of temperature"\n'


@pytest.fixture
def project(tmp_path):
    """A script below a directory with settings."""
    (tmp_path / "train").mkdir()
    (tmp_path / "train/sick.py").write_text(SICK)
    return tmp_path


def test_check_uses_the_file_above_the_script_and_says_so(server, project):
    (project / "pyproject.toml").write_text('[tool.gradwise]\nselect = ["softmax-twice"]\n')
    done = server.check("train/sick.py", cwd=project)
    assert done.code == 1
    assert "by 1 rule\nsettings  pyproject.toml\n" in done.err


def test_a_group_decides_the_exit_code(server, project):
    (project / "gradwise.toml").write_text('select = ["C05"]\n[rules.C05]\ngroup = "habit"\n')
    assert server.check("train/sick.py", cwd=project).code == 0
    assert server.check("--fail-on", "habit", "train/sick.py", cwd=project).code == 1
    assert server.check("--isolated", "--select", "C05", "train/sick.py", cwd=project).code == 1


def test_suppressed_findings_do_not_fail_and_are_shown_on_demand(server, project):
    (project / "gradwise.toml").write_text('select = ["C05"]\nfail-on = "trial"\n' + SUPPRESS)
    done = server.check(
        "--json", "found.json", "--show-suppressed", "--out", "run", "train/sick.py", cwd=project
    )
    assert done.code == 0
    assert "suppressed: C05 softmax-twice" in done.err and "reason  a test of temperature" in done.err
    assert "1 suppressed" in done.err
    document = json.loads((project / "found.json").read_text())
    assert document["findings"] == []
    assert document["suppressed"][0]["reason"] == "a test of temperature"
    again = server.run("report", "run", "--json", "again.json", cwd=project)
    assert again.code == 0 and "a test of temperature" not in again.out
    assert json.loads((project / "again.json").read_text()) == document
    assert server.run("report", "run", "--isolated", "--only", "C05", cwd=project).code == 1


@pytest.mark.parametrize(
    ("argv", "text", "message"),
    [
        ([], "select = [", "gradwise.toml is not valid TOML: "),
        ([], "[rules.dead-relu]\nSILENT_LIMIT = 'no'", "gradwise.toml: rules.dead-relu.SILENT_LIMIT takes a number, not text"),
        ([], "[[suppress]]\nrule = 'A01'", "gradwise.toml: suppress[1] has no reason; "),
        (["--config", "none.toml"], "", "--config none.toml: there is no such file; check the name."),
        (["--config", "gradwise.toml", "--isolated"], "", "--config names a file and --isolated takes none"),
        (["--select", "brokn"], "", "no rule is called 'brokn' (did you mean 'broken'?)"),
    ],
)  # fmt: skip
def test_a_mistake_ends_before_the_script_starts(argv, text, message, server, project):
    (project / "gradwise.toml").write_text(text)
    done = server.check(*argv, "train/sick.py", cwd=project)
    assert sentence(done).startswith(message)
    assert (done.code, done.out) == (2, "")
    assert not (project / ".gradwise").exists()


def test_report_judges_by_the_same_file_from_anywhere(here, capsys, monkeypatch):
    record(here / ".gradwise/runs/r", script="models/train.py")
    (here / "models").mkdir()
    (here / "models/train.py").write_text("")
    (here / "models/gradwise.toml").write_text(
        'select = ["A01"]\nfail-on = "broken"\n[rules.A01]\nSILENT_LIMIT = 0.5\n'
    )
    code, out, _ = report(capsys, "r")
    assert code == 0
    assert "(limit 50%)" in out and "settings  models/gradwise.toml" in out
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    assert "(limit 50%)" in report(capsys, "../.gradwise/runs/r")[1]
    assert "(limit 60%)" in report(capsys, "../.gradwise/runs/r", "--isolated", "--only", "A01")[1]


def test_report_says_a_mistake_in_one_sentence(here, capsys):
    record(here / "r")
    (here / "gradwise.toml").write_text("[rules.dead-rely]")
    said = "rules.dead-rely: no rule is called 'dead-rely' (did you mean 'dead-relu'?); `gradwise rules` lists all."
    assert report(capsys, "r") == (2, "", f"gradwise: gradwise.toml: {said}\n")
