"""Nets on images: bytes, sizes, published numbers of weights."""

from __future__ import annotations

import pytest
import torch

from gradwise import nets


def weights(net: torch.nn.Module) -> int:
    return sum(weight.numel() for weight in net.parameters())


@pytest.mark.parametrize(
    ("name", "published"), [("resnet18", 11_689_512), ("resnet34", 21_797_672)]
)  # torchvision's documentation of ResNet18_Weights and ResNet34_Weights
def test_resnets_have_the_published_number_of_weights(name: str, published: int) -> None:
    with torch.device("meta"):
        net = nets.make(name, outputs=1000, channels=3, height=224, width=224)
    assert weights(net) == published


def test_resnet_layout_is_that_of_published_weights() -> None:
    with torch.device("meta"):
        names = nets.make("resnet18", outputs=1000, channels=3, height=224, width=224).state_dict()
    assert {"conv1.weight", "bn1.running_mean", "layer2.0.downsample.0.weight", "fc.bias"} <= set(names)
    assert names["conv1.weight"].shape == (64, 3, 7, 7)


def test_resnet_keeps_small_images_large() -> None:
    net = nets.make("resnet18", outputs=10, channels=3, height=32, width=32, units=4)
    assert net.conv1.stride == (1, 1)
    seen: list[torch.Size] = []
    net.layer4.register_forward_hook(lambda module, args, out: seen.append(out.shape))
    net(torch.zeros(2, 3, 32, 32, dtype=torch.uint8))
    assert seen == [(2, 32, 4, 4)]
    assert nets.make("resnet18", outputs=2, channels=3, height=65, width=65, units=4).conv1.stride == (2, 2)
    assert nets.make(
        "resnet18", outputs=2, channels=3, height=65, width=65, units=4, stem="small"
    ).conv1.stride == (
        1,
        1,
    )


def test_lenet_has_its_61706_weights_on_digits_of_28_and_of_32() -> None:
    for side in (28, 32):
        net = nets.make("lenet-5", outputs=10, channels=1, height=side, width=side)
        assert weights(net) == 61_706
        assert net(torch.zeros(2, 1, side, side, dtype=torch.uint8)).shape == (2, 10)


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (8, 8), (28, 28), (33, 70)])
@pytest.mark.parametrize("depth", [None, 1, 4])
def test_cnn_takes_every_size(size: tuple[int, int], depth: int | None) -> None:
    net = nets.make("cnn", outputs=4, channels=1, height=size[0], width=size[1], units=4, depth=depth)
    assert net(torch.zeros(2, 1, *size, dtype=torch.uint8)).shape == (2, 4)
    assert weights(net) < 60_000


@pytest.mark.parametrize("name", ["mlp", "cnn", "lenet-5", "resnet18"])
def test_bytes_and_floats_give_the_same_and_are_standardised(name: str) -> None:
    torch.manual_seed(0)
    shape = {"channels": 2, "height": 14, "width": 14, "mean": (0.2, 0.6), "std": (0.1, 0.3)}
    net = nets.make(name, outputs=3, **shape).eval()
    pixels = torch.randint(0, 256, (3, 2, 14, 14), dtype=torch.uint8)
    assert torch.equal(net(pixels), net(pixels.float()))
    wanted = (pixels / 255 - torch.tensor([0.2, 0.6]).view(1, 2, 1, 1)) / torch.tensor([0.1, 0.3]).view(
        1, 2, 1, 1
    )
    torch.testing.assert_close(net.pixels(pixels), wanted)


def test_the_standardisation_is_saved_with_the_weights() -> None:
    trained = nets.make("cnn", outputs=2, channels=1, height=8, width=8, mean=(0.1,), std=(0.2,))
    loaded = nets.make("cnn", outputs=2, channels=1, height=8, width=8)
    loaded.load_state_dict(trained.state_dict())
    pixels = torch.randint(0, 256, (3, 1, 8, 8), dtype=torch.uint8)
    assert torch.equal(trained.eval()(pixels), loaded.eval()(pixels))


def test_channels_last_survives_the_first_layer() -> None:
    net = nets.make("cnn", outputs=2, channels=3, height=8, width=8)
    pixels = torch.zeros(2, 3, 8, 8, dtype=torch.uint8).contiguous(memory_format=torch.channels_last)
    assert net.pixels(pixels).is_contiguous(memory_format=torch.channels_last)
