"""`gradwise fit --range-test`, and schedules and initialisers as a user types them."""

import csv
import json

import pytest
from sklearn.datasets import load_iris

from tests.cli.verbs import call

QUICK = ("--epochs", 3, "--threads", 1, "--precision", "float32", "--no-doctor")


@pytest.fixture
def iris(here):
    bunch = load_iris()
    with (here / "iris.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["a", "b", "c", "d", "kind"])
        rows.writerows(
            [*row, bunch.target_names[kind]] for row, kind in zip(bunch.data, bunch.target, strict=True)
        )
    return here


def test_the_rate_is_on_standard_output_and_the_curve_in_a_file(iris, capsys):
    code, out, error = call("fit", capsys, "iris.csv", "-t", "kind", "--range-test", "rates.html")
    assert code == 0 and 1e-4 < float(out) < 0.1
    assert f"rate     {out.strip()}: range test: loss" in error and "curve    rates.html" in error
    page = (iris / "rates.html").read_text()
    assert f"suggested {out.strip()}" in page and "<dd>adamw</dd>" in page
    assert not (iris / ".gradwise").exists(), "nothing is trained, no run is kept"
    call("fit", capsys, "iris.csv", "-t", "kind", "--out", "run", *QUICK)
    recipe = json.loads((iris / "run" / "run.json").read_text())["recipe"]
    assert f"{recipe['rate']:.2g}" == out.strip(), "what a fit with these settings finds by itself"


def test_it_follows_the_settings_of_the_fit_and_can_be_quiet(iris, capsys):
    settings = ("--optimizer", "momentum", "--init", "he", "--batch-size", 30, "-q")
    code, out, error = call(
        "fit", capsys, "iris.csv", "-t", "kind", *settings, "--range-test", "r.html", "--json", "r.json"
    )
    assert (code, error) == (0, "")
    told = json.loads((iris / "r.json").read_text())
    assert told["facts"]["Optimizer"] == "momentum" and told["facts"]["Batch size"] == "30"
    assert len(told["rates"]) == len(told["losses"]) > 30 and f"{told['suggestion']:.2g}" == out.strip()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--range-test", "no/r.html"), "there is no directory no; create it first"),
        (("--range-test", "r.html", "--optimizer", "l-bfgs"), "l-bfgs finds the length of its steps itself"),
        (("--range-test", "r.html", "--resume", "run"), "--resume goes on with the data and settings"),
        (("--schedule", "plateau:divide=1"), "'plateau': divide takes a number above 1, not 1."),
        (("--schedule", "cosine:warmup=0.1"), "no option warmup (did you mean 'warm-up'?)"),
        (("--schedule", "cosin"), "there is no schedule 'cosin' (did you mean 'cosine'?)"),
        (("--init", "he:mode=inputs"), "mode takes one of fan-in, fan-out, fan-avg"),
        (("--init", "kaimin"), "there is no initialiser 'kaimin' (did you mean 'kaiming'"),
        (("--init", "pretrained:path=old.pth"), "old.pth does not exist; give a .safetensors or .pth file."),
        (("--init", "forget-bias", "--rate", 0.01), "sets a bias of LSTM layers, and this model has none"),
    ],
)
def test_wrong_use_is_answered_in_a_sentence(iris, capsys, options, said):
    code, _, error = call("fit", capsys, "iris.csv", "-t", "kind", *QUICK, *options)
    assert code == 2 and said in error and "Traceback" not in error
    assert error.rstrip().count("\n") == 0 or "gradwise: " in error.splitlines()[-1]


def test_a_fit_with_both_from_a_file_of_settings(iris, capsys):
    (iris / "fit.toml").write_text(
        'target = "kind"\nschedule = "plateau:divide=5,patience=1,warm-up=1"\ninit = "kaiming:mode=fan_out"\nrate = 0.01\n'
    )
    code, _, error = call("fit", capsys, "iris.csv", "--config", "fit.toml", "--out", "run", *QUICK)
    assert code in (0, 1), error
    run = json.loads((iris / "run" / "run.json").read_text())
    assert run["recipe"]["schedule"] == "plateau:divide=5,patience=1,warm-up=1"
    assert run["recipe"]["init"] == "he-normal:mode=fan_out"
    code, _, error = call("rerun", capsys, "run", "--out", "again")
    assert code == 0 and "same     every weight" in error


def test_weights_of_one_fit_start_another(iris, capsys, monkeypatch):
    call("fit", capsys, "iris.csv", "-t", "kind", "--out", "first", "--rate", 0.01, *QUICK, "--epochs", 30)
    one = ("--init", "pretrained:path=first", "--rate", 1e-9, "--out", "second", *QUICK, "--epochs", 1)
    code, _, error = call("fit", capsys, "iris.csv", "-t", "kind", *one)
    assert code == 0, "a step of 1e-9 keeps what the first one learnt: " + error
    recipe = json.loads((iris / "second" / "run.json").read_text())["recipe"]
    monkeypatch.chdir(iris / "second")
    assert recipe["init"].startswith("pretrained:path=/"), "found again from any directory"
    code, _, error = call("rerun", capsys, iris / "second", "--out", iris / "third")
    assert code == 0 and "same     every weight" in error
