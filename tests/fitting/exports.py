"""Small data of every kind, nets with random weights behind a fitted preprocessing, and exported files run."""

from __future__ import annotations

import numpy as np
import polars as pl
import torch
from sklearn.datasets import load_digits

from gradwise import nets
from gradwise.data.opening import open_source
from gradwise.fitting.ensemble import Ensemble
from gradwise.fitting.network import Network
from gradwise.fitting.record import Record

LONGEST = 6  # moments or words: the exporter's time grows with it

DATA = {
    "table": ("table.csv", {"target": "y", "drop": ["price"]}),
    "numbers": ("table.csv", {"target": "price", "drop": ["city", "colour", "y"]}),
    "images": ("digits.npz", {}),
    "series": ("series.csv", {"target": "y", "ids": "who"}),
    "text": ("text.csv", {"target": "y", "text": "text"}),
}


def write_all(folder):
    """The files of `DATA`."""
    draw = np.random.default_rng(0)
    cities = draw.choice(["Ulm", "Bonn", "Berlin"], 90)
    pl.DataFrame({
        "x": draw.normal(size=90), "z": draw.normal(size=90), "city": cities, "colour": draw.choice(["r", "g"], 90),
        "y": np.where(cities == "Ulm", "a", "b"), "price": 1000 + 300 * draw.normal(size=90),
    }).write_csv(folder / "table.csv")  # fmt: skip
    digits = load_digits()
    np.savez(
        folder / "digits.npz", images=(digits.images[:90] * 15).astype(np.uint8), labels=digits.target[:90]
    )
    rows = [
        {"who": f"s{row}", "a": draw.normal(), "b": draw.normal(), "y": "ab"[row % 2]}
        for row, length in enumerate(draw.integers(2, LONGEST + 1, 30))
        for _ in range(length)
    ]
    pl.DataFrame(rows).write_csv(folder / "series.csv")
    words = np.array(["a", "few", "short", "words", "that", "say", "nothing", "to", "anybody"])
    texts = [" ".join(draw.choice(words, draw.integers(1, LONGEST + 1))) for _ in range(40)]
    pl.DataFrame({"text": texts, "y": ["ab"[row % 2] for row in range(40)]}).write_csv(folder / "text.csv")
    return folder


def network(place, net: str, kind: str, **options) -> tuple[Network, object]:
    """A net with random weights, and its data."""
    name, reading = DATA[kind]
    source = open_source(place / name, **reading)
    encoder = source.encoder(np.arange(0, len(source), 2))
    torch.manual_seed(0)
    model = nets.make(net, outputs=encoder.task.outputs, **encoder.shape(), **options).eval()
    return Network(place, Record(data={}, config={}), encoder, model), source


def mean_of(place, kind: str, **options) -> tuple[Network, object]:
    """Two perceptrons as one network."""
    original, source = network(place, "mlp", kind, **options)
    task, shape = original.task, original.encoder.shape()
    members = [original.model, nets.make("mlp", outputs=task.outputs, **shape, **options)]
    original.model = Ensemble(members, task.kind).eval()
    return original, source


def answers(file, arrays) -> np.ndarray:
    """What the file itself says, without gradwise."""
    if file.suffix == ".pt2":
        return torch.export.load(file).module()(*map(torch.from_numpy, arrays)).detach().numpy()
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    names = [item.name for item in session.get_inputs()]
    return session.run(None, dict(zip(names, arrays, strict=True)))[0]


def check(place, tmp_path, suffix, net, kind, options, *, free) -> None:
    """The export of a net gives the original's answers on real data, for other numbers of rows too."""
    from gradwise.fitting.export import export

    original, source = (
        mean_of(place, kind, **options) if net == "mean" else network(place, net, kind, **options)
    )
    file = tmp_path / f"net{suffix}"
    done = export(original, file, source)
    assert done.real
    assert done.rows >= 20
    assert [entry.name for entry in tmp_path.iterdir()] == [file.name], "one file, and nothing left beside it"
    length = original.encoder.shape().get("length")
    assert done.steps == (None if free else length)
    assert ("padded to" in str(done)) is not free
    for rows in (1, 17):  # other numbers than were traced
        examples = original.encoder.transform(source, np.arange(rows))
        expected = original.outputs(examples)
        arrays = [examples.inputs[name][:, :length] if examples.inputs[name].ndim > 1 and length else
                  examples.inputs[name] for name in done.inputs]  # fmt: skip
        assert agree(answers(file, arrays), expected)
        if free and kind == "series":
            beyond = np.full((rows, 7, arrays[0].shape[2]), 9, np.float32)  # padding says nothing
            assert agree(answers(file, [np.concatenate([arrays[0], beyond], axis=1), arrays[1]]), expected)


def agree(found: np.ndarray, expected: np.ndarray) -> bool:
    """Equal but for rounding."""
    return found.shape == expected.shape and np.allclose(found, expected, rtol=1e-4, atol=1e-5)
