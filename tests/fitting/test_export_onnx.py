"""ONNX files give the original's answers, and need neither torch nor gradwise."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from gradwise.errors import MissingDependencyError
from gradwise.fitting.export import export
from tests.fitting.exports import agree, check, network, write_all

onnx = pytest.importorskip("onnx")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return write_all(tmp_path_factory.mktemp("kinds"))


@pytest.mark.parametrize(
    ("net", "kind", "options", "free"),
    [
        ("mlp", "table", {"units": 8, "norm": "batch-norm"}, True),
        ("mean", "table", {"units": 8}, True),
        ("cnn", "images", {"units": 2}, True),
        ("resnet18", "images", {"units": 2}, True),
        ("lstm", "series", {"units": 4}, True),
        ("gru", "text", {"units": 4, "embedding": 3}, True),
        ("rnn", "series", {"units": 4}, False),
        ("cnn1d", "text", {"units": 4, "embedding": 3}, True),
    ],
)
def test_every_net_answers_as_the_original(place, tmp_path, net, kind, options, free) -> None:
    check(place, tmp_path, ".onnx", net, kind, options, free=free)


def test_a_file_holds_what_it_predicts_and_how_inputs_are_prepared_and_no_paths(place, tmp_path) -> None:
    original, source = network(place, "mlp", "table", units=4)
    export(original, tmp_path / "net.onnx")
    stored = onnx.load(tmp_path / "net.onnx")
    notes = json.loads({entry.key: entry.value for entry in stored.metadata_props}["gradwise"])
    assert notes["classes"] == ["a", "b"]
    assert notes["preparation"] == json.loads(json.dumps(original.encoder.state()))
    content = (tmp_path / "net.onnx").read_bytes()
    assert b"site-packages" not in content
    assert str(place).encode() not in content
    code = (
        "import sys, numpy, onnxruntime\n"
        "s = onnxruntime.InferenceSession('net.onnx', providers=['CPUExecutionProvider'])\n"
        "feed = {name: numpy.load(name + '.npy') for name in ('numbers', 'categories')}\n"
        "print(s.run(['output'], feed)[0].tolist())\n"
        "assert 'torch' not in sys.modules\n"
    )
    examples = original.encoder.transform(source, np.arange(5))
    for name, array in examples.inputs.items():
        np.save(tmp_path / f"{name}.npy", array)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert agree(np.array(json.loads(done.stdout)), original.outputs(examples))


def test_without_the_packages_the_way_to_get_them_is_told(place, tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    original, _ = network(place, "mlp", "numbers", units=4)
    with pytest.raises(MissingDependencyError, match=r"gradwise\[onnx\]"):
        export(original, tmp_path / "net.onnx")
    assert list(tmp_path.iterdir()) == []
