"""The demo and the examples it checks."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from tests.house.tree import ROOT
from tools import demo


def test_the_healed_twin_differs_in_the_fault_alone() -> None:
    sick = (ROOT / demo.SICK).read_text(encoding="utf-8").splitlines()[1:]  # the first line says what it is
    healed = (ROOT / demo.HEALED).read_text(encoding="utf-8").splitlines()[1:]
    changed = [line for line in difflib.ndiff(sick, healed) if line[0] in "+-"]
    assert [line[1:].strip() for line in changed] == ["nn.Softmax(dim=1),"]


def test_the_examples_know_nothing_of_gradwise() -> None:
    for path in (demo.SICK, demo.HEALED):
        assert "gradwise" not in (ROOT / path).read_text(encoding="utf-8")


def test_demo_end_to_end(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(demo, "RUNS", tmp_path / "runs")
    assert demo.main() == 0, capsys.readouterr().out
    for script in (demo.SICK, demo.HEALED):
        assert (tmp_path / "runs" / f"demo-{script.stem}" / "report.html").is_file()
    assert "demo-digits_sick/report.html" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("sick", "healed"),
    [
        ((0, []), (0, [])),
        ((1, ["lr-too-high", "softmax-twice"]), (0, [])),
        ((1, ["softmax-twice"]), (1, ["overfitting"])),
        ((3, ["softmax-twice"]), (0, [])),
        ((1, ["softmax-twice"]), (3, [])),
    ],
)
def test_demo_fails_when_a_script_does_not_come_out_as_it_should(
    sick: tuple[int, list[str]], healed: tuple[int, list[str]], tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(demo, "RUNS", tmp_path)
    monkeypatch.setattr(demo, "check", lambda script: sick if script == demo.SICK else healed)
    assert demo.main() == 1
    assert "demo: expected " in capsys.readouterr().out
