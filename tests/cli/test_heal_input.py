"""Standard input of a heal: read once for all runs, and never waited for in vain."""

import io
import os
import sys

import pytest

from gradwise.cli.heal import keep_input
from gradwise.heal.rerun import STDIN, Words
from tests.cli.conftest import here

__all__ = ["here"]


@pytest.fixture
def scripts(here):
    (here / "reads.py").write_text("import sys\nrows = sys.stdin.read()\n")
    (here / "deaf.py").write_text("import torch\n")
    return here


@pytest.fixture
def pipe(monkeypatch):
    """A pipe as standard input; its writing end."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        end = os.fdopen(writing, "w")
        yield end
        end.close()


def kept(folder):
    file = folder / STDIN
    return file.read_text() if file.exists() else None


def test_a_file_is_kept(scripts, monkeypatch):
    (scripts / "rows.txt").write_text("1 2 3")
    with (scripts / "rows.txt").open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        keep_input(scripts, Words("deaf.py"))
    assert kept(scripts) == "1 2 3"


def test_a_pipe_is_read_to_its_end_where_the_script_reads(scripts, pipe):
    pipe.write("late")
    pipe.close()
    keep_input(scripts, Words("reads.py"))
    assert kept(scripts) == "late"


def test_an_open_pipe_holds_nothing_up_where_the_script_does_not(scripts, pipe):
    keep_input(scripts, Words("deaf.py"))
    assert kept(scripts) is None


def test_what_was_kept_is_not_read_again(scripts, pipe):
    (scripts / STDIN).write_text("first")
    pipe.write("second")
    pipe.close()
    keep_input(scripts, Words("reads.py"))
    assert kept(scripts) == "first"


def test_no_standard_input_at_all(scripts, monkeypatch):
    for nothing in (None, io.StringIO("x")):
        monkeypatch.setattr(sys, "stdin", nothing)
        keep_input(scripts, Words("reads.py"))
        assert kept(scripts) is None
