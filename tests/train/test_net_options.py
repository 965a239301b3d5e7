"""Options behind the name of a net: read, checked, refused in one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from gradwise import nets
from gradwise.data.examples import Task
from gradwise.errors import UnknownNameError, UsageError
from gradwise.train.config import FitConfig
from gradwise.train.plan import Plan, make_plan

THREE = Task("classes", ("kind",), ("a", "b", "c"))
TABLE = {"numbers": 6, "categories": ()}
IMAGES = {"channels": 3, "height": 32, "width": 32}
SERIES = {"features": 1, "length": 50}


def plan(shape: dict[str, Any] = IMAGES, **settings: Any) -> Plan:
    return make_plan(THREE, shape, 1000, FitConfig.make(settings))


@pytest.mark.parametrize(
    ("shape", "written", "name", "options"),
    [
        (IMAGES, "resnet18:stem=small", "resnet18", {"stem": "small"}),
        (IMAGES, "GoogLeNet:aux=true,dropout=0.4", "googlenet", {"aux": True, "dropout": 0.4}),
        (IMAGES, "inception_v1:aux=no", "googlenet", {"aux": False}),
        (
            IMAGES,
            "resnet-18:norm=group:groups=4,stem=small",
            "resnet18",
            {"norm": "group-norm:groups=4", "stem": "small"},
        ),
        (IMAGES, "resnet18:activation=Swish", "resnet18", {"activation": "silu"}),
        (IMAGES, "lenet-5:norm=none", "lenet-5", {"norm": "none"}),
        (TABLE, "dnn:units=24,depth=3", "mlp", {"units": 24, "depth": 3}),
        (SERIES, "lstm:bidirectional=true,units=8", "lstm", {"bidirectional": True, "units": 8}),
    ],
)
def test_options_are_read(shape: dict, written: str, name: str, options: dict) -> None:
    made = plan(shape, net=written)
    assert (made.net, made.net_options) == (name, options)
    assert not any(choice.name in ("net", "width") for choice in made.choices)  # both were given
    nets.make(made.net, outputs=3, **shape, **made.net_options)


def test_flags_and_options_go_together() -> None:
    made = plan(net="resnet18:stem=imagenet", width=8, norm="layer-norm")
    assert made.net_options == {"units": 8, "norm": "layer-norm", "stem": "imagenet"}


def test_a_width_is_still_chosen_where_none_is_written() -> None:
    made = plan(TABLE, net="mlp:depth=1")
    assert made.net_options["depth"] == 1
    assert [choice.value for choice in made.choices if choice.name == "width"] == [
        str(made.net_options["units"])
    ]


@pytest.mark.parametrize(
    ("shape", "settings", "said"),
    [
        (
            IMAGES,
            {"net": "resnet18:stm=small"},
            r"net 'resnet18' has no option stm \(did you mean 'stem'\?\); it takes",
        ),
        (IMAGES, {"net": "resnet18:aux=true"}, "'resnet18' has no option aux"),
        (IMAGES, {"net": "googlenet:aux=maybe"}, "aux takes true or false, not 'maybe'"),
        (IMAGES, {"net": "googlenet:aux"}, "options are written name:option=value"),
        (IMAGES, {"net": "googlenet:dropout=2"}, "dropout takes a number from 0 to 0.99, not 2"),
        (IMAGES, {"net": "cnn:units=2.5"}, "units takes a whole number from 1 on, not 2.5"),
        (
            IMAGES,
            {"net": "cnn:units=8", "width": 8},
            "--width and --net cnn:units=8 both tell units; leave one out",
        ),
        (IMAGES, {"net": "cnn:norm=none", "norm": "none"}, "--norm and --net cnn:norm=none both tell norm"),
        (IMAGES, {"net": "resnet18:height=8"}, "has no option height"),
        (IMAGES, {"net": "resnet18:outputs=8"}, "has no option outputs"),
        (TABLE, {"net": "resnet18:stem=small"}, "takes images, not table"),
        (IMAGES, {"net": "lenet-5", "depth": 2}, "--depth is nothing that net 'lenet-5' can be told"),
    ],
)
def test_what_is_refused(shape: dict, settings: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        plan(shape, **settings)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("resnet81:stem=small", "there is no net 'resnet81:stem=small' .*resnet18"),
        ("resnet18:norm=bath-norm", "no norm 'bath-norm' .*'batch-norm'"),
        ("resnet18:activation=rleu", "no activation 'rleu' .*'relu'"),
    ],
)
def test_unknown_names(written: str, said: str) -> None:
    with pytest.raises(UnknownNameError, match=said):
        plan(net=written)


def test_make_reads_options_too_and_keywords_win() -> None:
    net = nets.make("resnet18:units=4,stem=imagenet", outputs=2, units=8, **IMAGES)
    assert net.conv1.weight.shape == (8, 3, 7, 7)
