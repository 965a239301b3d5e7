"""Nets by name: what each takes, what it refuses, what comes out."""

from __future__ import annotations

import pytest
import torch

from gradwise import nets
from gradwise.errors import UnknownNameError, UsageError

IMAGE = {"channels": 3, "height": 16, "width": 12, "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.2, 0.2)}
SHAPES = {
    "table": {"numbers": 5, "categories": (4, 9)},
    "images": IMAGE,
    "series": {"features": 2, "length": 11},
    "text": {"vocabulary": 20, "length": 11},
}


def inputs(kind: str, rows: int = 6) -> tuple[torch.Tensor, ...]:
    torch.manual_seed(0)
    lengths = torch.arange(rows) % 11 + 1
    return {
        "table": (torch.randn(rows, 5), torch.stack([torch.arange(rows) % 4, torch.arange(rows)], 1)),
        "images": (torch.randint(0, 256, (rows, 3, 16, 12), dtype=torch.uint8),),
        "series": (torch.randn(rows, 11, 2), lengths),
        "text": (torch.randint(2, 20, (rows, 11)), lengths),
    }[kind]


# Of deep nets on images one; test_image_families and others build the rest, narrower.
DEEP = ("alexnet", "vgg", "resnet", "resnext", "preresnet", "densenet", "googlenet", "inception")
ALL = [
    (name, kind)
    for name in nets.NETS
    for kind in nets.NETS[name].makers
    if name == "resnet18" or not name.startswith(DEEP)
]


@pytest.mark.parametrize(("name", "kind"), ALL)
def test_takes_its_inputs_by_position_and_every_weight_learns(name: str, kind: str) -> None:
    net = nets.make(name, outputs=3, **SHAPES[kind])
    outputs = net(*inputs(kind))
    assert outputs.shape == (6, 3)
    outputs.square().sum().backward()
    idle = [word for word, weight in net.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert idle == []


@pytest.mark.parametrize(("name", "kind"), ALL)
def test_can_be_saved_by_names_alone(name: str, kind: str) -> None:
    first = nets.make(name, outputs=3, **SHAPES[kind]).eval()
    second = nets.make(name, outputs=3, **SHAPES[kind]).eval()
    second.load_state_dict(first.state_dict())
    assert torch.equal(first(*inputs(kind)), second(*inputs(kind)))


@pytest.mark.parametrize(
    ("alias", "name"), [("dnn", "mlp"), ("LeNet_5", "lenet-5"), ("resnet-18", "resnet18"), ("fcn", "cnn1d")]
)
def test_aliases(alias: str, name: str) -> None:
    assert nets.NETS.name(alias) == name


def test_every_option_is_one_of_the_makers_own() -> None:
    assert set(nets.options("mlp", "table")) == {"units", "depth", "dropout", "activation", "norm"}
    assert "blocks" not in nets.options("resnet18", "images")
    assert "cell" not in nets.options("lstm", "text")


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("mlp", {"numbers": 3, "unit": 4}, "it takes units, depth, dropout"),
        ("cnn", {"numbers": 3}, "takes images, not table; for table: mlp"),
        ("lstm", {**IMAGE}, "takes series or text, not images"),
        ("cnn", {"channels": 3, "height": 8}, "needs width"),
        ("lenet-5", {"channels": 1, "height": 8, "width": 8}, "12 x 12"),
        ("resnet18", {**IMAGE, "stem": "tiny"}, "auto, small, imagenet"),
        ("cnn", {**IMAGE, "mean": (0.5,)}, "3 channels"),
        ("cnn", {**IMAGE, "std": (0.5, 0.5, 0.0)}, "above 0"),
        ("mlp", {}, "the shape of its input"),
    ],
)
def test_what_a_net_refuses(name: str, given: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        nets.make(name, outputs=2, **given)


def test_unknown_net_and_activation() -> None:
    with pytest.raises(UnknownNameError, match="resnet18"):
        nets.make("resnet81", outputs=2, **IMAGE)
    with pytest.raises(UnknownNameError, match="relu"):
        nets.make("mlp", outputs=2, numbers=2, activation="rleu")


def test_no_outputs() -> None:
    with pytest.raises(UsageError, match="1 output or more, not 0"):
        nets.make("mlp", outputs=0, numbers=2)
