"""`gradwise.watch` judges by the settings of the program."""

import pytest
import torch

import gradwise
from gradwise.errors import SettingsError


@pytest.fixture
def program(here, monkeypatch):
    """A program in a directory of its own, which is not the working directory."""
    (here / "scripts").mkdir()
    (here / "scripts/train.py").write_text("")
    monkeypatch.setattr("sys.argv", [str(here / "scripts/train.py")])
    return here / "scripts"


def watched(**options):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Softmax(dim=1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    with gradwise.watch(model, optimizer, out="run", **options) as watcher:
        for _ in range(6):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(torch.randn(8, 3)), torch.arange(8) % 4).backward()
            optimizer.step()
    return watcher


def test_the_settings_of_the_program_hold(program):
    (program / "gradwise.toml").write_text(
        'select = ["softmax-twice"]\n[[suppress]]\nrule = "C05"\nreason = "as in the paper"\n'
    )
    watcher = watched()
    diagnosis = watcher.diagnose()
    assert (diagnosis.findings, diagnosis.rules_run) == ((), 1)
    assert diagnosis.suppressed[0].reason == "as in the paper"
    assert "1 suppressed" in str(watcher)
    assert watcher.diagnose(only=["dead-relu"]).suppressed == ()


def test_a_file_that_is_given(program):
    (program / "gradwise.toml").write_text('select = ["C05"]\n[rules.C05]\ngroup = "habit"\n')
    other = program / "other.toml"
    other.write_text('select = ["C05"]\n')
    assert watched(config=other).diagnose().findings[0].group == "broken"


def test_a_mistake_is_told_before_training(program):
    (program / "gradwise.toml").write_text("[[suppress]]\nrule = 'C05'\n")
    with pytest.raises(SettingsError, match=r"suppress\[1\] has no reason"):
        watched()
