"""Copies of the working directory: what is copied, what is linked, what is left out."""

import os

import pytest

from gradwise.errors import UsageError
from gradwise.heal import isolating
from gradwise.heal.isolating import copy_directory, in_words


@pytest.fixture
def project(tmp_path):
    """A project with data beside it."""
    here = tmp_path / "project"
    for name in ("pkg", ".git", ".gradwise/runs", "env"):
        (here / name).mkdir(parents=True)
    (here / "train.py").write_text("print(1)")
    (here / "pkg" / "model.py").write_text("x = 1")
    (here / ".git" / "HEAD").write_text("ref")
    (here / "env" / "pyvenv.cfg").write_text("")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("1")
    return here


def copied(project, tmp_path, **options):
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    return copy_directory(project, scratch, **options)


def test_small_files_are_copied_and_histories_left_out(project, tmp_path):
    made = copied(project, tmp_path)
    (made.root / "train.py").write_text("changed")
    assert (project / "train.py").read_text() == "print(1)"
    assert (made.root / "pkg" / "model.py").read_text() == "x = 1"
    assert sorted(os.listdir(made.root)) == ["pkg", "train.py"]
    assert sorted(made.left_out) == [".git", "env"]
    assert in_words(made) == ["left out of the copies: .git, env"]


def test_what_lies_beside_is_found(project, tmp_path):
    made = copied(project, tmp_path)
    assert (made.root / ".." / "data" / "a.csv").resolve().read_text() == "1"


def test_big_files_are_linked_unless_runs_write_them(project, tmp_path, monkeypatch):
    monkeypatch.setattr(isolating, "BIG", 100)
    monkeypatch.setattr(isolating, "_cloned", lambda *_: False)
    (project / "data.bin").write_bytes(b"0" * 1000)
    (project / "model.pt").write_bytes(b"0" * 1000)
    made = copied(project, tmp_path, own=["model.pt"])
    assert made.linked == ["data.bin"]
    assert (made.root / "data.bin").samefile(project / "data.bin")
    assert not (made.root / "model.pt").samefile(project / "model.pt")
    assert "data.bin" in in_words(made)[-1]


def test_a_crowded_directory_is_linked_whole(project, tmp_path, monkeypatch):
    monkeypatch.setattr(isolating, "CROWDED", 3)
    (project / "images").mkdir()
    for name in range(5):
        (project / "images" / f"{name}.png").write_text("")
        (project / "pkg" / f"m{name}.py").write_text("")
    made = copied(project, tmp_path)
    assert made.linked == ["images"]
    assert (made.root / "images").is_symlink()
    assert not (made.root / "pkg").is_symlink()


def test_links_lead_where_they_led(project, tmp_path):
    (project / "link.csv").symlink_to("../data/a.csv")
    assert (copied(project, tmp_path).root / "link.csv").read_text() == "1"


def test_what_is_named_is_left_out(project, tmp_path):
    (project / "healed").mkdir()
    made = copied(project, tmp_path, without=[project / "healed"])
    assert not (made.root / "healed").exists()
    assert "healed" not in made.left_out


def test_too_much_is_said(project, tmp_path, monkeypatch):
    monkeypatch.setattr(isolating, "MOST_FILES", 1)
    with pytest.raises(UsageError, match=r"holds more than each run can get .* --no-isolate"):
        copied(project, tmp_path)


def test_pipes_are_passed_over(project, tmp_path):
    os.mkfifo(project / "pipe")
    assert not (copied(project, tmp_path).root / "pipe").exists()
