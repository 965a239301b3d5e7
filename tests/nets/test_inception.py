"""The Inception family: stems, sizes, options, auxiliary classifiers."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from gradwise import nets
from gradwise.errors import UsageError
from gradwise.nets.auxiliary import Auxiliary
from gradwise.nets.inception_parts import Paths

# By name: maps of three stages for images of 32 pixels and the modules that make them, the first convolution,
# the sides of the smallest images with the small stem and with that for ImageNet.
FAMILIES = {
    "googlenet": ({"inception3b": 16, "inception4e": 8, "inception5b": 4}, "conv1.conv", (4, 15)),
    "inception-v2": ({"inception3b": 16, "inception4d": 8, "inception5b": 4}, "conv1.conv", (2, 7)),
    "inception-v3": ({"Mixed_5d": 16, "Mixed_6e": 8, "Mixed_7c": 4}, "Conv2d_1a_3x3.conv", (1, 75)),
    "inception-v4": ({"features.9": 16, "features.17": 8, "features.21": 4}, "features.0.conv", (1, 75)),
}
every = pytest.mark.parametrize("name", FAMILIES)
with_aux = pytest.mark.parametrize("name", ["googlenet", "inception-v3"])


def build(name: str, side: int = 16, outputs: int = 3, channels: int = 3, **options: Any) -> nn.Module:
    torch.manual_seed(0)
    return nets.make(name, outputs=outputs, channels=channels, height=side, width=side, **options)


def images(rows: int = 4, side: int = 16) -> Tensor:
    draw = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (rows, 3, side, side), dtype=torch.uint8, generator=draw)


@every
def test_every_weight_learns_on_small_images(name: str) -> None:
    net = build(name).train()
    outputs = net(images())
    assert outputs.shape == (4, 3)
    functional.cross_entropy(outputs, torch.tensor([0, 1, 2, 0])).backward()
    idle = [
        word
        for word, weight in net.named_parameters()
        if weight.grad is None or not weight.grad.any() or not weight.grad.isfinite().all()
    ]
    assert idle == []


@every
def test_the_small_stem_keeps_small_images_large(name: str) -> None:
    maps, _, _ = FAMILIES[name]
    with torch.device("meta"):
        for side in (28, 32, 64):
            net, seen = build(name, side).eval(), {}
            for place in maps:
                net.get_submodule(place).register_forward_hook(
                    lambda _m, _i, out, place=place, seen=seen: seen.update({place: out.shape[-1]})
                )
            net(torch.empty(2, 3, side, side, dtype=torch.uint8))
            assert seen == {place: math.ceil(side * at_32 / 32) for place, at_32 in maps.items()}


@every
def test_the_stem_goes_by_size_unless_it_is_named(name: str) -> None:
    _, first, (_, smallest) = FAMILIES[name]
    largest = max(64, smallest - 1)  # that gets the small stem by itself
    with torch.device("meta"):
        stride = {
            (side, word): build(name, side, stem=word).get_submodule(first).stride
            for side, word in (
                (largest, "auto"),
                (largest + 1, "auto"),
                (largest + 1, "small"),
                (largest + 1, "imagenet"),
            )
        }
    assert list(stride.values()) == [(1, 1), (2, 2), (1, 1), (2, 2)]


@every
def test_the_smallest_images_pass_and_smaller_ones_are_refused(name: str) -> None:
    sides = FAMILIES[name][2]
    for stem, side in zip(("small", "imagenet"), sides, strict=True):
        with torch.device("meta"):
            for height, width in ((side, side), (side, side + 23), (side + 1, side + 2)):
                net = nets.make(name, outputs=3, channels=1, height=height, width=width, stem=stem).eval()
                assert net(torch.empty(2, 1, height, width, dtype=torch.uint8)).shape == (2, 3)
        if side > 1:
            message = f"needs {side} x {side} pixels or more, not {side - 1} x {side - 1}"
            with pytest.raises(UsageError, match=message):
                build(name, side - 1, stem=stem)


@every
def test_what_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is one of auto, small, imagenet, not 'tiny'"):
        build(name, stem="tiny")
    with pytest.raises(UsageError, match=r"no option drop_out \(did you mean 'dropout'\?\)"):
        build(name, drop_out=0.5)
    told = "takes true or false, not 1" if "aux" in nets.options(name, "images") else "has no option aux"
    with pytest.raises(UsageError, match=told):
        build(name, aux=1)


@every
def test_channels_last_gives_the_same(name: str) -> None:
    net, pixels = build(name).double().eval(), images(2).double()
    expected = net(pixels)
    turned = net.to(memory_format=torch.channels_last)
    given = pixels.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(turned(given), expected)
    assert expected.std(0).max() > 0, "images differ"


@every
def test_activation_norm_and_dropout_are_what_was_asked(name: str) -> None:
    with torch.device("meta"):
        net = build(name, activation="silu", norm="group-norm:groups=2", dropout=0.25)
        bare = build(name, norm="none")
    kinds = [type(module).__name__ for module in net.modules()]
    assert "SiLU" in kinds and "GroupNorm" in kinds and not {"ReLU", "BatchNorm2d"} & set(kinds)
    assert [module.p for module in net.modules() if isinstance(module, nn.Dropout)] == [0.25]
    assert all(module.bias is not None for module in bare.modules() if isinstance(module, nn.Conv2d))


@pytest.mark.parametrize("name", ["googlenet", "inception-v2"])
def test_without_norm_nothing_is_overwritten_that_is_needed(name: str) -> None:
    net, pixels = build(name, norm="none", dropout=0.0).double(), images(2).double()
    written = net(pixels)
    written.sum().backward()
    for module in net.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    assert torch.equal(net(pixels), written)


@with_aux
def test_auxiliary_classifiers_are_called_in_training_alone(name: str) -> None:
    net, said = build(name, aux=True), []
    sides = [module for module in net.modules() if isinstance(module, Auxiliary)]
    assert [side.share for side in sides] == ([0.3, 0.3] if name == "googlenet" else [0.4])
    for side in sides:
        side.register_forward_hook(lambda _m, _i, out: said.append(out.shape))
    assert net.eval()(images()).shape == (4, 3)
    assert said == []
    assert net.train()(images()).shape == (4, 3)
    assert said == [(4, 3)] * len(sides)


@with_aux
def test_auxiliary_classifiers_change_nothing_of_the_outputs(name: str) -> None:
    plain, helped = build(name).eval(), build(name, aux=True).eval()
    missing = helped.load_state_dict(plain.state_dict(), strict=False).missing_keys
    assert {key.partition(".")[0] for key in missing} == (
        {"aux1", "aux2"} if name == "googlenet" else {"AuxLogits"}
    )
    assert torch.equal(plain(images()), helped(images()))


def test_the_auxiliary_map_of_299_pixels_is_pooled_as_published() -> None:
    head = build("inception-v3", aux=True).AuxLogits.eval()
    maps = torch.randn(1, 768, 17, 17)
    wanted = functional.avg_pool2d(maps, 5, stride=3)
    assert wanted.shape[-2:] == (5, 5)
    seen: list[Tensor] = []
    head.conv0.register_forward_pre_hook(lambda _m, given: seen.append(given[0]))
    head(maps)
    head(maps[..., :16, :])  # too small for that
    assert torch.equal(seen[0], wanted)
    assert seen[1].shape == (1, 768, 5, 5)


def test_paths_name_their_layers_and_join_them() -> None:
    def halved(size: int) -> nn.Conv2d:
        conv = nn.Conv2d(2, 1, 1, bias=False)
        nn.init.constant_(conv.weight, size / 2)
        return conv

    block = Paths(
        first=0,
        alone=[halved(1)],
        pooled=[nn.MaxPool2d(1), halved(2)],
        two=[nn.Conv2d(2, 2, 1), (halved(3), halved(4))],
    )
    assert [key for key in block.state_dict() if key.endswith("weight")] == [
        *("alone.weight", "pooled.weight", "two_0.weight", "two_1a.weight", "two_1b.weight")
    ]
    nn.init.dirac_(block.two_0.weight)
    nn.init.zeros_(block.two_0.bias)
    assert block(torch.ones(1, 2, 1, 1)).flatten().tolist() == [1, 2, 3, 4]


def test_names_and_aliases() -> None:
    for alias, name in (
        ("Inception_v1", "googlenet"),
        ("bn-inception", "inception-v2"),
        ("inception_v3", "inception-v3"),
        ("inceptionv4", "inception-v4"),
    ):
        assert nets.NETS.name(alias) == name
