"""Layouts of published weights: torchvision 0.29 and timm 1.0.31, read from their models as facts."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from gradwise import nets
from gradwise.nets.published import published_input
from tests.nets.layouts import digest, layout

TORCHVISION = "torchvision's documentation, num_params of the weights"
TIMM = "parameters of timm's model"


@dataclass(frozen=True)
class Published:
    """A model whose weights, or at least whose code, are published.

    Args:
        name: ours.
        entries: of its state dict.
        parameters: weights and biases, without running averages.
        digest: of names and shapes.
        source: of the number of parameters.
        model: its name where it is published.
    """

    name: str
    entries: int
    parameters: int
    digest: str
    source: str
    model: str


MODELS = (
    Published("alexnet", 16, 61_100_840, "a7326bef21b00700", TORCHVISION, "alexnet"),
    Published("vgg11", 22, 132_863_336, "5cee7698b3db9fae", TORCHVISION, "vgg11"),
    Published("vgg11-bn", 62, 132_868_840, "703dcbfb651cbaf5", TORCHVISION, "vgg11_bn"),
    Published("vgg13", 26, 133_047_848, "b0371d5dcfc7497c", TORCHVISION, "vgg13"),
    Published("vgg13-bn", 76, 133_053_736, "f04cdd9cbf741082", TORCHVISION, "vgg13_bn"),
    Published("vgg16", 32, 138_357_544, "1c96031f00c724f1", TORCHVISION, "vgg16"),
    Published("vgg16-bn", 97, 138_365_992, "c96d87c87300b68a", TORCHVISION, "vgg16_bn"),
    Published("vgg19", 38, 143_667_240, "8d6fd1f8bf4cdff2", TORCHVISION, "vgg19"),
    Published("vgg19-bn", 118, 143_678_248, "00379d391ad2af74", TORCHVISION, "vgg19_bn"),
    Published("resnet18", 122, 11_689_512, "72dc383aab588e52", TORCHVISION, "resnet18"),
    Published("resnet34", 218, 21_797_672, "6eb12f0e498a4b87", TORCHVISION, "resnet34"),
    Published("resnet50", 320, 25_557_032, "35ed36522cc2ea6b", TORCHVISION, "resnet50"),
    Published("resnet101", 626, 44_549_160, "fbc34428ac74bff3", TORCHVISION, "resnet101"),
    Published("resnet152", 932, 60_192_808, "0b3325dd05131488", TORCHVISION, "resnet152"),
    Published("resnext50-32x4d", 320, 25_028_904, "82dc687f2d989264", TORCHVISION, "resnext50_32x4d"),
    Published("resnext101-32x8d", 626, 88_791_336, "967aa246dbd85194", TORCHVISION, "resnext101_32x8d"),
    Published("resnext101-64x4d", 626, 83_455_272, "7457f24aee431a98", TORCHVISION, "resnext101_64x4d"),
    Published("densenet121", 727, 7_978_856, "a100e21afa2ef0ff", TORCHVISION, "densenet121"),
    Published("densenet161", 967, 28_681_000, "2ba43d679e021b10", TORCHVISION, "densenet161"),
    Published("densenet169", 1015, 14_149_480, "8c9e1698d0e82b6a", TORCHVISION, "densenet169"),
    Published("densenet201", 1207, 20_013_928, "3b5839fc5c884f1f", TORCHVISION, "densenet201"),
    Published("preresnet18", 107, 11_687_720, "6907717ea80510b7", TIMM, "resnetv2_18"),
    Published("preresnet34", 203, 21_795_880, "2c5878b83645b6d7", TIMM, "resnetv2_34"),
    Published("preresnet50", 300, 25_549_352, "f5f28e2f726d01a2", TIMM, "resnetv2_50"),
    Published("preresnet101", 606, 44_541_480, "49b8caa0493f1b57", TIMM, "resnetv2_101"),
    Published("preresnet152", 912, 60_185_128, "47c37ee70fdf77bf", TIMM, "resnetv2_152"),
)

# Some of the lines that the digests stand for, so that a failure can be understood.
LINES = {
    "alexnet": ("features.0.weight (64, 3, 11, 11)", "classifier.1.weight (4096, 9216)"),
    "vgg16": ("features.28.weight (512, 512, 3, 3)", "classifier.0.weight (4096, 25088)"),
    "vgg16-bn": ("features.40.bias (512)", "features.41.running_mean (512)", "classifier.6.bias (1000)"),
    "resnet18": (
        "conv1.weight (64, 3, 7, 7)",
        "layer2.0.downsample.0.weight (128, 64, 1, 1)",
        "fc.bias (1000)",
    ),
    "resnet50": ("layer1.0.downsample.1.bias (256)", "layer4.2.conv3.weight (2048, 512, 1, 1)"),
    "resnext50-32x4d": ("layer1.0.conv2.weight (128, 4, 3, 3)", "layer4.2.conv1.weight (1024, 2048, 1, 1)"),
    "densenet121": (
        "features.conv0.weight (64, 3, 7, 7)",
        "features.denseblock1.denselayer2.conv1.weight (128, 96, 1, 1)",
        "features.transition3.conv.weight (512, 1024, 1, 1)",
        "features.norm5.num_batches_tracked ()",
        "classifier.weight (1000, 1024)",
    ),
    "preresnet18": ("stages.1.blocks.0.downsample.conv.weight (128, 64, 1, 1)", "norm.weight (512)"),
    "preresnet50": (
        "stem.conv.weight (64, 3, 7, 7)",
        "stages.0.blocks.0.downsample.conv.weight (256, 64, 1, 1)",
        "stages.3.blocks.2.norm3.running_var (512)",
        "head.fc.weight (1000, 2048, 1, 1)",
    ),
}


def state_of(name: str) -> tuple[dict[str, Tensor], int]:
    """The net's state dict for ImageNet, without numbers, and its number of parameters."""
    with torch.device("meta"):
        net = nets.make(name, outputs=1000, channels=3, height=224, width=224)
    return net.state_dict(), sum(weight.numel() for weight in net.parameters())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_names_and_shapes_are_those_that_are_published(model: Published) -> None:
    state, parameters = state_of(model.name)
    lines = layout(state)
    assert set(LINES.get(model.name, ())) <= set(lines)
    assert parameters == model.parameters, model.source
    assert len(lines) == model.entries
    assert digest(lines) == model.digest


@pytest.mark.parametrize(
    ("name", "mean"),
    [
        ("vgg16", (0.485, 0.456, 0.406)),
        ("resnext101-64x4d", (0.485, 0.456, 0.406)),
        ("resnetv2-50", (0.5,) * 3),
    ],
)
def test_what_published_weights_expect_is_known(name: str, mean: tuple[float, ...]) -> None:
    found = published_input(name)  # torchvision's transforms; timm's default_cfgs of resnetv2
    assert found is not None and found[0] == mean


def test_a_digest_sees_names_and_shapes() -> None:
    lines = layout({"a": torch.zeros(2), "b": torch.zeros(2, 1), "pixels.scale": torch.zeros(1)})
    assert lines == ["a (2)", "b (2, 1)"]
    assert len({digest(lines), digest(["a (2)", "c (2, 1)"]), digest(["a (2)", "b (2)"])}) == 3


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("resnext29-8x64d", 34_426_698),  # 34.4 million: table 7 of arXiv 1611.05431
        ("densenet-bc-100-12", 769_162),  # 0.8 million: table 2 of arXiv 1608.06993
    ],
)
def test_nets_for_32_pixels_have_the_weights_of_their_papers(name: str, parameters: int) -> None:
    with torch.device("meta"):
        net = nets.make(name, outputs=10, channels=3, height=32, width=32)
    assert sum(weight.numel() for weight in net.parameters()) == parameters
