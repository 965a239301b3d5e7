"""LeNet-5 as the paper has it, and the perceptron."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gradwise import nets
from gradwise.errors import UsageError
from gradwise.nets.lenet import SEEN, LearntPool2d, PartConv2d

PAPER = {"connections": "paper", "pooling": "learnt"}


def lenet(side: int = 28, **options: str) -> nn.Module:
    torch.manual_seed(0)
    return nets.make("lenet-5", outputs=10, channels=1, height=side, width=side, **options)


def weights(*modules: nn.Module) -> int:
    return sum(weight.numel() for module in modules for weight in module.parameters())


def test_layers_have_the_weights_that_the_paper_gives() -> None:
    net = lenet(**PAPER)
    convolutions = [net.features[0], net.features[4]]
    pools = [module for module in net.features if isinstance(module, LearntPool2d)]
    dense = [module for module in net.head if isinstance(module, nn.Linear)]
    # LeCun, Bottou, Bengio, Haffner 1998, section II-B: layer by layer, and 60,000 in all
    assert [weights(module) for module in convolutions] == [156, 1516]
    assert [weights(module) for module in pools] == [12, 32]
    assert [weights(module) for module in dense[:2]] == [48_120, 10_164]
    assert weights(*convolutions, *pools, *dense[:2]) == 60_000
    assert weights(net) == 60_850  # the output is linear


def test_maps_see_what_table_1_of_the_paper_says() -> None:
    # its columns: rows 0, 4, 5, 6, 9 ... are marked
    assert [SEEN[column] for column in (0, 4, 5, 6, 9, 11, 12, 13, 14, 15)] == [
        (0, 1, 2), (4, 5, 0), (5, 0, 1), (0, 1, 2, 3), (3, 4, 5, 0), (5, 0, 1, 2),
        (0, 1, 3, 4), (1, 2, 4, 5), (2, 3, 5, 0), (0, 1, 2, 3, 4, 5),
    ]  # fmt: skip
    layer = PartConv2d(bias=True)
    maps = torch.randn(1, 6, 9, 9)
    for before in range(6):
        changed = maps.clone()
        changed[:, before] += 1
        moved = (layer(changed) - layer(maps)).abs().amax(dim=(0, 2, 3)) > 1e-6
        assert [after for after in range(16) if moved[after]] == [
            after for after in range(16) if before in SEEN[after]
        ]


def test_a_learnt_pooling_starts_as_the_mean() -> None:
    maps = torch.randn(2, 3, 6, 4)
    torch.testing.assert_close(LearntPool2d(3)(maps), nn.functional.avg_pool2d(maps, 2))


@pytest.mark.parametrize("options", [{}, PAPER, {"pooling": "max", "norm": "batch-norm"}], ids=str)
def test_layouts_agree_and_one_graph_holds_it(options: dict) -> None:
    net = lenet(**options).eval()
    pixels = torch.randint(0, 256, (3, 1, 28, 28), dtype=torch.uint8)
    plain = net(pixels)
    whole = torch.compile(net, backend="eager", fullgraph=True)
    torch.testing.assert_close(whole(pixels), plain)
    other = lenet(**options).eval().to(memory_format=torch.channels_last)
    torch.testing.assert_close(other(pixels.contiguous(memory_format=torch.channels_last)), plain)
    with torch.device("meta"):
        assert weights(lenet(**options)) == weights(net)


@pytest.mark.parametrize("options", [{}, PAPER], ids=str)
def test_every_weight_learns(options: dict) -> None:
    net = lenet(32, **options)
    net(torch.randint(0, 256, (4, 1, 32, 32), dtype=torch.uint8)).square().sum().backward()
    assert [name for name, weight in net.named_parameters() if not weight.grad.any()] == []


def test_the_smallest_image_is_told() -> None:
    assert lenet(12)(torch.zeros(2, 1, 12, 12, dtype=torch.uint8)).shape == (2, 10)
    with pytest.raises(UsageError, match="12 x 12 pixels or more, not 11 x 11"):
        lenet(11)


def test_a_perceptron_is_one_linear_layer() -> None:
    net = nets.make("single-layer-perceptron", outputs=3, numbers=4, categories=(5, 2))
    layers = [type(layer).__name__ for layer in net.layers]
    assert layers == ["Linear"] and net.layers[0].in_features == 4 + 3 + 1
    assert nets.options("perceptron", "table") == {} == nets.options("perceptron", "images")
    pixels = torch.rand(2, 1, 6, 5)
    flat = nets.make("perceptron", outputs=3, channels=1, height=6, width=5)
    wanted = flat.layers[0](flat.pixels(pixels).flatten(1))
    assert torch.equal(flat(pixels), wanted)
