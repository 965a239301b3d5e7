"""The Inception family as it runs: learning, compiled, exported."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional

from gradwise import nets
from gradwise.nets.inception_v2 import Halving

COMPILED = ["googlenet", "inception-v3", "inception-v4"]
AUX = {"inception-v3": {"aux": True}}


def build(name: str, side: int = 16, outputs: int = 3, channels: int = 3, **options: Any) -> nn.Module:
    torch.manual_seed(0)
    return nets.make(name, outputs=outputs, channels=channels, height=side, width=side, **options)


def images(rows: int) -> Tensor:
    draw = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (rows, 3, 16, 16), dtype=torch.uint8, generator=draw)


@pytest.mark.parametrize("name", COMPILED)
def test_it_compiles_as_one_graph(name: str) -> None:
    torch.compiler.reset()
    net = build(name).eval()
    compiled = torch.compile(net, fullgraph=True, backend="eager")
    with torch.no_grad():
        torch.testing.assert_close(compiled(images(2)), net(images(2)))


@pytest.mark.parametrize("name", ["inception-v2", "inception-v3"])
def test_it_can_be_exported(name: str) -> None:
    net = build(name, **AUX.get(name, {})).eval()
    rows = torch.export.Dim("rows", min=1, max=64)
    program = torch.export.export(net, (images(2),), dynamic_shapes=({0: rows},)).module()
    torch.testing.assert_close(program(images(3)), net(images(3)))


def test_a_halving_pool_makes_as_many_places_as_a_convolution_and_compiles() -> None:
    torch.compiler.reset()
    pool = Halving()
    compiled = torch.compile(pool, fullgraph=True, backend="eager")
    for height, width in ((4, 7), (7, 4), (2, 9), (1, 3)):
        maps = torch.randn(2, 3, height, width)
        pooled = pool(maps)
        assert (
            pooled.shape[-2:]
            == functional.conv2d(maps, torch.ones(1, 3, 3, 3), stride=2, padding=1).shape[-2:]
        )
        assert torch.equal(compiled(maps), pooled)
    even = torch.randn(1, 1, 8, 8)
    assert torch.equal(pool(even), functional.max_pool2d(even, 3, stride=2, ceil_mode=True))


def test_learns_real_digits() -> None:
    pixels, target = load_digits(return_X_y=True)
    rows = torch.tensor(pixels * 15.9375, dtype=torch.uint8).view(-1, 1, 8, 8)
    wanted, net = torch.tensor(target), build("googlenet", 8, 10, channels=1).train()
    optimizer = torch.optim.Adam(net.parameters(), 0.001)
    for start in range(0, 1040, 40):
        optimizer.zero_grad()
        functional.cross_entropy(net(rows[start : start + 40]), wanted[start : start + 40]).backward()
        optimizer.step()
    with torch.no_grad():
        right = float((net.eval()(rows[1200:1400]).argmax(1) == wanted[1200:1400]).float().mean())
    assert right > 0.5, right
