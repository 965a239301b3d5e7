"""`gradwise search` as a user types it, rightly and wrongly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib

import pytest

from tests.cli.as_typed import write_iris
from tests.watch.processes import environment, shared

QUICK = ["--threads", 1, "--precision", "float32", "--fused", "yes", "--batch-size", 16]
SPACE = (
    "width = {low = 4, high = 32, log = true}\nrate = {low = 1e-3, high = 0.1, log = true}\ndepth = [1, 2]\n"
)
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = write_iris(tmp_path_factory.mktemp("search"))
    (folder / "space.toml").write_text(SPACE)
    return folder


def search(place, *more, **how):
    words = ("iris.csv", "--target", "kind", "--space", "space.toml", *QUICK)
    return shared().run("search", *words, *more, cwd=place, **how)


def document(place, name="out.json"):
    return json.loads((place / name).read_text())


def test_it_shows_the_default_the_best_and_what_to_type(place):
    done = search(place, "--trials", 4, "--epochs", 4, "--confirm", 1, "--json", "out.json")
    assert done.code == 0, done.err
    assert done.out == ""
    for word in (
        "fit's own defaults", "trial 3", "the default", "optimistic", "matters", "to their end",
        "gradwise fit iris.csv --config", "rows tell what it is worth", "another worker joins",
    ):  # fmt: skip
        assert word in done.err, word
    assert "\x1b[" not in done.err, "colour only on a terminal"
    told = document(place)
    assert told["schema"] == 1 and len(told["trials"]) == 4 and told["metric"] == "accuracy"
    assert told["trials"][0]["default"]
    fitted = shared().run(*told["command"].split()[1:], "--no-doctor", "--out", "winner", cwd=place)
    assert fitted.code in (0, 1), fitted.err
    config = json.loads((place / "winner" / "run.json").read_text())["config"]
    best = tomllib.loads((place / told["best_file"]).read_text())
    assert {**config, "target": ["kind"]} == {**best, "doctor": False}


def test_options_and_set_hold_settings_fixed_and_quiet_is_short(place):
    more = ("--depth", 2, "--set", "norm=layer-norm", "--dropout", 0, "--epochs", 1)
    done = search(place, "--trials", 3, "--confirm", 0, *more, "--quiet", "--json", "-")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["fixed"]["norm"] == "layer-norm" and told["fixed"]["dropout"] == 0, "nought is a value"
    assert [set(each["settings"]) for each in told["trials"]] == [{"rate"}, *[{"rate", "width"}] * 2]
    lines = done.err.splitlines()
    assert len(lines) <= 5 and lines[-1].startswith("next ")


WRONG = [
    (["--trials", 0], "--trials takes a number from 1 on, not 0"),
    (["--trials", "x"], "invalid value for '--trials'"),
    (["--seconds", -1], "--seconds takes a number above 0"),
    (["--seconds", "nan"], "--seconds takes a number above 0"),
    (["--confirm", -1], "--confirm takes a number from 0 to 100"),
    (["--prune", "hard"], "--prune takes one of median, hyperband, no"),
    (
        ["--objective", "r2"],
        "--objective takes auto, loss, accuracy, balanced-accuracy, log-loss for classes",
    ),
    (["--storage", "study.db"], "--storage takes sqlite:///FILE"),
    (["--storage", "sqlite:////no/where/x.db"], "cannot be used: unable to open database file"),
    (["--name", "a/b"], "--name takes letters, digits"),
    (["--set", "norm"], "--set takes NAME=VALUE"),
    (["--set", "nrom=none"], "did you mean 'norm'?"),
    (["--set", "width=wide"], "width takes a whole number"),
    (["--set", "depth=1", "--depth", 2], "both set depth"),
    (["--set", "runs=3"], "a trial trains one net"),
    (["--space", "nothing.toml"], "--space nothing.toml cannot be read"),
    (["--net", "lstm"], "--net lstm takes series or text, not table"),
    (["--valid", 0], "give --valid a share above 0"),
    (["--target", "colour"], "colour"),
    (["--seed", 2**32 - 1], "leaves no fresh seeds"),
    (["--config", "nothing.toml"], "--config nothing.toml cannot be read"),
    (["--resume", "x"], "give no others"),
    (["--json", "no/where/x.json"], "create it first"),
    (["--optimizer", "adamm"], "there is no optimizer 'adamm'"),
]


@pytest.mark.parametrize(("words", "told"), WRONG, ids=[" ".join(map(str, words)) for words, _ in WRONG])
def test_wrong_use_is_told_in_one_sentence_and_leaves_nothing(place, words, told):
    before = set((place / ".gradwise" / "searches").glob("*"))
    done = search(place, *words)
    assert done.code == 2, done.err
    assert "Traceback" not in done.err
    last = done.err.splitlines()[-1]
    assert last.startswith("gradwise: ") and told in last, done.err
    assert set((place / ".gradwise" / "searches").glob("*")) == before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('net = ["mlp", "lstm"]', "space: net = 'lstm': --net lstm takes series or text"),
        ('activation = ["relu", "rulu"]', "did you mean 'relu'"),
        ('schedule = ["one-cycle", "step:evry=3"]', "did you mean 'every'?"),
        ('net = ["perceptron"]\nnorm = ["none", "batch-norm"]', "norm is nothing that perceptron"),
        ('augment = ["none", "flip"]', "space: augment = 'flip'"),
        ('loss = ["cross-entropy", "mse"]', "space: loss = 'mse'"),
        ("width = 16", "nothing is left to search"),
        ("[space]\nwidth = {low = 1}", "lacks high"),
    ],
)
def test_a_space_that_does_not_go_with_the_data_is_told_before_training(place, text, told):
    (place / "wrong.toml").write_text(text)
    done = shared().run("search", "iris.csv", "--target", "kind", "--space", "wrong.toml", *QUICK, cwd=place)
    assert done.code == 2, done.err
    assert told in done.err.splitlines()[-1], done.err
    assert "trial 0" not in done.err


def test_a_missing_package_is_named(place):
    code = (
        "import sys, importlib.util as u\nreal = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'optuna' else real(name, *a)\n"
        "from gradwise.cli.app import main\nmain(['search', 'iris.csv', '-t', 'kind'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=place, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "needs optuna; install `gradwise[search]`" in done.stderr
