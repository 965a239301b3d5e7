from __future__ import annotations

import errno
import os
import shutil
import sqlite3

import pytest

from gradwise.errors import TraceError
from gradwise.trace import opening
from gradwise.trace.read import read_run
from gradwise.trace.store import TraceWriter
from tests.trace.conftest import fill


@pytest.fixture
def finished(make_writer):
    """The file of a finished run."""
    writer = make_writer("finished")
    fill(writer)
    writer.close()
    return writer.path


@pytest.fixture
def crashed(make_writer, tmp_path):
    """A run directory as a killed process leaves it: its last steps lie in the -wal file only."""
    writer = make_writer("live")
    fill(writer)
    writer.flush()
    shutil.copytree(writer.path.parent, tmp_path / "crashed")
    return tmp_path / "crashed"


def message(path) -> str:
    with pytest.raises(TraceError) as caught:
        read_run(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_directory_and_file_read_the_same(finished):
    assert read_run(finished).info == read_run(finished.parent).info
    assert len(read_run(str(finished)).trace.sampled("grad_norm")) == 30


def test_a_missing_directory(tmp_path):
    assert message(tmp_path / "none") == (
        f"there is no run at {tmp_path / 'none'}; `gradwise runs` lists the recorded ones."
    )


def test_a_path_through_a_file(finished):
    assert "there is no run at" in message(finished / "below")


def test_an_empty_directory(tmp_path):
    assert (
        message(tmp_path) == f"{tmp_path} holds no run: it has no trace.sqlite; `gradwise runs` lists runs."
    )


def test_an_empty_file(tmp_path):
    (tmp_path / "trace.sqlite").touch()
    assert "is empty: the run ended before anything was written" in message(tmp_path)


@pytest.mark.parametrize("content", [b"hello", b"\x89PNG" + bytes(5000)])
def test_something_else_than_sqlite(tmp_path, content):
    (tmp_path / "trace.sqlite").write_bytes(content)
    assert "is no gradwise run (not an SQLite file)" in message(tmp_path)


def test_the_sqlite_file_of_another_program(tmp_path):
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE run (key, value)")
    other.close()
    assert "is an SQLite file but no gradwise run" in message(tmp_path / "other.db")


def test_a_newer_version(finished):
    other = sqlite3.connect(finished)
    other.execute("PRAGMA user_version = 7")
    other.close()
    assert message(finished) == (
        f"{finished} was written by a newer gradwise (trace version 7, this one reads up to 1); "
        "upgrade gradwise to read it."
    )


def test_every_truncation_is_an_error_not_a_shorter_run(finished):
    content = finished.read_bytes()
    for length in range(1, len(content), len(content) // 97):
        finished.write_bytes(content[:length])
        assert "cut short or damaged" in message(finished), length


def test_a_file_of_noise_behind_a_good_header(finished):
    content = finished.read_bytes()
    finished.write_bytes(content[:100] + os.urandom(len(content) - 100))
    assert "damaged" in message(finished)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM run WHERE key = 'info'",
        "UPDATE run SET value = '{' WHERE key = 'info'",
        "UPDATE run SET value = '7' WHERE key = 'info'",
        "UPDATE samples SET vector = x'0000'",
        "DELETE FROM layouts",
        "UPDATE step_blocks SET buckets = x'00'",
        "UPDATE architectures SET modules = '[{}]'",
        "UPDATE facts SET data = 'no'",
        "DROP TABLE facts",
    ],
)
def test_a_sound_file_with_unsound_content(finished, statement):
    other = sqlite3.connect(finished)
    other.execute(statement)
    other.commit()
    other.close()
    assert "damaged" in message(finished)


def test_a_crashed_run_still_says_running(crashed):
    assert (crashed / "trace.sqlite-wal").stat().st_size > 0
    run = read_run(crashed)
    assert (run.info.status, run.trace.steps) == ("running", 30)


def test_reading_leaves_the_file_as_it_is(crashed):
    before = (crashed / "trace.sqlite").read_bytes(), (crashed / "trace.sqlite-wal").read_bytes()
    read_run(crashed)
    assert before == ((crashed / "trace.sqlite").read_bytes(), (crashed / "trace.sqlite-wal").read_bytes())


@pytest.mark.parametrize("left", [("-wal", "-shm"), ("-wal",), ()])
def test_a_crashed_run_in_a_directory_that_may_not_be_written(crashed, open_place, request, left):
    place = open_place / "run"
    place.mkdir()
    for suffix in ("", *left):
        shutil.copyfile(crashed / f"trace.sqlite{suffix}", place / f"trace.sqlite{suffix}")
        (place / f"trace.sqlite{suffix}").chmod(0o444)
    place.chmod(0o555)
    request.getfixturevalue("ordinary_user")
    before = sorted(entry.name for entry in place.iterdir())
    # Without its log, the file holds what it held when it was made.
    assert read_run(place).trace.steps == (30 if left else 0)
    assert read_run(place).info.script == "train.py"
    assert sorted(entry.name for entry in place.iterdir()) == before


def test_a_finished_run_in_a_directory_that_may_not_be_written(finished, open_place, request):
    shutil.copyfile(finished, open_place / "trace.sqlite")
    (open_place / "trace.sqlite").chmod(0o444)
    open_place.chmod(0o555)
    request.getfixturevalue("ordinary_user")
    assert read_run(open_place).trace.steps == 30
    assert [entry.name for entry in open_place.iterdir()] == ["trace.sqlite"]


def test_a_file_in_wal_mode_without_its_log_in_a_directory_that_may_not_be_written(
    finished, open_place, request
):
    shutil.copyfile(finished, open_place / "trace.sqlite")
    other = sqlite3.connect(open_place / "trace.sqlite")
    assert other.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    other.close()
    assert not (open_place / "trace.sqlite-wal").exists()
    (open_place / "trace.sqlite").chmod(0o444)
    open_place.chmod(0o555)
    request.getfixturevalue("ordinary_user")
    assert read_run(open_place).trace.steps == 30


def test_a_file_that_may_not_be_read(finished, open_place, request):
    shutil.copyfile(finished, open_place / "trace.sqlite")
    (open_place / "trace.sqlite").chmod(0o000)
    request.getfixturevalue("ordinary_user")
    assert "cannot be read (Permission denied); check its permissions." in message(open_place)


@pytest.mark.parametrize("name", ["with blank", "100%?#&mode=rw", "ü"])
def test_names_that_mean_something_in_addresses(tmp_path, running, name):
    writer = TraceWriter(tmp_path / name, running)
    fill(writer)
    writer.close()
    assert read_run(tmp_path / name).trace.steps == 30


def test_no_room_for_the_copy_that_such_a_run_is_read_from(crashed, monkeypatch):
    def refuse(*_):
        raise sqlite3.OperationalError("unable to open database file")

    def no_room(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(opening, "_probe", refuse)
    monkeypatch.setattr(opening.shutil, "copyfile", no_room)
    assert "there is no room" in message(crashed)
    assert "make room" in message(crashed)
