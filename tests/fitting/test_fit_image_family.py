"""A deep net on a folder of small images, from files to predictions."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file
from sklearn.datasets import load_digits

import gradwise
from gradwise.fitting.fit import fit
from gradwise.fitting.network import WEIGHTS

QUICK = {"fused": "no", "precision": "float32", "layout": "contiguous", "threads": 1, "compile": "no"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Zeros and ones, 40 of each, enlarged to the 28 pixels of MNIST."""
    place, digits = tmp_path_factory.mktemp("digits"), load_digits()
    for digit in (0, 1):
        (place / str(digit)).mkdir()
        for number in np.flatnonzero(digits.target == digit)[:40]:
            pixels = Image.fromarray((digits.images[number] * 15.9375).astype(np.uint8))
            pixels.resize((28, 28)).save(place / str(digit) / f"{number}.png")
    return place


def test_a_preactivation_net_is_fitted_with_a_loss_of_features_and_loaded_again(folder, tmp_path) -> None:
    """Its last layer keeps its weight in files as a convolution of 1 x 1, and is a linear layer to all others."""
    fitted = fit(
        folder, out=tmp_path / "run", net="preresnet", width=4, epochs=6, batch_size=8, rate=0.01,
        loss="center", doctor=False, **QUICK,
    )  # fmt: skip
    assert fitted.record.recipe["net"] == "preresnet18"
    assert fitted.verdict.score > 0.8
    assert load_file(tmp_path / "run" / WEIGHTS)["head.fc.weight"].shape == (2, 32, 1, 1)
    network = gradwise.load(tmp_path / "run")
    guessed = network.predict(folder)
    assert np.mean(guessed == np.repeat(["0", "1"], 40)) > 0.8
