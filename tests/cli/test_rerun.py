"""`gradwise rerun`: the same to the last bit, and a word about everything that is not as it was."""

import json
import os

import numpy as np
import polars as pl
import pytest
from safetensors.numpy import load_file
from sklearn.datasets import load_digits, load_iris

from tests.watch.processes import shared


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("reruns")
    iris, digits = load_iris(), load_digits()
    columns = {name: iris.data[:, at] for at, name in enumerate(iris.feature_names)}
    pl.DataFrame({**columns, "kind": [f"k{at}" for at in iris.target]}).write_csv(place / "iris.csv")
    np.savez(place / "digits.npz", x=(digits.images[:400] * 15).astype(np.uint8), y=digits.target[:400])
    rows = [
        f"{target}\t" + "\t".join(map(str, row))
        for row, target in zip(digits.data[:200], digits.target, strict=False)
    ]
    (place / "Waves_TRAIN.tsv").write_text("\n".join(rows) + "\n")
    return place


def gradwise(folder, *words, **how):
    done = shared().run(*words, cwd=folder, **how)
    assert "Traceback" not in done.err, done.err
    return done


MANY = (os.cpu_count() or 1) + 1  # threads
FITS = {
    "mlp": ["iris.csv", "--target", "kind", "--dropout", 0.2],
    "cnn": ["digits.npz", "--net", "cnn", "--width", 4, "--ema", 0.9],
    "lstm": ["Waves_TRAIN.tsv", "--net", "lstm", "--width", 8],
}


@pytest.mark.parametrize("net", FITS)
def test_the_weights_are_the_same_to_the_last_bit(folder, net):
    """With a range test and races, whose outcome is taken from the first run."""
    done = gradwise(folder, "fit", *FITS[net], "--epochs", 3, "--out", net)
    assert done.code in (0, 1), done.err
    done = gradwise(folder, "rerun", net, "--out", f"{net}-again")
    assert done.code == 0, done.err
    assert "same     every weight is the same to the last bit" in done.err
    files = [(folder / run / "model.safetensors").read_bytes() for run in (net, f"{net}-again")]
    assert files[0] == files[1]
    first, again = (json.loads((folder / run / "run.json").read_text()) for run in (net, f"{net}-again"))
    assert first["recipe"] == again["recipe"]
    assert first["recipe"]["net"] == net
    losses = [[row["train_loss"] for row in record["history"]] for record in (first, again)]
    assert losses[0] == losses[1]


def test_a_change_of_the_recipe_is_seen(folder):
    changed(folder, "other", lambda record: record["recipe"].update(rate=0.02))
    done = gradwise(folder, "rerun", "other", "--out", "other-again")
    assert done.code == 1
    assert "differs  " in done.err and "by up to" in done.err
    assert "same to the last bit" not in done.err


def changed(folder, name, change):
    """A copy of a fit whose record says something else."""
    if not (folder / "plain" / "run.json").exists():
        words = ["--epochs", 2, "--rate", 0.01, "--no-doctor", "--out", "plain"]
        assert gradwise(folder, "fit", "iris.csv", "--target", "kind", *words).code in (0, 1)
    (folder / name).mkdir()
    record = json.loads((folder / "plain" / "run.json").read_text())
    change(record)
    (folder / name / "run.json").write_text(json.dumps(record))
    (folder / name / "model.safetensors").write_bytes((folder / "plain" / "model.safetensors").read_bytes())


def test_other_versions_and_fewer_processors_are_told_and_are_no_difference(folder):
    def older(record):
        record["versions"] |= {"torch": "2.1.0", "instructions": "VSX"}
        assert record["recipe"]["threads"] >= 1
        record["recipe"]["threads"] = MANY

    changed(folder, "older", older)
    done = gradwise(folder, "rerun", "older", "--out", "older-again")
    assert "torch 2.1.0, now 2." in done.err
    assert "instructions VSX, now " in done.err
    assert f"{MANY} threads were used, here " in done.err
    weights = [load_file(folder / run / "model.safetensors") for run in ("plain", "older-again")]
    same = all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert done.code == (0 if same else 1), done.err


def test_changed_data_is_refused(folder):
    changed(folder, "moved", lambda record: None)
    text = (folder / "iris.csv").read_text()
    try:
        (folder / "iris.csv").write_text(text.replace("5.1", "5.2", 1))
        done = gradwise(folder, "rerun", "moved", "--out", "moved-again")
    finally:
        (folder / "iris.csv").write_text(text)
    assert done.code == 2
    assert "has changed" in done.err.splitlines()[-1] and "iris.csv" in done.err.splitlines()[-1]
    assert not (folder / "moved-again").exists()


def test_what_is_not_finished_is_not_repeated(folder):
    changed(folder, "cut", lambda record: record.update(status="interrupted"))
    done = gradwise(folder, "rerun", "cut", "--out", "cut-again")
    assert done.code == 2
    (line,) = done.err.splitlines()
    assert "gradwise fit --resume cut" in line


def test_the_same_seed_finds_the_same_rate_and_weights_whatever_was_timed(folder):
    """With nothing left to timing the same command gives the same bits; the line about it is gone."""
    fixed = ["--threads", 1, "--precision", "float32", "--fused", "yes", "--seed", 7, "--epochs", 3]
    done = [gradwise(folder, "fit", "iris.csv", "-t", "kind", *fixed, "--out", f"s{at}") for at in (1, 2)]
    assert all("range test" in one.err and "decided by timing" not in one.err for one in done), done[0].err
    assert (folder / "s1/model.safetensors").read_bytes() == (folder / "s2/model.safetensors").read_bytes()


def test_what_timing_decides_is_said_and_the_rate_is_none_of_it(folder):
    done = gradwise(folder, "fit", "iris.csv", "-t", "kind", "--seed", 7, "--epochs", 3, "--out", "timed")
    (line,) = [line for line in done.err.splitlines() if "decided by timing" in line]
    assert line.startswith("repeat        gradwise rerun  (")
    assert "fused" in line and "rate" not in line
    rates = [json.loads((folder / run / "run.json").read_text())["recipe"]["rate"] for run in ("s1", "timed")]
    assert rates[0] == rates[1]
