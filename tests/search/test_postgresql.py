"""A study in a real PostgreSQL server, made for the test; skipped where none is installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from gradwise.errors import UsageError
from gradwise.search import resume_search, search
from tests.search.conftest import QUICK, SPACE, Ears
from tests.watch.processes import ended, start

pytest.importorskip("psycopg")


@pytest.fixture(scope="module")
def server():
    """Address of a fresh server on this machine."""
    if not (shutil.which("initdb") and shutil.which("pg_ctl")):
        pytest.skip("no PostgreSQL server is installed")
    user = {"user": "nobody", "extra_groups": []} if os.geteuid() == 0 else {}  # it refuses to run as root
    place = Path(tempfile.mkdtemp(prefix="gradwise-pg-", dir="/tmp"))
    if user:
        shutil.chown(place, "nobody")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(*words):
        done = subprocess.run(
            words, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ, **user
        )
        return done.returncode == 0

    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={place} -c fsync=off"
    try:
        if not run("initdb", "-D", "data", "-U", "ada", "-A", "trust", "--no-sync"):
            pytest.skip("no PostgreSQL cluster can be made here")
        if not run("pg_ctl", "-D", "data", "-o", options, "-l", "log", "-w", "start"):
            pytest.skip("no PostgreSQL server can be started here")
        yield f"postgresql://ada:secret@127.0.0.1:{port}/postgres"
        run("pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(place, ignore_errors=True)


def test_workers_on_several_machines_share_a_study(server, iris, tmp_path, monkeypatch):
    """Each has a directory of its own, as on another machine, and its own copy of the data."""
    from gradwise.search.searching import ROOT

    words = dict(space=SPACE, trials=8, confirm=0, storage=server, name="shared", **QUICK)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        shutil.copy(iris, tmp_path / name / "iris.csv")
    monkeypatch.chdir(tmp_path / "a")
    first = search("iris.csv", "y", **{**words, "trials": 3})
    assert first.storage.endswith("/postgres") and "secret" not in first.storage
    record = (first.directory / "search.json").read_text()
    assert "secret" not in record, "a password is not written down"
    monkeypatch.chdir(tmp_path / "b")
    joined = search("iris.csv", "y", **words)
    assert [each.number for each in joined.trials] == list(range(8))
    assert joined.trials[:3] == first.trials
    assert (tmp_path / "b" / ROOT / "shared" / "best.toml").exists()
    with pytest.raises(UsageError, match="begun with another space"):
        search("iris.csv", "y", **{**words, "space": {"depth": [1, 2, 3]}})
    later = resume_search(joined.directory, Ears(), trials=9, storage=server)
    assert len(later.trials) == 9


def test_two_at_once(server, iris, tmp_path):
    words = ["-m", "gradwise", "search", str(iris), "-t", "y", "--storage", server, "--name", "once"]
    words += ["--trials", "8", "--epochs", "4", "--confirm", "0", "--threads", "1", "--precision", "float32"]
    workers = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        workers.append(start(*words, cwd=tmp_path / name))
    done = [ended(worker) for worker in workers]
    assert [each.code for each in done] == [0, 0], [each.err for each in done]
    assert not any("Traceback" in each.err for each in done)
    drawn = [line for each in done for line in each.err.splitlines() if " epochs " in line]
    assert 8 <= len({line.split()[1] for line in drawn if line.startswith("trial ")}) <= 9
