"""AlexNet, VGG, ResNet, ResNeXt, pre-activation ResNet and DenseNet: stems, sizes, options, learning, export."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional

from gradwise import nets
from gradwise.errors import UsageError
from gradwise.nets.densenet import DenseNet, Form
from gradwise.nets.pixels import ImageShape
from gradwise.nets.preresnet import PointLinear


@dataclass(frozen=True)
class Family:
    """One narrow net of a family.

    Args:
        name: of the net.
        units: so few that it is quick.
        first: name of the first convolution.
        last: name of the module that makes the last map.
        maps: sides of that map for images of 28, 32, 64 (small stem) and 224 pixels.
        smallest: sides of the smallest images with the small stem and with that for ImageNet.
    """

    name: str
    units: int
    first: str
    last: str
    maps: tuple[int, int, int, int]
    smallest: tuple[int, int] = (1, 1)
    options: dict[str, Any] = field(default_factory=dict)


FAMILIES = (
    Family("alexnet", 8, "features.0", "features", (3, 4, 8, 6), (8, 63), {"dropout": 0.0}),
    Family("vgg11", 4, "features.0", "features", (1, 1, 2, 7), (1, 32), {"dropout": 0.0}),
    Family("vgg13-bn", 4, "features.0", "features", (1, 1, 2, 7), (1, 32), {"dropout": 0.0}),
    Family("resnet18", 4, "conv1", "layer4", (4, 4, 8, 7)),
    Family("resnet50", 4, "conv1", "layer4", (4, 4, 8, 7)),
    Family("resnext50-32x4d", 16, "conv1", "layer4", (4, 4, 8, 7)),
    Family("resnext29-32x4d", 16, "conv1", "layer3", (7, 8, 16, 14)),
    Family("preresnet18", 4, "stem.conv", "stages", (4, 4, 8, 7)),
    Family("preresnet50", 4, "stem.conv", "stages", (4, 4, 8, 7)),
    Family("densenet121", 4, "features.conv0", "features", (3, 4, 8, 7), (8, 29)),
    Family("densenet-bc-100-12", 4, "features.conv0", "features", (7, 8, 16, 14), (4, 13)),
)
every = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)


def build(family: Family, side: int = 32, outputs: int = 3, **options: Any) -> nn.Module:
    torch.manual_seed(0)
    given = {"units": family.units, **family.options, **options}
    return nets.make(family.name, outputs=outputs, channels=3, height=side, width=side, **given)


def images(rows: int = 4, side: int = 32) -> Tensor:
    draw = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (rows, 3, side, side), dtype=torch.uint8, generator=draw)


def weights(net: nn.Module) -> int:
    return sum(weight.numel() for weight in net.parameters())


@every
def test_every_weight_gets_a_finite_gradient(family: Family) -> None:
    net = build(family).train()
    outputs = net(images())
    assert outputs.shape == (4, 3)
    functional.cross_entropy(outputs, torch.tensor([0, 1, 2, 0])).backward()
    for name, weight in net.named_parameters():
        assert weight.grad is not None and weight.grad.isfinite().all(), name
        assert weight.grad.any(), name


@every
def test_the_last_map_has_the_right_size_with_each_stem(family: Family) -> None:
    for side, expected in zip((28, 32, 64, 224), family.maps, strict=True):
        net = build(family, side).eval()
        seen: list[torch.Size] = []
        net.get_submodule(family.last).register_forward_hook(
            lambda _module, _args, out, seen=seen: seen.append(out.shape)
        )
        with torch.no_grad():
            net(images(1, side))
        assert seen[0][2:] == (expected, expected), side


@every
def test_the_stem_goes_by_size_unless_it_is_named(family: Family) -> None:
    with torch.device("meta"):
        stem = {
            (side, word): build(family, side, stem=word).get_submodule(family.first)
            for side in (64, 65)
            for word in ("auto", "small", "imagenet")
        }
        small, large = stem[65, "small"], stem[64, "imagenet"]
        assert str(stem[64, "auto"]) == str(stem[64, "small"]) == str(small)
        assert str(stem[65, "auto"]) == str(stem[65, "imagenet"]) == str(large)
        vgg = family.name.startswith("vgg")  # its stems differ behind the convolutions
        assert (str(small) == str(large)) == vgg
        assert not vgg or weights(build(family, 64)) < weights(build(family, 65))


@every
def test_the_smallest_images_pass_and_smaller_ones_are_refused(family: Family) -> None:
    for stem, side in zip(("small", "imagenet"), family.smallest, strict=True):
        with torch.no_grad():
            assert build(family, side, stem=stem).eval()(images(2, side)).isfinite().all()
        if side > 1:
            message = f"needs {side} x {side} pixels or more, not {side - 1} x {side - 1}"
            with pytest.raises(UsageError, match=message):
                build(family, side - 1, stem=stem)


@every
def test_an_unknown_stem_is_one_sentence(family: Family) -> None:
    with pytest.raises(UsageError, match=re.escape("is one of auto, small, imagenet, not 'tiny'")):
        build(family, stem="tiny")


@every
def test_channels_last_gives_the_same(family: Family) -> None:
    net, pixels = build(family).double().eval(), images().double()
    expected = net(pixels)
    turned = net.to(memory_format=torch.channels_last)
    given = pixels.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(turned(given), expected)
    assert expected.std(0).max() > 0, "images differ"


@every
def test_width_makes_it_wider(family: Family) -> None:
    with torch.device("meta"):
        narrow, wide = build(family), build(family, units=2 * family.units)
        assert weights(wide) > 1.8 * weights(narrow)


@every
def test_activation_norm_and_dropout_are_what_was_asked(family: Family) -> None:
    given = {"activation": "silu", "dropout": 0.25}
    norm = {} if family.name.endswith("-bn") else {"norm": "group-norm:groups=2"}
    with torch.device("meta"):
        net = build(family, **given, **norm)
    kinds = [type(module).__name__ for module in net.modules()]
    assert "SiLU" in kinds and "ReLU" not in kinds
    assert ("GroupNorm" in kinds) == bool(norm) != ("BatchNorm2d" in kinds)
    assert {module.p for module in net.modules() if isinstance(module, nn.Dropout)} == {0.25}


def two_dense_blocks(outputs: int = 3, **options: Any) -> nn.Module:
    torch.manual_seed(0)
    return DenseNet(outputs, ImageShape(3, 32, 32), form=Form((2, 2), 4), **options)


SHALLOW = {
    family.name: partial(build, family)
    for family in FAMILIES
    if family.name in ("alexnet", "vgg11", "resnet18", "resnext29-32x4d", "preresnet18")
} | {"densenet": two_dense_blocks}

shallow = pytest.mark.parametrize("make", SHALLOW.values(), ids=SHALLOW)


@pytest.mark.parametrize(
    "make", [*SHALLOW.values(), partial(build, FAMILIES[8])], ids=[*SHALLOW, "preresnet50"]
)
def test_without_norm_nothing_is_overwritten_that_is_needed(make: Callable[..., nn.Module]) -> None:
    net, pixels = make(norm="none").double(), images(2, 16).double()
    written = net.eval()(pixels)
    for module in net.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    assert torch.equal(net(pixels), written)


@shallow
def test_compiles_as_one_graph(make: Callable[..., nn.Module]) -> None:
    net = make().eval()
    compiled = torch.compile(net, fullgraph=True, backend="eager")
    with torch.no_grad():
        torch.testing.assert_close(compiled(images()), net(images()))


@shallow
def test_can_be_exported(make: Callable[..., nn.Module]) -> None:
    net = make().eval()
    rows = torch.export.Dim("rows", min=1, max=64)
    program = torch.export.export(net, (images(2),), dynamic_shapes=({0: rows},)).module()
    torch.testing.assert_close(program(images()), net(images()))


@every
def test_state_can_be_saved_and_loaded_by_names(family: Family) -> None:
    first, second = build(family).eval(), build(family).eval()
    with torch.no_grad():
        for weight in second.parameters():
            weight.zero_()
    second.load_state_dict({name: tensor.clone() for name, tensor in first.state_dict().items()})
    assert torch.equal(first(images()), second(images()))


LEARNERS = {
    "alexnet": (partial(build, FAMILIES[0], 8, units=16, outputs=10), 6),
    "vgg13-bn": (partial(build, FAMILIES[2], 8, units=16, outputs=10), 2),
    "resnext29-32x4d": (partial(build, FAMILIES[6], 8, units=8, outputs=10), 2),
    "preresnet18": (partial(build, FAMILIES[7], 8, units=8, outputs=10), 2),
    "densenet": (partial(two_dense_blocks, outputs=10, units=8), 3),
}


@pytest.mark.parametrize(("make", "passes"), LEARNERS.values(), ids=LEARNERS)
def test_learns_real_digits(make: Callable[..., nn.Module], passes: int) -> None:
    pixels, target = load_digits(return_X_y=True)
    rows = torch.tensor(pixels * 15.9375, dtype=torch.uint8).view(-1, 1, 8, 8).expand(-1, 3, -1, -1)
    wanted, net = torch.tensor(target), make().train()
    optimizer = torch.optim.Adam(net.parameters(), 0.003)
    for start in [*range(0, 600, 25)] * passes:
        optimizer.zero_grad()
        functional.cross_entropy(net(rows[start : start + 25]), wanted[start : start + 25]).backward()
        optimizer.step()
    with torch.no_grad():
        right = float((net.eval()(rows[600:800]).argmax(1) == wanted[600:800]).float().mean())
    assert right > 0.7, right


def test_the_3_by_3_convolution_of_a_bottleneck_has_the_stride() -> None:
    for name, place in (("resnet50", "layer2.0"), ("preresnet50", "stages.1.blocks.0")):
        with torch.device("meta"):
            block = nets.make(name, outputs=2, channels=3, height=32, width=32).get_submodule(place)
        assert [conv.stride[0] for conv in (block.conv1, block.conv2, block.conv3)] == [1, 2, 1]


def test_groups_do_not_see_each_other() -> None:
    net = build(FAMILIES[5]).eval()  # 16 units: 32 groups of one channel
    conv = net.layer1[0].conv2
    assert (conv.groups, conv.in_channels) == (32, 32)
    maps = torch.randn(1, 32, 5, 5)
    changed = maps.clone()
    changed[:, 7] += 1
    moved = (conv(changed) - conv(maps)).abs().amax(dim=(0, 2, 3)) > 0
    assert moved.nonzero().flatten().tolist() == [7]


def test_a_preactivation_block_passes_its_input_on() -> None:
    block = build(FAMILIES[7]).stages[0].blocks[1].eval()
    nn.init.zeros_(block.conv2.weight)
    maps = torch.randn(2, 4, 6, 6)
    assert torch.equal(block(maps), maps)
    after = build(FAMILIES[3]).layer1[1].eval()  # the first form cuts negative numbers off
    nn.init.zeros_(after.conv2.weight)
    assert torch.equal(after(maps), maps.relu())


def test_a_dense_layer_keeps_what_came_in_and_adds_k_maps() -> None:
    layer = build(FAMILIES[9]).features.denseblock1.denselayer2.eval()
    maps = torch.randn(2, 12, 6, 6)
    out = layer(maps)
    assert out.shape == (2, 16, 6, 6)
    assert torch.equal(out[:, :12], maps)


def test_a_head_of_published_form_loads_both_forms() -> None:
    head = PointLinear(3, 2)
    stored = head.state_dict()
    assert stored["weight"].shape == (2, 3, 1, 1)
    for weight in (stored["weight"], stored["weight"].flatten(1)):
        other = PointLinear(3, 2)
        other.load_state_dict({"weight": weight, "bias": stored["bias"]})
        assert torch.equal(other.weight, head.weight)
    with pytest.raises(RuntimeError, match="size mismatch"):
        PointLinear(4, 2).load_state_dict(stored)


def test_names_and_aliases() -> None:
    for alias, name in (
        ("vgg16_bn", "vgg16-bn"),
        ("VGG-19", "vgg19"),
        ("vgg", "vgg11"),
        ("resnext101_64x4d", "resnext101-64x4d"),
        ("resnext-50", "resnext50-32x4d"),
        ("resnetv2_50", "preresnet50"),
        ("densenet", "densenet121"),
        ("resnet-152", "resnet152"),
    ):
        assert nets.NETS.name(alias) == name
