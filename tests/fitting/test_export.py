"""Exported nets give the original's answers; what does not is not kept."""

from __future__ import annotations

import json

import pytest
import torch

from gradwise.errors import UsageError
from gradwise.fitting import export as exporting
from gradwise.fitting.export import export
from tests.fitting.exports import check, network, write_all


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return write_all(tmp_path_factory.mktemp("kinds"))


@pytest.mark.parametrize(
    ("net", "kind", "options", "free"),
    [
        ("mlp", "table", {"units": 8, "norm": "batch-norm"}, True),
        ("mlp", "numbers", {"units": 8}, True),
        ("mean", "numbers", {"units": 8}, True),
        ("cnn", "images", {"units": 2}, True),
        ("resnet18", "images", {"units": 2}, True),
        ("lstm", "series", {"units": 4, "bidirectional": True}, False),
        ("gru", "text", {"units": 4, "embedding": 3}, False),
        ("cnn1d", "series", {"units": 4}, True),
        ("cnn1d", "text", {"units": 4, "embedding": 3}, True),
    ],
)
def test_every_net_answers_as_the_original(place, tmp_path, net, kind, options, free) -> None:
    check(place, tmp_path, ".pt2", net, kind, options, free=free)


def test_a_file_holds_what_it_predicts_and_how_inputs_are_prepared(place, tmp_path) -> None:
    original, _ = network(place, "mlp", "table", units=4)
    export(original, tmp_path / "net.pt2")
    extra = {"gradwise.json": ""}
    torch.export.load(tmp_path / "net.pt2", extra_files=extra)
    notes = json.loads(extra["gradwise.json"])
    assert (notes["task"], notes["targets"], notes["classes"]) == ("classes", ["y"], ["a", "b"])
    assert notes["preparation"] == json.loads(json.dumps(original.encoder.state()))


def test_without_data_random_rows_are_compared(place, tmp_path) -> None:
    original, _ = network(place, "mlp", "numbers", units=4)
    done = export(original, tmp_path / "net.pt2")
    assert (done.rows, done.real, done.inputs) == (8, False, ("numbers",))
    assert "8 random rows" in str(done)


def test_an_export_that_differs_is_not_kept_and_an_older_file_stays(place, tmp_path, monkeypatch) -> None:
    original, source = network(place, "mlp", "table", units=4)
    file = tmp_path / "net.pt2"
    file.write_text("older")
    plain = exporting.activate
    added = iter([0.0])  # while it is traced; the original then says something else
    monkeypatch.setattr(exporting, "activate", lambda task, raw: plain(task, raw) + next(added, 0.01))
    with pytest.raises(UsageError, match=r"differs from the original by 0\.01 .* not kept"):
        export(original, file, source)
    assert file.read_text() == "older"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_place_that_cannot_be_written_is_named(place, tmp_path) -> None:
    original, _ = network(place, "mlp", "numbers", units=4)
    with pytest.raises(UsageError, match=r"missing.net\.pt2 cannot be written \(No such file"):
        export(original, tmp_path / "missing" / "net.pt2")
