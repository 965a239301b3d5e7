"""Forked commands end as fresh ones do, and leave nothing behind for the next."""

from __future__ import annotations

import json
import os
import subprocess
import time

import pytest

from benchmarks.detection import forking
from benchmarks.detection.corpus import Script
from benchmarks.detection.journal import Journal
from benchmarks.detection.running import check
from benchmarks.detection.scoring import Outcome, read_findings

pytestmark = pytest.mark.skipif(not forking.CAN_FORK, reason="forked commands need Linux and no accelerator")
TRAINS = """
import os, torch
torch.manual_seed(int(os.environ["SEED"]))
x = torch.randn(256, 8)
y = x[:, :1]
net = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
for step in range(150):
    i = torch.randint(0, 256, (32,))
    loss = torch.nn.functional.mse_loss(net(x[i]), y[i])
    loss.backward()
    optimizer.step()
print(f"loss {loss.item():.6f}")
"""


@pytest.fixture
def run(tmp_path):
    """Runs a source under a way to start it; what it did."""

    def go(source, *words, fresh=False, seconds=60.0, env=None):
        script = tmp_path / "script.py"
        script.write_text(source)
        given = forking.environment(0) | (env or {})
        return forking.run([str(script), *words], cwd=tmp_path, env=given, seconds=seconds, fresh=fresh)

    return go


def told(done):
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("source", "code", "out", "err"),
    [
        ("import sys\nprint(sys.argv[1:], __name__, sys.path[0] == sys.argv[0][:-10])\nsys.exit(3)", 3,
         "['--lr', '1'] __main__ True\n", ""),
        ("print('before')\ndef f():\n    return 1 / 0\nf()", 1, "before\n", "line 4, in <module>"),
        ("def f(:\n", 1, "", "SyntaxError"),
        ("raise SystemExit('no data')", 1, "", "no data\n"),
        ("raise KeyboardInterrupt", -2, "", "KeyboardInterrupt"),
        ("import os\nprint('x', flush=True)\nos.abort()", -6, "x\n", ""),
        ("import atexit, sys\natexit.register(print, 'bye')\nprint(repr(sys.stdin.read()))", 0, "''\nbye\n", ""),
        ("import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.2), print('late'))).start()", 0,
         "late\n", ""),
        ("import sys\nprint(sys.modules['__main__'].__file__ == __file__, 'benchmarks' in sys.modules)", 0,
         "True False\n", ""),
    ],
)  # fmt: skip
def test_exit_code_and_output_are_those_of_a_new_python(run, source, code, out, err):
    forked = run(source, "--lr", "1")
    assert (forked.returncode, forked.stdout) == (code, out)
    assert err in forked.stderr and bool(err) == bool(forked.stderr)
    assert told(forked) == told(run(source, "--lr", "1", fresh=True))


def test_what_trains_prints_the_same_and_gets_the_same_findings(tmp_path, run):
    forked = run(TRAINS)
    assert forked.stdout.startswith("loss ") and forked.stderr == ""
    reports = []
    for place in ("forked", "fresh"):
        file = tmp_path / f"{place}.json"
        words = ["-m", "gradwise", "check", "--quiet", "--json", str(file), "--out", str(tmp_path / place)]
        words += [str(tmp_path / "script.py")]
        env = forking.environment(0)
        done = forking.run(words, cwd=tmp_path, env=env, seconds=120, fresh=place == "fresh")
        assert (tmp_path / place / "report.html").exists()
        reports.append((done.returncode, done.stdout, read_findings(json.loads(file.read_text()))))
    code, printed, findings = reports[0]
    assert (code, printed) == reports[1][:2] == (1, forked.stdout)
    names = [(finding.rule, finding.group, finding.nested) for finding in findings]
    assert names == [(finding.rule, finding.group, finding.nested) for finding in reports[1][2]]
    assert "missing-zero-grad" in [rule for rule, _, _ in names]


def test_what_hangs_is_ended_with_all_that_it_started(tmp_path, run):
    source = """
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path("child").write_text(str(child.pid))
time.sleep(600)
"""
    with pytest.raises(subprocess.TimeoutExpired):
        run(source, seconds=2)
    assert gone(int((tmp_path / "child").read_text()))
    assert run("print(1)").stdout == "1\n", "the next one runs"


def gone(process: int) -> bool:
    """Whether a process ends, by itself or because it was killed; it may be a while until it is reaped."""
    for _ in range(200):
        try:
            with open(f"/proc/{process}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def test_a_script_leaves_the_next_one_unaffected(tmp_path, run):
    spoil = """
import os, random, sys, numpy, torch
random.seed(1); numpy.random.seed(1); torch.manual_seed(1)
torch.set_default_dtype(torch.float64); torch.set_num_threads(2)
torch.nn.Linear.forward = None
os.environ["LEFT"] = "here"; os.chdir("/"); sys.path.insert(0, "/"); sys.modules["left"] = sys
print(os.getppid())
"""
    look = """
import os, random, sys, numpy, torch
print(os.getppid())
print(os.getcwd(), os.environ.get("LEFT"), os.environ.get("GIVEN"), os.environ["SEED"], "/" in sys.path)
print("left" in sys.modules, torch.get_default_dtype(), torch.get_num_threads(), torch.nn.Linear.forward is None)
print(torch.initial_seed(), numpy.random.rand(), random.random(), sep="\\n")
"""
    parent = run(spoil).stdout
    first, second = (run(look, env={"SEED": "7"}).stdout.splitlines() for _ in range(2))
    assert [first[0], second[0]] == [parent.strip()] * 2, "one parent for all"
    assert first[1:3] == [f"{tmp_path} None None 7 False", "False torch.float32 1 False"]
    assert first[1:3] == second[1:3] == run(look, env={"SEED": "7"}, fresh=True).stdout.splitlines()[1:3]
    assert not set(first[3:]) & set(second[3:]), "random states are drawn anew, as in a new process"


def test_what_a_parent_has_taken_in_for_good_is_told_apart():
    env = forking.environment(0)
    one = forking._stands_for(env)
    assert one == forking._stands_for(forking.environment(5)), "the seed is for the child"
    assert one != forking._stands_for(env | {"OMP_NUM_THREADS": "2"})


def test_changed_sources_are_imported_anew(tmp_path, run, monkeypatch):
    source = "import os\nprint(os.getppid())"
    file = tmp_path / "gradwise" / "rule.py"
    file.parent.mkdir()
    file.write_text("")
    monkeypatch.setattr(forking, "SOURCES", tmp_path)
    env = {"PYTHONPATH": str(forking.ROOT / "src")}
    first, second = run(source, env=env).stdout, run(source, env=env).stdout
    os.utime(file, (time.time() + 9, time.time() + 9))
    third = run(source, env=env).stdout
    assert first == second != third


def test_workers_of_a_loader_run_and_the_parent_has_one_thread(run):
    source = """
import os, torch
from torch.utils.data import DataLoader, TensorDataset
print(sum(len(x) for (x,) in DataLoader(TensorDataset(torch.randn(64, 3)), 8, num_workers=2)))
print(len(os.listdir(f"/proc/{os.getppid()}/task")))
"""
    assert run(source).stdout == "64\n1\n"


def test_a_parent_that_is_gone_is_told_as_a_killed_command(run):
    source = "import os, signal, time\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(5)"
    assert run(source).returncode == -9
    assert run("print(1)").stdout == "1\n"


def test_where_nothing_can_be_forked_a_new_python_is_started(run, monkeypatch):
    monkeypatch.setattr(forking, "CAN_FORK", False)
    assert run("import sys\nprint('torch' in sys.modules)").stdout == "False\n"
    assert forking.way(fresh=False) == "fresh"


def test_a_check_is_forked_and_its_report_is_read(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(TRAINS)
    script = Script("net", "sick", path, "missing-zero-grad")
    outcome = check(script, 0, onset=False)
    assert outcome.found and outcome.error == ""


# ------------------------------------------------------------- what results tell


def test_results_tell_how_checks_were_started(tmp_path):
    path = tmp_path / "net.py"
    path.write_text("print(1)\n")
    script, file = Script("net", "sick", path, "dead-relu"), tmp_path / "run.jsonl"
    Journal(file, "fresh").add(Outcome(script, 0), onset=False)
    again = Journal(file, "forked")
    again.known(script, 0, onset=False)
    assert again.ways == {"fresh"} and "new Python" in forking.told(again.ways)
    again.add(Outcome(script, 1), onset=False)
    assert forking.told(again.ways).startswith("Some were started in a new Python")
    assert forking.told({"forked"}).startswith("Each was forked") and forking.told(()) == ""


def test_outcomes_from_before_there_were_two_ways_were_fresh(tmp_path):
    path = tmp_path / "net.py"
    path.write_text("print(1)\n")
    script, file = Script("net", "sick", path, "dead-relu"), tmp_path / "run.jsonl"
    Journal(file, "forked").add(Outcome(script, 0), onset=False)
    entry = json.loads(file.read_text())
    assert entry.pop("started") == "forked"
    file.write_text(json.dumps(entry) + "\n")
    again = Journal(file)
    again.known(script, 0, onset=False)
    assert again.ways == {"fresh"}
