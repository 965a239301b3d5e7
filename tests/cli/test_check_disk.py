"""``gradwise check`` where a run cannot be written: taken, read-only and full places."""

import os
import subprocess
import sys

import pytest

from tests.cli.test_check import HEALTHY, SICK, sentence
from tests.watch.processes import environment


@pytest.fixture
def folder(tmp_path):
    for name, text in (("healthy.py", HEALTHY), ("sick.py", SICK)):
        (tmp_path / name).write_text(text)
    return tmp_path


def test_two_runs_into_one_directory(server, folder):
    assert server.check("--out", "run", "healthy.py", cwd=folder).code == 0
    before = (folder / "run" / "trace.sqlite").read_bytes()
    done = server.check("--out", "run", "sick.py", cwd=folder)
    assert (done.code, done.out) == (2, "")  # the second script was not started
    assert "run" in sentence(done) and "--out" in sentence(done)
    assert (folder / "run" / "trace.sqlite").read_bytes() == before


def test_out_is_a_file(server, folder):
    (folder / "file").write_text("")
    done = server.check("--out", "file", "healthy.py", cwd=folder)
    assert "file" in sentence(done)
    assert (done.code, done.out) == (2, "")


@pytest.fixture
def closed(folder):
    """A directory that may not be written, with a script in it."""
    place = folder / "closed"
    place.mkdir()
    (place / "healthy.py").write_text(HEALTHY)
    place.chmod(0o555)
    yield place
    place.chmod(0o755)


@pytest.mark.parametrize("options", [[], ["--out", "run"], ["--json", "found.json"]])
def test_read_only_directory(options, server, closed):
    done = server.check(*options, "healthy.py", cwd=closed, ordinary=True)
    assert (done.code, done.out) == (2, "")
    assert len(sentence(done)) > 30
    assert os.listdir(closed) == ["healthy.py"]


def test_script_that_may_not_be_read(server, closed):
    (closed / "healthy.py").chmod(0)
    done = server.check("healthy.py", cwd=closed, ordinary=True)
    assert sentence(done) == "healthy.py cannot be read: Permission denied."
    assert done.code == 2


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 200 kB; needs the right to mount."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small file system here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_full_disk_loses_the_recording_not_the_run(server, folder, small_disk):
    done = server.check("--out", small_disk / "run", "healthy.py", "6000", cwd=folder)
    assert done.out == "done\n"  # the script ran to its end
    assert "Traceback" not in done.err
    assert any(line.startswith("gradwise: ") and "full" in line for line in done.err.splitlines()), done.err
    assert done.code in (0, 2), done.err


def test_disk_full_from_the_start(server, folder, small_disk):
    (small_disk / "filler").write_bytes(b"x" * 200 * 1024)
    done = server.check("--out", small_disk / "run", "healthy.py", cwd=folder)
    assert (done.code, done.out) == (2, "")
    assert len(sentence(done)) > 30


def test_reader_of_standard_output_leaves(folder):
    """The script meets the broken pipe, as it would under Python; we say no more than Python does."""
    (folder / "talks.py").write_text(
        HEALTHY.replace("print", "for line in range(100000): print(line, 'words')\nprint")
    )
    for command, words in (("-m gradwise check talks.py", 3), ("-m gradwise check --quiet healthy.py", 0)):
        done = subprocess.run(
            ["/bin/bash", "-c", f"{sys.executable} {command} | head -n 1; exit ${{PIPESTATUS[0]}}"],
            cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=100,
        )  # fmt: skip
        assert done.returncode == words, done.stderr
        assert "src/gradwise" not in done.stderr
        assert len(done.stdout.splitlines()) == 1
