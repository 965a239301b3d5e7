"""What `gradwise baselines` says of data and options that cannot be used: one sentence, exit code 2, no file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.test_fit_bad import PLAIN, ROWS, Bad, contents, file, listed, pictures, table, waves
from tests.cli.verbs import call

Y = ("-t", "y")
CASES = [
    Bad("no data", lambda folder: None, ("no data was given",), Y, ""),
    Bad("no such file", file(table()), ("no file dta.csv", "did you mean 'data.csv'"), Y, "dta.csv"),
    Bad("empty file", file(""), ("data.csv is empty",)),
    Bad("no target", file(table()), ("--target",), ()),
    Bad("target not there", file(table()), ("no target column 'x'",), ("-t", "x")),
    Bad("one row", file("a,b,y\n1,2,yes\n"), ("10 rows at least", "there is 1 row")),
    Bad("few rows", file("a,b,y\n" + "1,2,yes\n2,1,no\n" * 3), ("10 rows at least", "there are 6", "--folds")),
    Bad("one class", file(table(y=["yes"] * ROWS)), ("'y' holds only 'yes'",)),
    Bad("constant target", file(table(y=[2.5] * ROWS)), ("'y' is 2.5 in every row",), (*Y, "--task", "numbers")),
    Bad("target all missing", file(table(y=[None] * ROWS)), ("'y' is empty in all 40 rows",)),
    Bad("infinite target", file(table(y=[*PLAIN["a"][:-1], "inf"])), ("'y'", "row 40", "no finite number")),
    Bad("no column left", file(table(a=None, b=None)), ("no column is left",)),
    Bad("ragged rows", file(table() + "1,2,yes,4\n"), ("line 42", "4 cells where 3 columns")),
    Bad("latin-1", file(table().replace("yes", "olé").encode("latin-1")), ("not UTF-8",)),
    Bad("unknown model", file(table()), ("no baseline 'svm-rfb'", "did you mean 'svm-rbf'", "there are "), (*Y, "--only", "svm-rfb")),
    Bad("unknown model to skip", file(table()), ("'logistic-regresion'", "did you mean 'logistic-regression'"), (*Y, "--skip", "logistic-regresion")),
    Bad("a model for numbers", file(table()), ("'lasso' is for numbers", "take one of"), (*Y, "--only", "lasso")),
    Bad("a model for classes", file(table()), ("'naive-bayes' is for classes",), ("-t", "a", "--only", "naive-bayes")),
    Bad("a model that predicts nothing", file(table()), ("'k-means' groups rows",), (*Y, "--only", "k-means")),
    Bad("option that is none", file(table()), ("has no option neighbors", "it takes k"), (*Y, "--only", "k-nn:neighbors=3")),
    Bad("option out of range", file(table()), ("k takes a whole number from 1 on, not 0",), (*Y, "--only", "k-nn:k=0")),
    Bad("a kernel that is none", file(table()), ("not 'rfb'", "did you mean 'rbf'"), (*Y, "--only", "svm:kernel=rfb")),
    Bad("option without a value", file(table()), ("name:option=value",), (*Y, "--only", "svm:kernel")),
    Bad("guessing to be skipped", file(table()), ("guessing is always in the table",), (*Y, "--skip", "guessing")),
    Bad("nothing left", file(table()), ("--skip leaves no model",), (*Y, "--only", "svm", "--skip", "svm")),
    Bad("unknown metric", file(table()), ("--metric 'acuracy'", "did you mean 'accuracy'"), (*Y, "--metric", "acuracy")),
    Bad("metric of numbers", file(table()), ("--metric rmse is not for a target of classes", "accuracy"), (*Y, "--metric", "rmse")),
    Bad("one fold", file(table()), ("--folds takes a whole number from 2",), (*Y, "--folds", "1")),
    Bad("folds of words", file(table()), ("--folds", "--help"), (*Y, "--folds", "many")),
    Bad("more folds than rows", file(table()), ("50 folds need 100 rows",), (*Y, "--folds", "50")),
    Bad("no seconds", file(table()), ("--seconds takes a number above 0",), (*Y, "--seconds", "0")),
    Bad("seconds without end", file(table()), ("--seconds takes a number above 0",), (*Y, "--seconds", "inf")),
    Bad("seed below 0", file(table()), ("--seed takes a whole number from 0 on",), (*Y, "--seed", "-1")),
    Bad("unknown option", file(table()), ("--fold", "--help"), (*Y, "--fold", "3")),
    Bad("one group", file(table(g=["x"] * ROWS)), ("2 groups", "there is 1"), (*Y, "--group", "g")),
    Bad("fewer groups than folds", file(table(g=["u", "v"] * 20)), ("3 folds need 3 groups", "there are 2"), (*Y, "--group", "g", "--folds", "3")),
    Bad("one moment", file(table(t=[3] * ROWS)), ("6 different moments", "there are 1"), (*Y, "--time", "t")),
    Bad("time of words", file(table(t=["soon"] * ROWS)), ("--time", "neither dates nor numbers"), (*Y, "--time", "t")),
    Bad("drop not there", file(table()), ("--drop names column 'h'",), (*Y, "--drop", "h")),
    Bad("unknown task", file(table()), ("--task",), (*Y, "--task", "guess")),
    Bad("text that is none", file(table()), ("not text",), (*Y, "--text", "a")),
    Bad("--image-size for a table", file(table()), ("--image-size means nothing",), (*Y, "--image-size", "64")),
    Bad("json into a folder", file(table()), ("--json takes a file name",), (*Y, "--json", ".")),
    Bad("json into nowhere", file(table()), ("there is no directory nowhere",), (*Y, "--json", "nowhere/out.json")),
    Bad("a run that is none", file(table()), ("holds no fitted network",), (*Y, "--run", "run")),
    Bad("series all alike", file(waves(["5 5 5"] * 30)), ("nothing to learn from",)),
    Bad("empty folder", lambda folder: (folder / "photos").mkdir(), ("photos is empty",), (), "photos"),
    Bad("one class of images", pictures(lambda top: None, classes=1, each=12), ("holds only 'digit0'",), (), "photos"),
    Bad("a corrupt image", pictures(lambda top: (top / "digit0" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))), ("bad.png",), (), "photos"),
    Bad("a path that leaves the folder", listed("../outside.png"), ("row 13", "lies outside")),
    Bad("npz without a target", lambda folder: np.savez(folder / "data.npz", x=np.arange(60.0).reshape(30, 2)), ("--target",), (), "data.npz"),
    Bad("npz with an empty column", lambda folder: np.savez(folder / "data.npz", x=np.full((30, 2), np.nan), y=np.arange(30) % 2), ("column 1", "no value"), (), "data.npz"),
]  # fmt: skip


@pytest.mark.parametrize("bad", CASES, ids=lambda bad: bad.name)
def test_one_sentence_and_nothing_left_behind(bad: Bad, here: Path, capsys: pytest.CaptureFixture) -> None:
    bad.make(here)
    before = contents(here)
    places = (bad.data,) if bad.data else ()
    code, out, error = call("baselines", capsys, *places, *bad.options, "--quiet")
    assert (code, out) == (2, ""), error
    assert error.count("\n") == 1 and error.startswith("gradwise: ") and error.endswith(".\n"), error
    assert [word for word in bad.words if word not in error] == [], error
    assert len(error) < 500
    assert contents(here) == before
