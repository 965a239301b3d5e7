"""`gradwise export`: by name or by format, checked on data, in one sentence."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch

from tests.cli.made_runs import made_run
from tests.cli.verbs import call


@pytest.fixture
def place(tmp_path):
    draw = np.random.default_rng(0)
    pl.DataFrame({
        "x": draw.normal(size=80), "city": draw.choice(["Ulm", "Bonn"], 80), "y": draw.choice(["a", "b"], 80)
    }).write_csv(tmp_path / "data.csv")  # fmt: skip
    made_run(tmp_path / "run", tmp_path / "data.csv", target="y", options={"units": 4})
    return tmp_path


def test_the_name_tells_the_format(place, capsys) -> None:
    code, out, err = call("export", capsys, place / "run", place / "net.pt2", "--check", place / "data.csv")
    assert (code, out) == (0, "")
    assert "takes numbers, categories of any number of rows" in err
    assert "on 64 rows of the data" in err
    assert err.count("\n") == 1
    net = torch.export.load(place / "net.pt2").module()
    assert net(torch.zeros(5, 1), torch.zeros(5, 1, dtype=torch.int64)).shape == (5, 2)


def test_the_format_is_enough(place, capsys) -> None:
    code, _, err = call("export", capsys, place / "run", "--format", "torch")
    assert code == 0, err
    assert (place / "run" / "model.pt2").stat().st_size > 1000


def test_onnx_is_what_is_meant_where_nothing_is_said(place, capsys) -> None:
    pytest.importorskip("onnxruntime")
    code, _, err = call("export", capsys, place / "run")
    assert code == 0, err
    assert (place / "run" / "model.onnx").stat().st_size > 500
    assert "8 random rows" in err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["net.zip"], "ends in .pt2 or .onnx, not net.zip"),
        (["net.onnx", "--format", "torch"], "ends in .pt2 with --format torch"),
        (["--format", "onxx"], "did you mean 'onnx'"),
        (["no/such/net.pt2"], "there is no directory"),
        (["net.pt2", "--check", "other.csv"], "lacks column 'city'"),
    ],
)
def test_wrong_use_is_one_sentence(place, capsys, monkeypatch, arguments, expected) -> None:
    monkeypatch.chdir(place)
    pl.read_csv("data.csv").drop("city").write_csv("other.csv")
    code, _, err = call("export", capsys, "run", *arguments)
    assert code == 2
    assert expected in err
    assert err.count("\n") == 1
    assert not (place / "net.pt2").exists()
