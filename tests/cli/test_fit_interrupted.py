"""Fits that are killed, interrupted or run out of disk, and go on, all through the command."""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import signal
import subprocess
import time

import polars as pl
import pytest
from sklearn.datasets import load_digits

from tests.watch.processes import shared, wait_for

# More than the suite does: GRADWISE_KILLS=100 pytest tests/cli/test_fit_interrupted.py -k "kill or signals"
KILLS = int(os.environ.get("GRADWISE_KILLS", "6"))
SIGNALS = max(2, KILLS // 3)
SETTINGS = [
    "--target",
    "digit",
    "--width",
    128,
    "--epochs",
    12,
    "--batch-size",
    4,
    "--rate",
    0.003,
    "--threads",
    1,
]
SETTINGS += ["--fused", "yes", "--precision", "float32", "--save-every", 0.05]
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("fits")
    digits = load_digits()
    columns = {f"pixel{at}": digits.data[:600, at] for at in range(16, 48)}
    pl.DataFrame({**columns, "digit": [f"d{at}" for at in digits.target[:600]]}).write_csv(place / "data.csv")
    return place


@pytest.fixture(scope="module")
def truth(folder):
    """What comes out of a fit to which nothing happens."""
    assert fit(shared(), folder, "whole", "--no-doctor").code == 0
    return what_came_out(folder / "whole")


def fit(server, folder, out, *more, **how):
    return server.run("fit", "data.csv", *SETTINGS, "--out", out, *more, cwd=folder, **how)


def what_came_out(run):
    """The weights to the last bit, and the course of the losses."""
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "finished"
    losses = [(row["train_loss"], row["valid_loss"]) for row in record["history"]]
    return (run / "model.safetensors").read_bytes(), losses, record["verdict"]["score"]


def send(number, after=0.0, *, when="", again=False):
    """A thing to do meanwhile: send a signal, perhaps when a text is shown, perhaps twice."""

    def act(process, shown):
        if when:
            wait_for(shown, when)
        time.sleep(after)
        with contextlib.suppress(ProcessLookupError):  # it was over before
            os.kill(process, number)
            if again:
                time.sleep(0.01)
                os.kill(process, number)

    return act


def strike(number, chance, least, most):
    """Send a signal, as random as a user is on any machine: so many lines into training, and a little later.

    The line that names the run directory is the first of training; none stands for before that.
    """
    lines, after = chance.randint(least, most), chance.choice((0.0, chance.uniform(0.0, 0.1)))

    def act(process, shown):
        with contextlib.suppress(ProcessLookupError):  # it was over before
            while shown.read_text().partition("run    ")[2].count("\n") < lines:
                os.kill(process, 0)
                time.sleep(0.002)
            time.sleep(after if lines else 10 * after)
            os.kill(process, number)

    return act


def go_on(server, folder, run, *more, **how):
    """What a user does after an accident: resume, or begin again where nothing was kept."""
    done = server.run("fit", "--resume", run, cwd=folder, **how)
    if done.code == 2 and "holds no fitted network: it has no run.json" in done.err:
        assert not (folder / run / "model.safetensors").exists()
        done = fit(server, folder, run, *more, **how)
    assert "Traceback" not in done.err, done.err
    return done


def test_after_every_chain_of_kills_the_weights_are_those_of_a_fit_without(server, folder, truth, capsys):
    chance, begun, chain = random.Random(11), [], 0
    while len(begun) < KILLS:
        more = ("--no-doctor",) if chain % 3 else ()  # the doctor changes no bit
        run, turns = f"chain{chain}", 0
        while turns < 3 and len(begun) < KILLS:
            if turns:  # a resumed fit shows its directory and the epochs to come
                done = go_on(server, folder, run, *more, meanwhile=strike(signal.SIGKILL, chance, 0, 8))
            else:  # a new one the data and what is chosen before
                moment = strike(signal.SIGKILL, chance, 0, 12)
                done = fit(server, folder, run, *more, meanwhile=moment)
            if done.code != -signal.SIGKILL:
                break
            begun.append(stage(folder / run))
            turns += 1
        done = go_on(server, folder, run, *more)
        assert done.code == 0 or "is finished" in done.err, done.err
        assert what_came_out(folder / run) == truth, f"chain that began with {begun[-turns:]}"
        chain += 1
    with capsys.disabled():
        if KILLS > 20:
            print({name: begun.count(name) for name in set(begun)}, chain, "chains")
    assert set(begun) & {"training", "judging"}


def stage(run):
    """How far a killed fit was, by what it left."""
    if not (run / "run.json").exists():
        return "before training"
    if (run / "model.safetensors").exists():
        return "judging"
    return "training" if list((run / "checkpoints").glob("last-*.json")) else "before the first checkpoint"


def test_a_kill_while_rates_are_tried_leaves_nothing_to_resume(server, folder):
    words = [word for word in SETTINGS if word not in ("--rate", 0.003)]
    done = server.run(
        "fit", "data.csv", *words, "--out", "trials", cwd=folder,
        meanwhile=send(signal.SIGKILL, when="weight-decay"),
    )  # fmt: skip
    assert done.code == -9
    done = server.run("fit", "--resume", "trials", cwd=folder)
    assert done.code == 2
    (line,) = done.err.splitlines()
    assert "trials" in line and ("no run.json" in line or "cannot be read" in line)


def test_signals_at_any_moment_keep_what_was_learnt(server, folder, truth):
    chance, codes = random.Random(5), []
    for count in range(SIGNALS):
        number = (signal.SIGINT, signal.SIGTERM)[count % 2]
        run = f"signal{count}"
        done = fit(server, folder, run, meanwhile=strike(number, chance, 1, 9))
        codes.append(done.code)
        assert "Traceback" not in done.err, done.err
        if done.code == 130:
            assert f"gradwise fit --resume {run}" in done.err
        else:  # it was over, or was not in training when the polite kill came
            assert done.code in (0, -signal.SIGTERM), done.err
        done = server.run("fit", "--resume", run, cwd=folder)
        assert done.code == 0 or "is finished" in done.err, done.err
        assert what_came_out(folder / run) == truth
    assert 130 in codes


def test_a_stopped_fit_is_saved_and_judged(server, folder, truth):
    done = fit(server, folder, "stopped", meanwhile=send(signal.SIGTERM, when="epoch 2"))
    assert done.code == 130
    assert "stopped; now judging" in done.err
    assert "guessing scores" in done.err
    assert "learnt is kept" in done.err
    record = json.loads((folder / "stopped" / "run.json").read_text())
    assert record["status"] == "interrupted"
    assert 2 <= len(record["history"]) < 12
    assert server.run("evaluate", "stopped", "data.csv", cwd=folder).code == 0


def test_the_second_ctrl_c_leaves_at_once_without_damage(server, folder, truth):
    done = fit(server, folder, "twice", meanwhile=send(signal.SIGINT, when="epoch 2", again=True))
    assert done.code == 130
    assert "Traceback" not in done.err, done.err
    assert done.err.splitlines()[-1].endswith("gradwise fit --resume twice")
    assert go_on(server, folder, "twice").code == 0
    assert what_came_out(folder / "twice") == truth


def test_ctrl_c_before_training_says_that_nothing_is_kept(server, folder):
    words = [word for word in SETTINGS if word not in ("--rate", 0.003)]
    slow = ["--width", 1024, "--depth", 6]  # seconds of range test, so that the signal comes before training
    done = server.run(
        "fit", "data.csv", *words, *slow, "--out", "early", cwd=folder,
        meanwhile=send(signal.SIGINT, when="weight-decay"),
    )  # fmt: skip
    assert done.code == 130
    assert done.err.splitlines()[-1] == "interrupted   before training began; nothing was kept"
    assert not (folder / "early" / "run.json").exists()


def no_room(process, shown):
    """From now on no file of the process may grow beyond what a first checkpoint takes."""
    wait_for(shown, "epoch 2")
    resource.prlimit(process, resource.RLIMIT_FSIZE, (12_000, 12_000))


def test_where_files_may_not_grow_the_last_good_checkpoint_stays(server, folder, truth):
    done = fit(server, folder, "full", meanwhile=no_room)
    assert done.code == 2
    assert "Traceback" not in done.err, done.err
    assert done.err.count("no checkpoint could be written") == 1
    assert "epoch 12" in done.err, "training goes on"
    assert "make room, then `gradwise fit --resume" in done.err.splitlines()[-1]
    assert not (folder / "full" / "model.safetensors").exists()
    assert go_on(server, folder, "full").code == 0
    assert what_came_out(folder / "full") == truth


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 2 MB; needs the right to mount."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small file system here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_really_full(server, folder, truth, small_disk):
    def fill(process, shown):
        wait_for(shown, "epoch 2")
        with contextlib.suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(b"x" * 1024)

    run = small_disk / "run"
    done = fit(server, folder, run, meanwhile=fill)
    assert "Traceback" not in done.err, done.err
    assert done.code == 2 and "No space left on device" in done.err.splitlines()[-1]
    done = go_on(server, folder, run)
    assert done.code == 2 and "No space left on device" in done.err.splitlines()[-1]
    (small_disk / "filler").unlink()
    assert go_on(server, folder, run).code == 0
    assert what_came_out(run) == truth


def test_a_full_disk_under_the_log_does_not_end_the_training(server, folder, truth, small_disk):
    with contextlib.suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(b"x" * 1024)
    done = fit(server, folder, "logged", stderr=small_disk / "log")
    assert (done.code, done.err) == (0, "")
    assert what_came_out(folder / "logged") == truth


def test_a_run_that_may_not_be_written_is_refused_before_work(server, folder, truth):
    fit(server, folder, "closed", meanwhile=send(signal.SIGKILL, when="epoch 2"))
    run = folder / "closed"
    run.chmod(0o555)
    try:
        done = server.run("fit", "--resume", "closed", cwd=folder, ordinary=True)
    finally:
        run.chmod(0o755)
    assert done.code == 2
    (line,) = done.err.splitlines()
    assert "closed" in line and "Permission denied" in line
    assert go_on(server, folder, "closed").code == 0
    assert what_came_out(run) == truth
