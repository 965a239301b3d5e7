"""Re-runs as real processes: their end, what is kept of them, and that nothing stays behind."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from gradwise.heal import launching, rerun
from gradwise.heal.rerun import OUT, STDIN, Reruns, Words, printed_by
from gradwise.heal.treatment import Cure
from gradwise.heal.trial import Trial

SCRIPT = """
import os, sys, torch
torch.manual_seed(0)
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for step in range(20):
    x = torch.randn(8, 3)
    loss = torch.nn.functional.mse_loss(model(x), x[:, :1])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
open("left.txt", "w").write("x")
print(sys.argv[1:], sys.stdin.read(), os.path.basename(os.getcwd()), os.environ["PYTHONHASHSEED"])
"""
FOREVER = """
import os, subprocess, sys, time
import torch
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(os.environ["PIDS"], "w").write(f"{os.getpid()} {child.pid}")
while True:
    loss = model(torch.ones(8, 3)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


HEALS = """
from pathlib import Path
from gradwise.heal.rerun import Reruns, Words
from gradwise.heal.trial import Trial
Reruns(Words("forever.py"), Path(r"DIRECTORY")).run(Trial(), 600)
"""


def gone(pid):
    """Whether a process has ended, within some seconds."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
            with open(f"/proc/{pid}/stat") as stat:
                if stat.read().split()[2] == "Z":
                    return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.1)
    return False


@pytest.fixture
def reruns(tmp_path, monkeypatch):
    project = tmp_path / "project"
    project.mkdir()
    (project / "train.py").write_text(SCRIPT)
    (project / "forever.py").write_text(FOREVER)
    monkeypatch.chdir(project)
    monkeypatch.setenv("PIDS", str(tmp_path / "pids"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    directory = tmp_path / "heal"
    (directory / "runs").mkdir(parents=True)
    made = []

    def make(*words, **options):
        made.append(Reruns(Words(*words), directory, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_run_has_its_arguments_its_input_and_its_own_directory(reruns, tmp_path):
    notes = []
    maker = reruns("train.py", ("--lr", "1"), note=notes.append)
    (maker.directory / STDIN).write_text("given")
    ran = maker.run(Trial((Cure("lower-lr", {"factor": 0.1}),), shift=1), 60)
    assert (ran.status, ran.steps, ran.shift) == ("finished", 20, 1), ran
    assert (maker.place(ran.key) / OUT).exists()
    assert printed_by(maker.place(ran.key)) == "['--lr', '1'] given project 0\n"
    assert ran.told[0]["did"][0]["what"].startswith("rate of SGD 0.05")
    assert not (tmp_path / "project" / "left.txt").exists()
    assert not (maker.directory / "work").exists()
    assert notes == []


@pytest.mark.parametrize("how", ["limit", "ctrl-c"])
def test_nothing_stays_behind(reruns, tmp_path, how):
    maker, pids = reruns("forever.py"), tmp_path / "pids"

    def strike():
        while not (pids.exists() and pids.read_text().count(" ")):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    if how == "ctrl-c":
        # Python's own handler, also where the suite was started with SIGINT ignored (in the background).
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Thread(target=strike, daemon=True).start()
        try:
            with pytest.raises(KeyboardInterrupt):
                maker.run(Trial(), 60)
        finally:
            signal.signal(signal.SIGINT, before)
    else:
        while not pids.exists():  # on a busy machine it may take long to come so far
            ran = maker.run(Trial(), 12)
        assert (ran.status, ran.error) == ("killed", "it was ended at its time limit")
    assert all(gone(int(pid)) for pid in pids.read_text().split())
    assert not (maker.directory / "work").exists()


@pytest.mark.skipif(not launching.CAN_FORK, reason="needs fork")
def test_a_killed_heal_leaves_no_run_behind(reruns, tmp_path):
    pids, directory = tmp_path / "pids", reruns("forever.py").directory
    heals = subprocess.Popen([sys.executable, "-c", HEALS.replace("DIRECTORY", str(directory))])
    try:
        while not (pids.exists() and pids.read_text().count(" ")):
            assert heals.poll() is None
            time.sleep(0.05)
    finally:
        heals.kill()
        heals.wait()
    assert all(gone(int(pid)) for pid in pids.read_text().split())


@pytest.mark.skipif(not launching.CAN_FORK, reason="needs fork")
def test_where_a_fork_is_fragile_a_run_is_a_new_process_and_ends_at_its_limit(reruns, tmp_path):
    maker = reruns("train.py", nursery=launching.Nursery(fresh=True))
    assert maker.run(Trial(), 60).status == "finished"
    pids, maker = tmp_path / "pids", reruns("forever.py", nursery=launching.Nursery(fresh=True))
    while not pids.exists():
        assert maker.run(Trial(), 12).status == "killed"
    assert all(gone(int(pid)) for pid in pids.read_text().split())


def test_without_fork_a_run_is_a_new_process(reruns, monkeypatch):
    monkeypatch.setattr(rerun, "CAN_FORK", False)
    maker = reruns("train.py")
    assert (maker.run(Trial(), 60).status, maker.nursery.seconds) == ("finished", 0.0)


def test_one_process_imports_for_all_runs_and_they_do_not_meet(reruns):
    maker = reruns("train.py")
    ran = [maker.run(trial, 60) for trial in (Trial(), Trial(shift=1), Trial(max_steps=7))]
    assert [(one.status, one.steps) for one in ran] == [("finished", 20), ("finished", 20), ("stopped", 7)]
    first = maker.nursery._process.pid
    os.kill(first, signal.SIGKILL)  # whoever ends it
    maker.nursery._process.wait()
    assert maker.run(Trial(shift=2), 60).status == "finished"


def test_words_point_into_the_copy(tmp_path):
    root, work = tmp_path / "project", tmp_path / "copy"
    root.mkdir()
    assert Words("train.py", ("-x",)).command(root, work) == ["train.py", "-x"]
    assert Words(str(root / "train.py")).command(root, work) == [str(work / "train.py")]
    assert Words(str(tmp_path / "else.py")).command(root, work) == [str(tmp_path / "else.py")]
    assert Words("../else.py").command(root, work) == [str(tmp_path / "else.py")]
    assert Words(None, ("a",), "pkg.train").command(root, work) == ["-m", "pkg.train", "a"]
    assert Words("train.py", ("--name", "a b")).shown == "train.py --name 'a b'"
