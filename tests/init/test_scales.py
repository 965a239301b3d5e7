"""Scales by depth: what keeps signals and gradients over twenty layers, on digits."""

from __future__ import annotations

import math

import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

from gradwise import init

DEPTH, WIDTH = 20, 256


@pytest.fixture(scope="module")
def digits() -> torch.Tensor:
    """(256, 64) standardised pixels."""
    pixels = torch.tensor(load_digits().data[:256])
    return (pixels - pixels.mean(0)) / (pixels.std(0) + 1e-6)


def deep(activation: type[nn.Module]) -> nn.Sequential:
    parts: list[nn.Module] = [nn.Linear(64, WIDTH), activation()]
    for _ in range(DEPTH - 1):
        parts += [nn.Linear(WIDTH, WIDTH), activation()]
    return nn.Sequential(*parts, nn.Linear(WIDTH, 10)).double()


def ends(table) -> tuple[float, float]:
    """Outputs of the twentieth over those of the first layer, and gradients of the first over the twentieth."""
    first, last = table.rows[0], table.rows[DEPTH - 1]
    return last.output / first.output, first.gradient / last.gradient


@pytest.mark.parametrize(
    ("activation", "name", "factor"),
    [
        (nn.ReLU, "he", 2.5),
        (nn.ReLU, "he-uniform", 2.5),
        (nn.ReLU, "orthogonal", 2.5),
        (nn.ReLU, "sparse", 3.0),
        (nn.LeakyReLU, "he", 2.5),
        (nn.GELU, "he", 5.0),
        (nn.SELU, "lecun", 2.5),
        (nn.Tanh, "glorot", 7.0),  # falls by 1/√depth, as glorot's page says
        (nn.Tanh, "glorot:gain=auto", 6.0),  # gradients grow by 8 % a layer
        (nn.Tanh, "he", 6.0),
    ],
)
def test_scales_are_kept_over_twenty_layers(digits, activation, name: str, factor: float) -> None:
    table = init(deep(activation), name, sample=digits, seed=0)
    for ratio in ends(table):
        assert 1 / factor < ratio < factor
    assert table.kept or name == "glorot:gain=auto"
    assert "they die" not in table.verdict and "they explode" not in table.verdict


@pytest.mark.parametrize(
    ("activation", "name", "outputs", "gradients"),
    [
        (nn.ReLU, "normal", 1e-12, 1e-12),  # 0.01 · √(256/2) = 0.113 a layer
        (nn.ReLU, "normal:std=1", 1e15, 1e15),  # √(256/2) = 11.3 a layer
        (nn.Tanh, "normal", 1e-12, 1e-12),  # 0.01 · √256 = 0.16 a layer
        (nn.ReLU, "glorot", 2e-3, 5e-3),  # halves the square in every layer: 2^-9.5
    ],
)
def test_too_small_dies_and_too_large_explodes(digits, activation, name, outputs, gradients) -> None:
    table = init(deep(activation), name, sample=digits, seed=0)
    for ratio, limit in zip(ends(table), (outputs, gradients), strict=True):
        assert ratio < limit if limit < 1 else ratio > limit
    assert not table.kept
    assert ("they explode" if outputs > 1 else "they die") in table.verdict


def test_saturated_tanh_explodes_backwards(digits) -> None:
    table = init(deep(nn.Tanh), "normal:std=1", sample=digits, seed=0)
    assert 0.4 < ends(table)[0] < 2.5 and ends(table)[1] > 100
    assert "kept; gradients" in table.verdict and table.verdict.count("they explode") == 1


def test_sigmoid_stacks_vanish_with_any(digits) -> None:
    for name in ("he", "glorot", "orthogonal"):
        assert "gradients" in (verdict := init(deep(nn.Sigmoid), name, sample=digits, seed=0).verdict)
        assert verdict.rpartition("gradients")[2].count("they die") == 1


def test_the_numbers_are_those_of_the_model(digits) -> None:
    """Scales by hand, in float64, from a net of two layers."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 30), nn.ReLU(inplace=True), nn.Linear(30, 10)).double()
    digits = digits + 0.5  # so that units have means
    table = init(model, "he", sample=digits)
    z = digits @ model[0].weight.T
    y = z.relu() @ model[2].weight.T
    first, last = table.rows
    assert first.output == pytest.approx(z.square().mean().sqrt().item(), rel=1e-5)
    assert first.spread == pytest.approx(z.var(0, unbiased=False).mean().sqrt().item(), rel=1e-5)
    assert last.output == pytest.approx(y.square().mean().sqrt().item(), rel=1e-5)
    pull = torch.randn(y.shape, generator=torch.Generator().manual_seed(0)).double()
    assert last.gradient == pytest.approx(pull.square().mean().sqrt().item(), rel=1e-5)
    back = (pull @ model[2].weight) * (z > 0)
    assert first.gradient == pytest.approx(back.square().mean().sqrt().item(), rel=1e-5)
    assert first.deviation == pytest.approx(model[0].weight.std(unbiased=False).item(), rel=1e-5)


def test_the_table_in_a_terminal_and_in_a_notebook(digits) -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10)).double()
    with_sample = init(model, "he:mode=fan-out", sample=digits.view(-1, 1, 8, 8))
    lines = str(with_sample).splitlines()
    assert lines[0] == "init he-normal:mode=fan-out"
    assert lines[1].split() == [
        *("layer", "kind", "weight", "then", "gain", "weights", "outputs", "spread", "gradients")
    ]
    assert lines[2].split()[:5] == ["0", "Conv2d", "4×1×3×3", "relu", "1.41"]
    assert len(lines[2].split()) == 9 and all(len(line) <= 80 for line in lines)
    assert repr(with_sample) == str(with_sample)
    without = init(model, "he")
    assert len(str(without).splitlines()[2].split()) == 6 and math.isnan(without.rows[0].output)
    page = with_sample._repr_html_()
    assert page.count("<tr>") == 3 and "4×1×3×3" in page and "<script" not in page
    model.add_module("<b>", nn.Linear(10, 2).double())
    assert "<td>&lt;b&gt;</td>" in init(model, "he")._repr_html_()


def test_a_model_that_puts_out_nothing_that_learns_has_no_gradients(digits) -> None:
    model = deep(nn.ReLU).requires_grad_(False)
    table = init(model, "he", sample=digits)
    assert math.isnan(table.rows[0].gradient) and table.rows[0].output > 0
    assert table.verdict == "" and "frozen: 0, 2, 4, 6 and 17 more" in str(table)


def test_zeros_never_break_the_symmetry_and_he_does(digits) -> None:
    labels = torch.tensor(load_digits().target[:256])
    kinds = {}
    for name in ("zeros", "constant", "he"):
        model = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10)).double()
        init(model, name, seed=0)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(20):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(digits), labels).backward()
            optimizer.step()
        kinds[name] = len(model[0].weight.detach().round(decimals=9).unique(dim=0))
    assert kinds == {"zeros": 1, "constant": 1, "he": 16}
