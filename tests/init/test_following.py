"""Which activation follows which layer, in models of every form."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradwise import init
from gradwise.init.gains import gain_of, of_module

SQUARES = {  # 1 / E[φ(z)²] in closed form, or as published
    nn.ReLU(): 2.0,
    nn.LeakyReLU(0.3): 2 / 1.09,
    nn.PReLU(init=0.1): 2 / 1.01,
    nn.Identity(): None,
    nn.SELU(): 1.0,  # its fixed point: Klambauer and others, arXiv 1706.02515
    nn.Sigmoid(): 3.408,
    nn.Tanh(): 2.536,
    nn.Softmax(dim=1): 1.0,
}


@pytest.mark.parametrize(("module", "square"), SQUARES.items(), ids=lambda value: str(value))
def test_gains(module: nn.Module, square: float | None) -> None:
    found = of_module(module)
    assert (found is None) == (square is None)
    if found is not None:
        assert found.gain**2 == pytest.approx(square, rel=2e-4)


@pytest.mark.parametrize("function", [F.gelu, F.silu, F.mish, F.elu, F.softplus, F.relu6, F.hardswish])
def test_gains_by_drawing_a_million_numbers(function) -> None:
    z = torch.randn(1_000_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert gain_of(function) == pytest.approx(function(z).square().mean().item() ** -0.5, rel=0.01)


class Functional(nn.Module):
    """Activations as functions and methods, a short cut, a branch, an output link."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(6, 6)
        self.norm = nn.BatchNorm1d(6)
        self.second = nn.Linear(6, 6)
        self.short = nn.Linear(6, 6)
        self.third = nn.Linear(6, 6)
        self.out = nn.Linear(6, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.leaky_relu(self.norm(self.first(x)), 0.5)
        y = (self.second(y) + self.short(x)).tanh()
        y = self.third(y.flatten(1)).clamp(min=0)
        return torch.sigmoid(self.out(y))


class Branching(Functional):
    """The same, and no graph can be drawn of it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x if x.sum() > 0 else -x)


EXPECTED = {
    "first": ("leaky-relu", 2 / 1.25),
    "second": ("tanh", 2.536),
    "short": ("tanh", 2.536),
    "third": ("clamp", 2.0),
    "out": ("none", 1.0),
}


@pytest.mark.parametrize(("model", "sample"), [(Functional, False), (Functional, True), (Branching, True)])
def test_functions_and_methods_are_seen_through_norms_sums_and_views(model, sample: bool) -> None:
    table = init(model(), "he", sample=torch.randn(8, 6) if sample else None)
    found = {row.name: (row.activation, row.gain**2) for row in table.rows}
    assert set(found) == set(EXPECTED) and table.notes == ()
    for name, (activation, square) in EXPECTED.items():
        assert found[name] == (activation, pytest.approx(square, rel=2e-4))
    assert [row.name for row in table.rows if row.last] == ["out"]


def test_the_weights_get_the_gain_of_what_follows() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(300, 300), nn.Tanh(), nn.Linear(300, 300), nn.ReLU(), nn.Linear(300, 300), nn.Softmax(1)
    )
    init(model, "he")
    variances = [layer.weight.var().item() * 300 for layer in model if isinstance(layer, nn.Linear)]
    assert variances == pytest.approx([2.536, 2.0, 1.0], rel=0.03)
    init(model, "orthogonal")
    lengths = [layer.weight[0].norm().item() for layer in model if isinstance(layer, nn.Linear)]
    assert lengths == pytest.approx([1.5925, math.sqrt(2), 1.0], rel=1e-3)
    init(model, "glorot")  # the paper's, whatever follows
    assert model[2].weight.var().item() * 300 == pytest.approx(1.0, rel=0.03)


class Hidden(nn.Module):
    """What follows cannot be seen without a sample: no graph, and activations used out of their order."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.out = nn.Linear(5, 5), nn.Linear(5, 5), nn.Linear(5, 2)
        self.gelu = nn.GELU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.sum() > 0:
            x = x - x.mean()
        return self.out(self.gelu(self.b(self.gelu(self.a(x)))))


def test_what_is_not_seen_is_guessed_and_said() -> None:
    table = init(Hidden(), "he")
    assert [(row.name, row.activation) for row in table.rows] == [
        ("a", "gelu"),
        ("b", "gelu"),
        ("out", "gelu"),
    ]
    assert "is not seen: taken as gelu, the model's most frequent activation; give sample= to see" in str(
        table
    )
    assert init(Hidden(), "glorot").notes == ()  # where it makes no difference nothing is said
    seen = init(Hidden(), "he", sample=torch.randn(4, 5))
    assert [(row.name, row.activation) for row in seen.rows] == [
        ("a", "gelu"),
        ("b", "gelu"),
        ("out", "none"),
    ]
    assert seen.notes == ()


def test_attention_and_recurrent_layers() -> None:
    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(9, 8)
            self.lstm = nn.LSTM(8, 8, batch_first=True)
            self.block = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
            self.head = nn.Linear(8, 3)

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            states, _ = self.lstm(self.words(tokens))
            return self.head(self.block(states)[:, -1])

    table = init(Reader(), "he", sample=torch.arange(10).view(2, 5) % 9)
    found = {row.name: (row.activation, row.kind) for row in table.rows}
    assert list(found) == [
        *(
            "words",
            "lstm",
            "block.self_attn",
            "block.self_attn.out_proj",
            "block.linear1",
            "block.linear2",
            "head",
        )
    ]
    assert {name for name, (activation, _) in found.items() if activation != "none"} == {"block.linear1"}
    assert found["block.self_attn.out_proj"] == ("none", "Linear")


def test_nothing_of_the_model_changes_but_its_weights() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.ReLU(), nn.Linear(8, 2))
    model[0].weight.grad = torch.ones(8, 4)
    model[1].running_mean.fill_(0.25)
    model.eval()[1].train()
    modes = [module.training for module in model.modules()]
    state = torch.get_rng_state()
    init(model, "he", sample=torch.randn(16, 4), seed=0)
    assert modes == [module.training for module in model.modules()]
    assert model[1].running_mean.tolist() == [0.25] * 8 and model[1].num_batches_tracked == 0
    assert model[0].weight.grad.eq(1).all() and model[4].weight.grad is None
    assert not model[0]._forward_hooks
    after = torch.get_rng_state()
    torch.set_rng_state(state)
    torch.randn(16, 4)
    assert torch.equal(after, torch.get_rng_state())  # only the sample itself was drawn


@pytest.mark.parametrize(
    "sample", [(torch.ones(3, 2), torch.ones(3, 2)), {"left": torch.ones(3, 2), "right": torch.ones(3, 2)}]
)
def test_samples_of_several_inputs(sample) -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bilinear = nn.Bilinear(2, 2, 4)

        def forward(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
            return self.bilinear(left, right).relu()

    assert init(Two(), "he", sample=sample).rows[0].activation == "relu"
