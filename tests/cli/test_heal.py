"""``gradwise heal`` on small real scripts: exit codes, the proof, what is kept, and sentences for mistakes."""

import json
from pathlib import Path

import pytest

from gradwise.cli.heal import duration
from gradwise.errors import UsageError
from gradwise.heal.rerun import ERR, OUT, STDIN, Reruns
from tests.cli.conftest import here, server
from tests.cli.verbs import call

__all__ = ["here", "server"]

TOO_FAST = """
import torch
torch.manual_seed(0)
x = torch.randn(200, 5)
y = (x @ torch.tensor([1., -2., 3., 0.5, 0.]))[:, None] + 0.1 * torch.randn(200, 1)
model = torch.nn.Sequential(torch.nn.Linear(5, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=3.0)
for epoch in range(20):
    for i in range(0, 160, 32):
        loss = torch.nn.functional.mse_loss(model(x[i:i+32]), y[i:i+32])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
with torch.no_grad():
    print(f"test mse {torch.nn.functional.mse_loss(model(x[160:]), y[160:]).item():.4f}")
"""
HEALTHY = TOO_FAST.replace("lr=3.0", "lr=0.03")
FAILS = TOO_FAST.replace("with torch.no_grad():", "raise SystemExit('no disk')\nif True:")
EMPTY = "print('nothing trains here')\n"


@pytest.fixture
def warm(server, here, monkeypatch):
    """Children are forked from a process that has imported torch already."""

    def launched(self, arguments, place, work, limit):
        given = self.directory / STDIN
        stdin = given if given.exists() else None
        return server.run(
            "check", *arguments, cwd=work, stdin=stdin, stdout=place / OUT, stderr=place / ERR
        ).code

    monkeypatch.setattr(Reruns, "launched", launched)
    for name, text in (
        ("fast.py", TOO_FAST),
        ("healthy.py", HEALTHY),
        ("fails.py", FAILS),
        ("empty.py", EMPTY),
    ):
        (here / name).write_text(text)
    return here


def test_a_rate_that_is_too_high_is_healed(warm, capsys):
    code, out, err = call("heal", capsys, "--seeds", 2, "--out", "h", "--json", "r.json", "fast.py")
    assert code == 0, out + err
    told = json.loads(Path("r.json").read_text())
    outcome = told["outcome"]
    assert outcome["verdict"] == "helped"
    assert outcome["causes"] == ["lr-too-high"]
    assert outcome["chosen"][0]["name"] == "lower-lr"
    assert outcome["metric"]["lower"] is True
    assert "from the line 'test mse" in outcome["metric"]["why"]
    assert {run["shift"] for run in told["runs"] if not run["cures"]} == {0, 1}
    assert outcome["proof"]["shifts"] == [0, 1]
    assert "helped: " in out
    assert "gradwise check --treat h/treatment.toml fast.py" in out
    assert err.startswith("heal          fast.py, kept in h")
    assert sorted(path.name for path in warm.iterdir()) == [
        "empty.py", "fails.py", "fast.py", "h", "healthy.py", "r.json",
    ]  # fmt: skip

    assert "\n-optimizer = torch.optim.SGD(model.parameters(), lr=3.0)\n+optimizer" in out

    made = sorted(Path("h/runs").iterdir())
    code, again, _ = call(
        "heal", capsys, "--seeds", 2, "--out", "h", "--resume", "--quiet", "--write", "fast.py"
    )
    assert code == 0
    assert again == f"{out}written into fast.py; the original is fast.py.orig\n"
    assert sorted(Path("h/runs").iterdir()) == made  # every run was kept, so none is made
    assert Path("fast.py.orig").read_text() == TOO_FAST
    assert "lr=3.0)" not in Path("fast.py").read_text()


def test_a_healthy_script_is_left_alone(warm, capsys):
    code, out, _ = call("heal", capsys, "healthy.py")
    assert code == 0
    assert "there is nothing to heal" in out
    assert len(list(Path(".gradwise/heals").glob("*/runs/*"))) == 1


def test_a_script_that_fails_is_3_and_says_why(warm, capsys):
    code, out, err = call("heal", capsys, "--quiet", "fails.py")
    assert (code, out) == (3, "")
    assert "the script fails after 100 steps (no disk)" in err


def test_a_script_without_training_is_2(warm, capsys):
    code, _, err = call("heal", capsys, "--quiet", "empty.py")
    assert code == 2
    assert "ended without any training step" in err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "no script was given"),
        (("nowhere.py",), "there is no script nowhere.py"),
        (("--seeds", "1", "fast.py"), "one seed has no interval"),
        (("--budget", "soon", "fast.py"), "--budget takes a time such as"),
        (("--allow", "all", "fast.py"), "--allow takes safe"),
        (("--metric", "accuracy", "fast.py"), "has no group"),
        (("--resume", "fast.py"), "there is no heal of fast.py"),
        (("--resume", "--out", "x", "fast.py"), "holds no heal to resume"),
        (("--json", "no/where.json", "fast.py"), "there is no directory no"),
    ],
)
def test_mistakes_are_said_before_anything_runs(here, capsys, words, sentence):
    (here / "fast.py").write_text(TOO_FAST)
    code, out, err = call("heal", capsys, *words)
    assert (code, out) == (2, "")
    assert sentence in err
    assert "Traceback" not in err
    assert err.count("\n") == 1


def test_a_directory_with_a_heal_is_not_overwritten(here, capsys):
    (here / "fast.py").write_text(TOO_FAST)
    (here / "h").mkdir()
    (here / "h" / "heal.json").write_text("{}")
    code, _, err = call("heal", capsys, "--out", "h", "fast.py")
    assert code == 2
    assert "already holds a heal; go on with --resume" in err


def test_times():
    assert [duration(text) for text in ("90", "90s", "1.5m", "2h")] == [90.0, 90.0, 90.0, 7200.0]
    for wrong in ("", "0", "-3", "1d", "m"):
        with pytest.raises(UsageError):
            duration(wrong)


def test_help_teaches(capsys):
    code, out, _ = call("heal", capsys, "--help")
    assert code == 0
    for word in ("Exit codes: 0 a cure was proven", "drawn by lot", "--metric", "gradwise heal --resume"):
        assert word in out
