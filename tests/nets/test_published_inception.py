"""Layouts of published weights of the Inception family: torchvision 0.29, timm 1.0.31, as facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import nn

from gradwise import nets
from gradwise.nets import googlenet, inception_v3, inception_v4
from tests.nets.layouts import digest, layout

TORCHVISION = "torchvision's documentation, num_params of the weights"
CODE = "parameters of the model of torchvision's code, whose aux_logits says otherwise"
TIMM = "parameters of timm's inception_v4"


@dataclass(frozen=True)
class Published:
    """A model whose weights are published.

    Args:
        name: ours.
        options: of ours.
        side: of its images.
        entries: of its state dict.
        parameters: weights and biases, without running averages.
        digest: of names and shapes.
        source: of the number of parameters.
        lines: some of those that the digest stands for, so that a failure can be understood.
    """

    name: str
    options: dict[str, Any]
    side: int
    entries: int
    parameters: int
    digest: str
    source: str
    lines: tuple[str, ...]


MODELS = (
    Published(
        *("googlenet", {}, 224, 344, 6_624_904, "89c2358a679d09ba", TORCHVISION),
        (
            "conv1.conv.weight (64, 3, 7, 7)",
            "conv3.bn.running_var (192)",
            "inception3a.branch3.1.conv.weight (32, 16, 3, 3)",
            "inception4e.branch4.1.conv.weight (128, 528, 1, 1)",
            "fc.weight (1000, 1024)",
        ),
    ),
    Published(
        *("googlenet", {"aux": True}, 224, 364, 13_004_888, "5f92edacc8439c95", CODE),
        (
            "aux1.conv.conv.weight (128, 512, 1, 1)",
            "aux2.fc1.weight (1024, 2048)",
            "aux2.fc2.bias (1000)",
        ),
    ),
    Published(
        *("inception-v3", {}, 299, 566, 23_834_568, "98b68acbba02d378", CODE),
        (
            "Conv2d_4a_3x3.conv.weight (192, 80, 3, 3)",
            "Mixed_5b.branch_pool.conv.weight (32, 192, 1, 1)",
            "Mixed_6c.branch7x7dbl_5.conv.weight (192, 160, 1, 7)",
            "Mixed_7c.branch3x3_2b.conv.weight (384, 384, 3, 1)",
        ),
    ),
    Published(
        *("inception-v3", {"aux": True}, 299, 580, 27_161_264, "885e7d607a950d43", TORCHVISION),
        ("AuxLogits.conv1.conv.weight (768, 128, 5, 5)", "AuxLogits.fc.weight (1000, 768)"),
    ),
    Published(
        *("inception-v4", {}, 299, 896, 42_679_816, "16af46a9146ac279", TIMM),
        (
            "features.3.conv.conv.weight (96, 64, 3, 3)",
            "features.4.branch1.2.conv.weight (64, 64, 7, 1)",
            "features.9.branch3.1.conv.weight (96, 384, 1, 1)",
            "features.21.branch2_3b.conv.weight (256, 512, 3, 1)",
            "last_linear.bias (1000)",
        ),
    ),
)


def build(name: str, side: int, **options: Any) -> nn.Module:
    with torch.device("meta"):
        return nets.make(name, outputs=1000, channels=3, height=side, width=side, **options)


def count(net: nn.Module) -> int:
    return sum(weight.numel() for weight in net.parameters())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.name}{'-aux' * bool(model.options)}")
def test_names_and_shapes_are_those_that_are_published(model: Published) -> None:
    net = build(model.name, model.side, **model.options)
    lines = layout(net.state_dict())
    assert set(model.lines) <= set(lines)
    assert count(net) == model.parameters, model.source
    assert len(lines) == model.entries
    assert digest(lines) == model.digest


def test_inception_v2_is_the_published_net_without_its_idle_biases() -> None:
    net = build("inception-v2", 224)
    convolutions = [module for module in net.modules() if isinstance(module, nn.Conv2d)]
    assert not any(module.bias is not None for module in convolutions)
    biases = sum(module.out_channels for module in convolutions)
    published = 11_295_240  # pretrained-models.pytorch's BNInception, a port of the Caffe net
    assert (len(convolutions), biases) == (69, 10_016)  # both counted in that net
    assert count(net) == published - biases == 11_285_224
    lines = layout(net.state_dict())
    assert digest(lines) == "798f2cb89befc978"  # compared shape by shape with that net
    assert {
        "inception4c.branch3.0.conv.weight (128, 576, 1, 1)",
        "inception4d.branch1.conv.weight (96, 608, 1, 1)",
    } <= {*lines}


# Padding, strides and the way of pooling are in no state dict.
SIDES = {
    "googlenet": (224, {"maxpool1": 56, "maxpool2": 28, "maxpool3": 14, "maxpool4": 7, "inception5b": 7}),
    "inception-v2": (224, {"maxpool1": 56, "maxpool2": 28, "inception3c": 14, "inception4e": 7}),
    "inception-v3": (299, {"maxpool1": 73, "maxpool2": 35, "Mixed_6a": 17, "Mixed_7a": 8, "Mixed_7c": 8}),
    "inception-v4": (
        299,
        {"features.3": 73, "features.4": 71, "features.5": 35, "features.10": 17, "features.18": 8},
    ),
}  # the sizes in the tables and figures of the papers


@pytest.mark.parametrize("name", SIDES)
def test_maps_have_the_sizes_of_the_paper(name: str) -> None:
    side, wanted = SIDES[name]
    net, seen = build(name, side).eval(), {}
    for place in wanted:
        net.get_submodule(place).register_forward_hook(
            lambda _m, _i, out, place=place: seen.update({place: out.shape[-2:]})
        )
    net(torch.empty(1, 3, side, side, dtype=torch.uint8, device="meta"))
    assert seen == {place: (size, size) for place, size in wanted.items()}


def test_means_at_the_border_are_those_of_the_published_nets() -> None:
    kinds = {
        name: {
            (module.count_include_pad, module.padding)
            for module in build(name, 299).modules()
            if isinstance(module, nn.AvgPool2d)
        }
        for name in ("inception-v2", "inception-v3", "inception-v4")
    }
    assert kinds == {"inception-v2": {(True, 1)}, "inception-v3": {(True, 1)}, "inception-v4": {(False, 1)}}


def test_batch_norm_is_as_exact_as_that_of_the_published_nets() -> None:
    for name, epsilon in {
        "googlenet": 1e-3,
        "inception-v2": 1e-5,
        "inception-v3": 1e-3,
        "inception-v4": 1e-3,
    }.items():
        found = {module.eps for module in build(name, 299).modules() if isinstance(module, nn.BatchNorm2d)}
        assert found == {epsilon}
    own = build("inception-v3", 299, norm="batch-norm:eps=0.01").modules()
    assert {module.eps for module in own if isinstance(module, nn.BatchNorm2d)} == {0.01}


def test_inputs_of_published_weights_are_told() -> None:
    for module in (googlenet, inception_v3, inception_v4):
        assert list(module.PUBLISHED_INPUT) == [module.NETS[0].name]
        assert list(module.PUBLISHED_INPUT.values()) == [((0.5,) * 3, (0.5,) * 3)]
