"""Augmentation from the settings to the weights: fit, its record, the same again, resume, the doctor."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.torch import load_file
from sklearn.datasets import load_digits
from typer.testing import CliRunner

from gradwise.cli.app import app
from gradwise.errors import UsageError
from gradwise.fitting.fit import fit, rerun, resume_fit
from gradwise.fitting.listener import Listener
from gradwise.fitting.network import WEIGHTS

SETTINGS = {"epochs": 2, "rate": 0.003, "threads": 1, "precision": "float32", "layout": "contiguous"}


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "digits.npz"
    data = load_digits()
    np.savez(path, x=(data.images[:160] * 15).astype(np.uint8), y=data.target[:160])
    return path


def weights(directory):
    return load_file(directory / WEIGHTS)


def alike(first, second):
    return all(first[name].equal(second[name]) for name in first)


@pytest.fixture(scope="module")
def fitted(digits, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "augmented"
    return fit(digits, out=out, augment="rotation:degrees=8, mixup:alpha=0.1", **SETTINGS)


def test_the_record_names_them_and_the_doctor_finds_no_fault_in_what_it_sees(fitted):
    document = json.loads((fitted.directory / "run.json").read_text())
    assert document["recipe"]["augment"] == "rotate:degrees=8, mixup:alpha=0.1"
    assert document["config"]["augment"] == "rotation:degrees=8, mixup:alpha=0.1"
    found = {item["rule"] for item in document["verdict"]["findings"]}
    assert not found & {
        "unnormalized-input",
        "target-broadcast",
        "softmax-twice",
        "not-shuffled",
        "overfitting",
    }
    assert all(np.isfinite(row["train_loss"]) for row in document["history"])


def test_rerun_comes_to_the_same_bits_and_without_augmentation_to_others(fitted, digits, tmp_path):
    again, differences = rerun(fitted.directory, out=tmp_path / "again", progress=Listener())
    assert differences == [] and alike(weights(fitted.directory), weights(again.directory))
    plain = fit(digits, out=tmp_path / "plain", **SETTINGS)
    assert plain.record.recipe["augment"] == "none"
    assert not alike(weights(fitted.directory), weights(plain.directory))


class StopsAfter(Listener):
    """Stops as Ctrl-C does, after an epoch."""

    def finished_epoch(self, news):
        import os
        import signal

        os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupted_fit_ends_with_the_weights_of_a_whole_one(fitted, digits, tmp_path):
    settings = {**SETTINGS, "augment": "rotation:degrees=8, mixup:alpha=0.1"}
    stopped = fit(digits, out=tmp_path / "run", listener=StopsAfter(), **settings)
    assert stopped.record.status == "interrupted"
    resume_fit(tmp_path / "run", progress=Listener())
    assert alike(weights(fitted.directory), weights(tmp_path / "run"))


def test_from_the_command_line_and_from_a_file(digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fit.toml").write_text(
        'augment = ["cutout:share=0.2", "translation:pixels=1"]\nepochs = 1\nrate = 0.003\n'
    )
    run = CliRunner().invoke(app, ["fit", str(digits), "--config", "fit.toml", "--out", "file", "-q"])
    assert run.exit_code in (0, 1), run.output
    recipe = json.loads((tmp_path / "file" / "run.json").read_text())["recipe"]
    assert recipe["augment"] == "cutout:share=0.2, translate:pixels=1"
    words = [
        "fit",
        str(digits),
        "--augment",
        "flip,rotate:degrees=9,cutmix",
        "--epochs",
        "1",
        "--rate",
        "0.003",
    ]
    run = CliRunner().invoke(app, [*words, "--out", "words", "-q"])
    assert run.exit_code in (0, 1), run.output
    recipe = json.loads((tmp_path / "words" / "run.json").read_text())["recipe"]
    assert recipe["augment"] == "flip, rotate:degrees=9, cutmix"


def test_a_range_test_sees_augmented_batches(digits, tmp_path):
    rates = set()
    for names in ("none", "mixup:alpha=5, noise:sigma=1"):
        made = fit(
            digits,
            out=tmp_path / names[:4],
            augment=names,
            epochs=1,
            threads=1,
            precision="float32",
            layout="contiguous",
        )
        rates.add(made.record.recipe["rate"])
    assert len(rates) == 2


def test_tables_and_their_own(iris, tmp_path):
    made = fit(iris, "y", out=tmp_path / "iris", augment="mixup, swap-noise:p=0.05", epochs=30, rate=0.01)
    assert made.verdict.learnt
    with pytest.raises(UsageError, match="'flip' is for images, not for table"):
        fit(iris, "y", out=tmp_path / "no", augment="flip", epochs=1)


def test_several_seeds_at_once_come_to_what_each_comes_to_alone(iris, tmp_path):
    settings = {"augment": "noise:sigma=0.1", "epochs": 4, "rate": 0.01, "dropout": 0.0, "threads": 1}
    ends = []
    for together in ("yes", "no"):
        made = fit(
            iris, "y", out=tmp_path / together, runs=2, together=together, precision="float32", **settings
        )
        ends.append(made.network.outputs(made.network.open(iris)))
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-4)
