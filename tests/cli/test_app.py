import os
import resource
import subprocess
import sys

import pytest

from gradwise import __version__
from gradwise.cli import app

HEAVY = {"torch", "numpy", "plotly", "rich", "sklearn"}


def run(*argv, **environment):
    """The command in a process of its own: exit code, stdout, stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "gradwise", *argv],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def exit_code(*argv):
    with pytest.raises(SystemExit) as ended:
        app.main(argv)
    return ended.value.code


@pytest.mark.parametrize(
    "argv",
    [
        ["--help"],
        ["--version"],
        [],
        ["check", "--help"],
        ["report", "--help"],
        ["runs", "--help"],
        ["explain", "--help"],
    ],
)
def test_help_imports_nothing_heavy(argv):
    code = (
        "import sys\nfrom gradwise.cli.app import main\n"
        f"try: main({argv!r})\nexcept SystemExit as end: assert end.code == 0, end.code\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_help_is_fast():
    """Processor time, which on a machine at rest is the wall time: a busy one must not fail the test."""

    def seconds():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run("--help")[0] == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(3)) < 0.3


def test_help_lists_every_verb_and_teaches_by_example(capsys):
    assert exit_code("--help") == 0
    shown = capsys.readouterr().out
    for verb in app.VERBS:
        assert f"\n  {verb} " in shown
    assert "gradwise check train.py --epochs 3 " in shown


@pytest.mark.parametrize("verb", list(app.VERBS))
def test_every_verb_shows_examples_line_by_line(verb, capsys):
    assert exit_code(verb, "--help") == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.strip().startswith("gradwise ") for line in lines) >= 2


def test_no_argument_shows_help(capsys):
    assert exit_code() == 0
    assert "Verbs:" in capsys.readouterr().out


def test_version(capsys):
    assert exit_code("--version") == 0
    assert capsys.readouterr().out == f"gradwise {__version__}\n"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["chekc"], "gradwise: no verb is called 'chekc' (did you mean 'check'?); `gradwise --help` lists all.\n"),
        (["train.py"], "gradwise: no verb is called 'train.py' (did you mean `gradwise check train.py`?); `gradwise --help` lists all.\n"),
        (["--versoin"], "gradwise: no such option: --versoin (Possible options: --version); see `gradwise --help`.\n"),
        (["report", "--htlm", "x"], "gradwise: no such option: --htlm (Possible options: --help, --html); see `gradwise report --help`.\n"),
        (["report", "--fail-on", "sik"], "gradwise: --fail-on takes broken, sick, slow, habit, trial, not 'sik' (did you mean 'sick'?).\n"),
        (["report", "--only", "dead-rely"], "gradwise: no rule is called 'dead-rely' (did you mean 'dead-relu'?); `gradwise rules` lists all.\n"),
        (["explain", "a", "b"], "gradwise: got unexpected extra argument(s) (b); see `gradwise explain --help`.\n"),
    ],
)  # fmt: skip
def test_wrong_use_is_one_sentence_and_exit_2(argv, message, capsys):
    assert exit_code(*argv) == 2
    captured = capsys.readouterr()
    assert captured.err == message
    assert captured.out == ""


def test_interrupt_ends_quietly(monkeypatch, capsys):
    def interrupted(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("gradwise.cli.report.find_run", interrupted)
    assert exit_code("report") == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_reader_that_leaves_early_is_no_error():
    done = subprocess.run(
        f"{sys.executable} -m gradwise explain --list | head -n 1; echo ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] in ("0", "141")


def test_shell_completion_offers_verbs_and_options():
    environment = {"_GRADWISE_COMPLETE": "complete_bash", "COMP_WORDS": "gradwise rep", "COMP_CWORD": "1"}
    assert run(**environment)[1].split() == ["report"]
    environment = {
        "_GRADWISE_COMPLETE": "complete_bash",
        "COMP_WORDS": "gradwise report --ht",
        "COMP_CWORD": "2",
    }
    assert run(**environment)[1].split() == ["--html"]


def test_python_m_gradwise_is_the_command():
    code, out, _ = run("--version")
    assert (code, out) == (0, f"gradwise {__version__}\n")
