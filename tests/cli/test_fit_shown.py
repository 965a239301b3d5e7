"""What a person sees of a fit: on a terminal, in a log, in colour or not, narrow or wide."""

import fcntl
import io
import json
import os
import pty
import re
import select
import shutil
import struct
import sys
import termios
import threading
import time
from pathlib import Path

import polars as pl
import pytest
from rich.cells import cell_len
from rich.console import Console
from sklearn import datasets

from gradwise.cli.progress import Progress
from gradwise.fitting.listener import EpochNews, Moment
from tests.watch.processes import SECONDS, environment, shared

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[(?:[0-9]*;)*(?:3[0-9]|4[0-9]|9[0-9])")
FIT = ["fit", "digits.csv", "--target", "y", "--rate", 0.003, "--batch-size", 32, "--threads", 1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("shown")
    for name in ("iris", "wine", "breast_cancer", "digits", "diabetes"):
        bunch = getattr(datasets, f"load_{name}")()
        columns = {str(column): bunch.data[:, at] for at, column in enumerate(bunch.feature_names)}
        target = bunch.target if name == "diabetes" else [f"c{at}" for at in bunch.target]
        pl.DataFrame({**columns, "y": target}).write_csv(place / f"{name}.csv")
    return place


class Terminal:
    """The command in a terminal of its own, of which it is the foreground process."""

    def __init__(self, folder, words, columns, **variables):
        self.text = ""
        self.process, self.screen = pty.fork()
        if self.process == 0:
            os.chdir(folder)
            command = [sys.executable, "-m", "gradwise", *map(str, words)]
            os.execve(sys.executable, command, coloured(**variables))
        set_width(self.screen, columns)

    def read(self, until=None):
        """Everything that is shown, until a text stands there or the end; the exit code at the end."""
        limit = time.monotonic() + SECONDS
        while until is None or until not in self.text:
            assert time.monotonic() < limit, self.text
            if not select.select([self.screen], [], [], 1)[0]:
                continue
            try:
                some = os.read(self.screen, 65536)
            except OSError:  # how Linux says that nobody writes any more
                some = b""
            if not some:
                _, status = os.waitpid(self.process, 0)
                os.close(self.screen)
                return os.waitstatus_to_exitcode(status)
            self.text += some.decode(errors="replace")
        return None


def coloured(**variables):
    """The environment of a user whose terminal can do all."""
    known = {name: value for name, value in environment().items() if name not in ("COLUMNS", "NO_COLOR")}
    return {**known, "TERM": "xterm-256color", **variables}


def set_width(screen, columns):
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def drawn(text):
    """What was shown, line by line, drawn-over ones too, without control codes."""
    return [CONTROL.sub("", line) for line in re.split(r"[\r\n]+", text.replace("\x1b[1A", "\n"))]


def shown_on(folder, words, columns, **variables):
    """What the command shows on a terminal, in a process that was ready before."""
    screen, terminal = pty.openpty()
    set_width(screen, columns)
    pieces = []

    def read():
        while some := os.read(screen, 65536):
            pieces.append(some)
            if pieces[-1].endswith(b"\x04"):
                break

    reader = threading.Thread(target=read)
    reader.start()
    done = shared().run(
        *words, cwd=folder, stderr=Path(os.ttyname(terminal)), variables={"COLUMNS": "", **variables}
    )
    os.write(terminal, b"\x04")
    reader.join(SECONDS)
    os.close(terminal)
    os.close(screen)
    return done.code, b"".join(pieces).decode(errors="replace")


def test_a_narrow_terminal_without_colour(folder):
    words = [*FIT, "--epochs", 25, "--out", "narrow"]
    code, text = shown_on(folder, words, 40, NO_COLOR="1", TERM="xterm-256color")
    assert code == 0
    assert not COLOUR.search(text)
    lines = drawn(text)
    before = lines[: next(at for at, line in enumerate(lines) if line.startswith("learnt"))]
    assert max(cell_len(line) for line in before) <= 40, max(before, key=cell_len)
    assert any(re.match(r"epoch \d+/25 \S+ +\d+% \d\d:\d\d", line) for line in lines), "the bar and time left"
    assert any(re.match(r"loss 0\.\d+  valid 0\.\d+  accuracy", line) for line in lines), "numbers under it"
    assert any("rate 0.00" in line and line.endswith("/s") for line in lines)
    assert [line for line in lines if line.startswith("epoch 25  ")], "the last epoch stays"
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1, "the cursor is back"


def test_ctrl_c_on_a_terminal(folder):
    terminal = Terminal(folder, [*FIT, "--epochs", 900, "--out", "cut"], 100)
    terminal.read(until="accuracy 0.")  # the bar, after an epoch
    os.write(terminal.screen, b"\x03")
    assert terminal.read() == 130
    assert COLOUR.search(terminal.text)
    tail = "\n".join(drawn(terminal.text)[-12:])
    assert "stopped; now judging what was learnt (Ctrl-C again leaves at once)" in tail
    assert re.search(r"interrupted after \d+ epochs", tail)
    assert "next     gradwise fit --resume cut" in tail
    assert "Traceback" not in terminal.text
    assert terminal.text.count("\x1b[?25l") == terminal.text.count("\x1b[?25h") == 1


def fit(folder, *words, **how):
    done = shared().run(*words, cwd=folder, **how)
    assert "Traceback" not in done.err, done.err
    return done


def test_a_log_gets_plain_lines_and_the_last_epoch(folder):
    done = fit(folder, *FIT, "--epochs", 14, "--out", "log")
    assert "\x1b" not in done.err and "\r" not in done.err
    epochs = [line.split()[1] for line in done.err.splitlines() if line.startswith("epoch ")]
    assert epochs[:10] == [str(at) for at in range(1, 11)]
    assert epochs[-1] == "14"
    assert any(re.search(r"rate \S+  [\d,]+/s", line) for line in done.err.splitlines())
    assert done.out == ""


def test_quiet_says_only_how_it_ended(folder):
    done = fit(folder, *FIT, "--epochs", 3, "--quiet", "--out", "quiet")
    assert (done.code, done.out) == (0, "")
    verdict, run = done.err.splitlines()
    assert verdict.startswith("learnt") and run == "run      quiet"


def test_findings_stand_under_the_bar_and_go_with_it():
    progress = Progress(quiet=False)
    console = Console(file=io.StringIO(), force_terminal=True, width=70, highlight=False, no_color=True)
    progress.console, progress._live = console, True
    progress.moved(Moment(2, 10, 3, 9, loss=0.5, rate=0.01, examples_per_second=1234.0))
    progress.found(["dead-relu"])
    *_, under, finding = [line for line in drawn(shown_by(progress._bar)) if line]
    assert under.rstrip() == "loss 0.5  rate 0.01  1,234/s"
    assert finding.rstrip() == "doctor  dead-relu  (gradwise explain dead-relu)"
    progress.finished_epoch(EpochNews(10, 0.25, 0.5, {"accuracy": 0.9}, rate=0.01, best=True))
    progress.ended("")
    assert progress._bar is None
    last = drawn(console.file.getvalue())[-2]
    assert last == "epoch 10      loss 0.25  valid 0.5  accuracy 0.9  rate 0.01  best"


def shown_by(bar):
    paper = Console(file=io.StringIO(), width=70)
    paper.print(bar.get_renderable())
    return paper.file.getvalue()


def findings(folder, run):
    return {
        item["rule"]: item
        for item in json.loads((folder / run / "run.json").read_text())["verdict"]["findings"]
    }


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("iris", ["--epochs", 60]),
        ("wine", ["--epochs", 40]),
        ("breast_cancer", ["--epochs", 20]),
        ("digits", ["--epochs", 6]),
        ("diabetes", ["--epochs", 60, "--rate", 0.01]),  # long enough to overfit, which is provided for
    ],
)
def test_a_healthy_fit_raises_no_finding(folder, name, more):
    done = fit(folder, "fit", f"{name}.csv", "--target", "y", "--threads", 1, "--out", name, *more)
    assert done.code == 0, done.err
    assert findings(folder, name) == {}, done.err
    assert "doctor   nothing found" in done.err


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (["--rate", 10], "lr-too-high"),
        (["--rate", 0.01, "--init", "zeros"], "symmetric-init"),
        (["--rate", 0.001, "--depth", 30, "--batch-size", 64], "dead-relu"),
    ],
)
def test_the_doctor_names_what_makes_a_fit_sick(folder, words, rule):
    words = ["fit", "digits.csv", "--target", "y", "--threads", 1, "--epochs", 10, *words]
    done = fit(folder, *words, "--out", rule)
    found = findings(folder, rule)
    assert next(iter(found)) == rule, done.err
    shown = done.err.splitlines()
    assert f"doctor        {rule}  (gradwise explain {rule})" in shown
    assert any(line.startswith("doctor   ") and f" {rule}: " in line for line in shown), "and in the verdict"
    assert done.code == 1, "it did not learn"


SICK = [
    "fit",
    "digits.csv",
    "--target",
    "y",
    "--threads",
    1,
    "--epochs",
    3,
    "--rate",
    0.01,
    "--init",
    "zeros",
]


@pytest.fixture
def project(folder, tmp_path):
    """A directory of its own with the digits, where settings may stand."""
    shutil.copy(folder / "digits.csv", tmp_path)
    return tmp_path


def test_the_doctor_follows_the_projects_settings(project):
    accepted = '[[suppress]]\nrule = "symmetric-init"\nscript = "digits.csv"\nreason = "on purpose"\n'
    (project / "gradwise.toml").write_text(accepted)
    fit(project, *SICK, "--out", "accepted")
    assert "symmetric-init" not in findings(project, "accepted")
    (project / "gradwise.toml").unlink()
    fit(project, *SICK, "--out", "told")
    assert "symmetric-init" in findings(project, "told")


@pytest.mark.parametrize("wrong", ['budget = "a lot"', 'select = ["overfitting"]'])
def test_settings_that_do_not_hold_are_told_before_any_work(project, wrong):
    (project / "gradwise.toml").write_text(wrong + "\n")
    done = fit(project, *SICK, "--out", "none")
    assert done.code == 2 and done.err.startswith("gradwise: ") and "Traceback" not in done.err
    assert not (project / "none").exists()


def test_labels_at_random_are_not_learnt(folder):
    table = pl.read_csv(folder / "digits.csv")
    table.with_columns(table["y"].shuffle(seed=1)).write_csv(folder / "random.csv")
    done = fit(folder, "fit", "random.csv", *FIT[2:], "--epochs", 5, "--out", "random")
    assert done.code == 1
    assert any(line.startswith("not learnt: accuracy") for line in done.err.splitlines())


def test_an_evaluation_within_a_fit_has_no_lines_of_torch(folder):
    from gradwise.trace.read import read_run

    trace = read_run(folder / "digits").segments[0]
    assert set(trace.tables["val_loss"].places) == {"cross_entropy"}
