"""Activations, norms and scalings of a fit by their names: chosen, kept, used again, refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

import gradwise
from gradwise.data.examples import Task
from gradwise.errors import GradwiseError, UsageError
from gradwise.fitting.fit import fit_data
from gradwise.fitting.listener import Listener
from gradwise.fitting.network import load
from gradwise.train.config import FitConfig
from gradwise.train.plan import Plan, make_plan
from tests.data.pictures import digit_folder

QUICK = {
    "epochs": 2, "rate": 0.003, "doctor": False, "precision": "float32", "layout": "contiguous",
    "fused": "no", "compile": "no", "threads": 1,
}  # fmt: skip
THREE = Task("classes", ("kind",), ("a", "b", "c"))
TABLE = {"numbers": 6, "categories": ()}
IMAGES = {"channels": 1, "height": 8, "width": 8}


def plan(shape: dict[str, Any] | None = None, **settings: Any) -> Plan:
    return make_plan(THREE, shape or TABLE, 200, FitConfig.make(settings))


def told(made: Plan) -> dict[str, str]:
    return {choice.name: choice.reason for choice in made.choices}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return digit_folder(tmp_path_factory.mktemp("parts") / "pics", classes=3, each=15)


@pytest.fixture(scope="module")
def waves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Series of one length, fast and slow, at any level."""
    random = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("parts") / "waves.csv"
    rows = []
    for slow in random.integers(0, 2, 60):
        wave = np.sin(np.arange(20) * (0.3 if slow else 1.0)) * random.uniform(0.5, 4) + random.normal() * 5
        rows.append({"wave": " ".join(f"{value:.3f}" for value in wave), "kind": "fs"[slow]})
    pl.DataFrame(rows).write_csv(path)
    return path


def test_names_become_proper_and_stand_in_the_plan() -> None:
    made = plan(activation="Swish", norm="group:groups=4")
    assert made.net_options["activation"] == "silu" and made.net_options["norm"] == "group-norm:groups=4"
    assert not {"activation", "norm"} & set(told(made)), "what the user gave is no choice"
    usual = plan()
    assert not {"activation", "norm"} & set(usual.net_options)


@pytest.mark.parametrize(
    ("shape", "settings", "message"),
    [
        (TABLE, {"activation": "gulu"}, "there is no activation 'gulu'"),
        (TABLE, {"activation": "elu:alpha=-1"}, "activation 'elu': alpha takes a number above 0"),
        (TABLE, {"norm": "bn2"}, "there is no norm 'bn2'"),
        (TABLE, {"norm": "gn:groups=0"}, "groups takes a whole number from 1"),
        (
            {"features": 1, "length": 9},
            {"net": "lstm", "norm": "layer-norm"},
            "--norm is nothing that net 'lstm'",
        ),
        (
            {"vocabulary": 9, "length": 9},
            {"activation": "gelu"},
            "--activation is nothing that net 'cnn1d' on text",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(
    shape: dict[str, Any], settings: dict[str, str], message: str
) -> None:
    with pytest.raises(GradwiseError, match=re.escape(message)):
        plan(shape, **settings)


def test_softmax_between_layers_is_obeyed_and_questioned() -> None:
    made = plan(activation="softmax")
    assert made.net_options["activation"] == "softmax"
    assert "most often a fault in a hidden layer" in told(made)["activation"]
    assert "activation" not in told(plan(activation="softplus"))


@pytest.mark.parametrize(("size", "said"), [(1, True), (2, True), (4, False)])
def test_batch_norm_on_one_or_two_rows_is_told(size: int, said: bool) -> None:
    reason = told(plan(IMAGES, batch_size=size)).get("norm", "")
    assert ("group-norm" in reason) == said
    assert "norm" not in told(plan(IMAGES, batch_size=size, norm="batch-norm"))
    assert "norm" not in told(plan(TABLE, batch_size=size)), "an mlp has no batch-norm of its own"


CASES = [
    ("iris", {"activation": "gelu", "norm": "layer-norm", "scale": "min-max:low=-1"}),
    ("iris", {"activation": "rrelu", "norm": "batch-norm-by-hand", "scale": "none"}),
    ("pictures", {"activation": "gelu", "norm": "layer-norm", "scale": "contrast"}),
    ("pictures", {"net": "lenet-5", "activation": "prelu", "norm": "group-norm", "image": 12}),
    ("waves", {"net": "cnn1d", "activation": "mish", "norm": "instance-norm", "scale": "contrast"}),
]


@pytest.mark.parametrize(("data", "settings"), CASES)
def test_a_fit_is_made_kept_and_used_with_them(
    data: str, settings: dict[str, Any], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    place = request.getfixturevalue(data)
    target = {"iris": "y", "waves": "kind"}.get(data)
    given = {name: value for name, value in settings.items() if name != "image"}
    done = gradwise.fit(
        place, target, out=tmp_path / "run", image_size=settings.get("image"), **QUICK, **given
    )
    network = load(tmp_path / "run")
    kinds = {type(module).__name__.lower() for module in network.model.modules()}
    assert {"gelu", "rrelu", "prelu", "mish"} & kinds
    (scale,) = (choice for choice in done.record.choices if choice["name"] == "scale")
    assert scale["value"] == settings.get("scale", "standardize").partition(":")[0]
    sure = network.outputs(network.open(place))
    assert done.network is not None
    np.testing.assert_array_equal(sure, done.network.outputs(network.open(place)))
    with torch.no_grad():
        assert np.ptp(sure[:, 0]) > 1e-4, "it tells rows apart"


def test_random_slopes_and_norms_repeat_with_the_seed(iris: Path, tmp_path: Path) -> None:
    settings = {**QUICK, "activation": "rrelu", "norm": "batch-norm"}
    first, same, other = (
        gradwise.fit(iris, "y", out=tmp_path / f"{number}", **settings, seed=seed)
        for number, seed in enumerate((5, 5, 6))
    )
    states = [run.network.model.state_dict() for run in (first, same, other)]
    assert all(states[0][name].equal(states[1][name]) for name in states[0])
    assert not states[0]["layers.0.weight"].equal(states[2]["layers.0.weight"])


def test_a_configuration_file_names_them(iris: Path, tmp_path: Path) -> None:
    file = tmp_path / "fit.toml"
    file.write_text('activation = "elu:alpha=0.5"\nnorm = "group-norm:groups=4"\nscale = "min-max"\n')
    config = FitConfig.make({**FitConfig.read(file), **QUICK})
    done = fit_data(
        [str(iris)], target=["y"], reading={}, config=config, out=tmp_path / "run", progress=Listener()
    )
    options = done.record.recipe["options"]
    assert options["activation"] == "elu:alpha=0.5" and options["norm"] == "group-norm:groups=4"
    assert done.network is not None
    assert [module.alpha for module in done.network.model.modules() if isinstance(module, torch.nn.ELU)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"norm": "instance-norm"}, "a dense layer, as on a table, has none; take layer-norm or batch-norm."),
        ({"norm": "batch-norm", "batch_size": 1}, "take --norm group-norm or layer-norm, or for batch-norm"),
        ({"scale": "contrast"}, "--scale contrast is for images and series, not for a table"),
        ({"scale": "standardized"}, "there is no scaling 'standardized' (did you mean 'standardize'"),
    ],
)
def test_a_wrong_fit_is_one_sentence(
    settings: dict[str, Any], message: str, iris: Path, tmp_path: Path
) -> None:
    with pytest.raises(GradwiseError, match=re.escape(message)) as caught:
        gradwise.fit(iris, "y", out=tmp_path / "run", **{**QUICK, **settings})
    assert caught.value.exit_code == 2
    assert not (tmp_path / "run" / "model.safetensors").exists()


def test_series_of_unequal_length_refuse_norms_over_time(waves: Path, tmp_path: Path) -> None:
    frame = pl.read_csv(waves).with_columns(
        pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.col("wave") + " 1.0").otherwise(pl.col("wave"))
    )
    frame.write_csv(tmp_path / "ragged.csv")
    with pytest.raises(UsageError, match="averages over time, padding included"):
        gradwise.fit(tmp_path / "ragged.csv", "kind", out=tmp_path / "run", net="cnn1d", norm="gn", **QUICK)
