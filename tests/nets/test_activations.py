"""Activations against their formulas, at the far ends, by their pages, with options right and wrong."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import special
from sklearn.datasets import load_wine
from torch import nn

import gradwise
from gradwise import nets
from gradwise.errors import UnknownNameError, UsageError
from gradwise.handbook.techniques import find_technique
from gradwise.init.gains import gain_of
from gradwise.nets.activations import ACTIVATIONS, activation, check_activation

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # arXiv 1706.02515
# The published formula of each, in NumPy.
FORMULAS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sigmoid": special.expit,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "leaky-relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "leaky-relu:negative-slope=0.2": lambda z: np.where(z > 0, z, 0.2 * z),
    "prelu": lambda z: np.where(z > 0, z, 0.25 * z),
    "prelu:init=0.125": lambda z: np.where(z > 0, z, 0.125 * z),
    "rrelu": lambda z: np.where(z > 0, z, (1 / 8 + 1 / 3) / 2 * z),
    "rrelu:lower=0.1,upper=0.5": lambda z: np.where(z > 0, z, 0.3 * z),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "elu:alpha=0.5": lambda z: np.where(z > 0, z, 0.5 * np.expm1(np.minimum(z, 0))),
    "selu": lambda z: SELU_SCALE * np.where(z > 0, z, SELU_ALPHA * np.expm1(np.minimum(z, 0))),
    "gelu": lambda z: z * special.ndtr(z),
    "gelu:approximate=none": lambda z: z * special.ndtr(z),
    "gelu:approximate=tanh": lambda z: z / 2 * (1 + np.tanh((2 / np.pi) ** 0.5 * (z + 0.044715 * z**3))),
    "relu6": lambda z: np.clip(z, 0, 6),
    "softplus": lambda z: np.logaddexp(0, z),
    "softplus:beta=3": lambda z: np.logaddexp(0, 3 * z) / 3,
    "silu": lambda z: z * special.expit(z),
    "mish": lambda z: z * np.tanh(np.logaddexp(0, z)),
    "softmax": lambda z: special.softmax(z, axis=1),
}
KINKS = (0.0, 6.0)
by_formula = pytest.mark.parametrize("word", FORMULAS)
by_name = pytest.mark.parametrize("name", list(ACTIVATIONS))


def points() -> torch.Tensor:
    """(9, 7) float64 numbers, none nearer than 0.01 to a kink."""
    z = torch.randn(9, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 3
    z[0, :3] = torch.tensor([5.5, 6.5, 9.0])
    assert all(float((z - kink).abs().min()) > 0.01 for kink in KINKS)
    return z


def test_every_activation_has_a_formula_here() -> None:
    assert set(ACTIVATIONS) == {word.partition(":")[0] for word in FORMULAS}
    assert len(ACTIVATIONS) == 14


@by_formula
def test_it_is_its_published_formula(word: str) -> None:
    made, z = activation(word).double().eval(), points()
    np.testing.assert_allclose(made(z).detach().numpy(), FORMULAS[word](z.numpy()), rtol=1e-9, atol=1e-12)


@by_formula
def test_gradients_are_those_of_the_formula(word: str) -> None:
    made = activation(word).double().eval()
    z = points().requires_grad_()
    assert torch.autograd.gradcheck(lambda *all_of: made(all_of[0]), (z, *made.parameters()))


@by_name
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_value_and_gradient_are_finite_far_out(name: str, training: bool, dtype: torch.dtype) -> None:
    made = activation(name).to(dtype).train(training)
    z = torch.tensor([[-1e4, -100.0, -1.0, 0.0], [1.0, 100.0, 1e4, 1e4]], dtype=dtype, requires_grad=True)
    outputs = made(z)
    outputs.float().sum().backward()
    assert outputs.isfinite().all() and z.grad is not None and z.grad.isfinite().all()


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "softmax"])
def test_its_page_tells_mean_deviation_and_gain_as_they_are(name: str) -> None:
    page = find_technique(f"activation:{name}").page
    facts = r"- ([^;\n]*zero-centred[^;\n]*);\s+for normal inputs: mean ([\d.]+), deviation ([\d.]+), gain ([\d.]+)"
    found = re.search(facts, page)
    assert found is not None
    made = activation(name).double().eval()
    z = torch.linspace(-9, 9, 9001, dtype=torch.float64)
    weights = torch.exp(-z.square() / 2) / torch.exp(-z.square() / 2).sum()
    with torch.no_grad():
        outputs = made(z)
    mean = float((outputs * weights).sum())
    deviation = float((outputs.square() * weights).sum() - mean**2) ** 0.5
    told = [float(number) for number in found.groups()[1:]]
    assert told == pytest.approx([mean, deviation, gain_of(made)], abs=0.006)
    assert abs(mean) < 0.01 if found[1] == "zero-centred" else mean > 0.1


@pytest.mark.parametrize(
    ("name", "low", "high"), [("gelu", -0.13, 1.13), ("silu", -0.10, 1.10), ("mish", -0.11, 1.09)]
)
def test_the_range_of_the_derivative_is_that_of_the_page(name: str, low: float, high: float) -> None:
    z = torch.linspace(-30, 30, 60_001, dtype=torch.float64, requires_grad=True)
    activation(name)(z).sum().backward()
    assert z.grad is not None
    assert (float(z.grad.min()), float(z.grad.max())) == pytest.approx((low, high), abs=0.006)
    told = f"between {low:.2f} and {high:.2f}".replace("-", "\N{MINUS SIGN}")
    assert told in find_technique(f"activation:{name}").page


def test_both_forms_of_gelu_differ_by_less_than_is_told() -> None:
    z = torch.linspace(-10, 10, 20_001, dtype=torch.float64)
    off = float((activation("gelu")(z) - activation("gelu:approximate=tanh")(z)).abs().max())
    assert 0.0004 < off < 0.0005


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("leaky-relu:negative-slope=2", "negative-slope takes a number from 0 to 1, not 2."),
        ("leaky-relu:negative-slope=steep", "negative-slope takes a number from 0 to 1, not 'steep'."),
        ("leaky-relu:slope=0.2", "activation 'leaky-relu' has no option slope; it takes negative-slope."),
        ("relu:alpha=1", "activation 'relu' has no option alpha; it takes none."),
        ("elu:alpha=0", "alpha takes a number above 0 up to 10, not 0."),
        ("gelu:approximate=erf", "approximate takes one of none, tanh, not 'erf'."),
        ("rrelu:lower=0.5,upper=0.2", "lower must not be above upper, got 0.5 and 0.2."),
        ("softmax:dim=0.5", "dim takes a whole number from -4 to 3, not 0.5."),
        ("softplus:beta", "options are written name:option=value"),
    ],
)
def test_a_wrong_option_is_one_sentence(word: str, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        activation(word)
    with pytest.raises(UsageError, match=re.escape(message)):
        check_activation(word)


def test_a_wrong_name_is_one_sentence() -> None:
    with pytest.raises(UnknownNameError, match=r"no activation 'swihs' \(did you mean 'swish'\?\)"):
        activation("swihs")


def test_options_are_merged_with_keywords_and_names_made_proper() -> None:
    assert activation("leaky-relu:negative-slope=0.2", negative_slope=0.3).negative_slope == 0.3
    assert check_activation("Swish") == "silu" and check_activation("logistic") == "sigmoid"
    assert check_activation("leaky_relu:negative-slope=0.2") == "leaky-relu:negative-slope=0.2"


def test_random_slopes_follow_the_seed_and_stay_in_their_range() -> None:
    made, drawn = activation("rrelu"), []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        drawn.append(-made(torch.full((1000,), -1.0)))
    assert drawn[0].equal(drawn[1]) and not drawn[0].equal(drawn[2])
    assert float(drawn[0].min()) >= 1 / 8 and float(drawn[0].max()) <= 1 / 3
    assert float(drawn[0].std()) > 0.05, "each number has a slope of its own"
    made.eval()
    assert made(torch.tensor([-1.0])).equal(made(torch.tensor([-1.0])))


def test_dead_units_get_no_gradient_and_leaky_ones_do() -> None:
    gradients = {}
    for name in ("relu", "relu6", "leaky-relu", "prelu", "elu", "selu", "sigmoid", "softplus"):
        bias = torch.full((1,), -5.0, requires_grad=True)
        activation(name)(torch.linspace(-1, 1, 50) + bias).sum().backward()
        assert bias.grad is not None
        gradients[name] = bias.grad.item()
    assert gradients["relu"] == gradients["relu6"] == 0
    assert all(gradients[name] > 0.1 for name in set(gradients) - {"relu", "relu6"})


def first_gradient(name: str) -> float:
    """Norm of the first layer's gradient in a net of four hidden layers on real rows."""
    torch.manual_seed(0)
    bunch = load_wine()
    rows = torch.tensor((bunch.data - bunch.data.mean(0)) / bunch.data.std(0), dtype=torch.float32)
    net = nets.make("mlp", outputs=3, numbers=13, units=64, depth=4, activation=name)
    nn.functional.cross_entropy(net(rows), torch.tensor(bunch.target)).backward()
    return float(net.layers[0].weight.grad.norm())


def test_sigmoid_and_softmax_stacks_starve_the_first_layer() -> None:
    relu = first_gradient("relu")
    assert first_gradient("sigmoid") < relu / 20
    assert first_gradient("softmax") < relu / 1000


@pytest.mark.parametrize(
    ("name", "start"),
    [
        (name, "he")
        for name in ("relu", "leaky-relu", "prelu", "rrelu", "elu", "gelu", "silu", "mish", "relu6")
    ]
    + [("tanh", "glorot-uniform"), ("selu", "lecun-normal"), ("softplus", "he")],
)
def test_the_start_that_its_page_names_keeps_the_signal(name: str, start: str) -> None:
    page = find_technique(f"activation:{name}").page
    assert f"`{start.replace('he', 'he-normal')}`" in page
    torch.manual_seed(0)
    parts = [part for _ in range(12) for part in (nn.Linear(256, 256), activation(name))]
    net = nn.Sequential(*parts).eval()
    table = gradwise.init(net, start, sample=torch.randn(128, 256))
    ratio = table.rows[-1].output / table.rows[0].output
    assert 0.1 < ratio < 10, "within a factor of ten over twelve layers"


@by_name
def test_a_net_learns_real_rows_with_it(name: str) -> None:
    torch.manual_seed(1)
    bunch = load_wine()
    rows = torch.tensor((bunch.data - bunch.data.mean(0)) / bunch.data.std(0), dtype=torch.float32)
    wanted = torch.tensor(bunch.target)
    net = nets.make("mlp", outputs=3, numbers=13, units=16, depth=1, activation=name)
    optimizer = torch.optim.Adam(net.parameters(), 0.03)
    for _ in range(40):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(rows), wanted)
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        assert float((net.eval()(rows).argmax(1) == wanted).float().mean()) > 0.9


@pytest.mark.parametrize("word", ["gelu", "prelu", "leaky-relu:negative-slope=0.2", "softmax"])
@pytest.mark.parametrize(
    ("net", "shape"),
    [
        ("mlp", {"numbers": 4}),
        ("mlp", {"channels": 1, "height": 12, "width": 12}),
        ("cnn", {"channels": 1, "height": 12, "width": 12}),
        ("lenet-5", {"channels": 1, "height": 12, "width": 12}),
        ("resnet18", {"channels": 1, "height": 12, "width": 12, "units": 4}),
        ("cnn1d", {"features": 2, "length": 9}),
    ],
)
def test_every_net_of_hidden_units_takes_it(net: str, shape: dict[str, int], word: str) -> None:
    wanted = type(activation(word))
    made = nets.make(net, outputs=3, **shape, activation=word)
    kinds = [type(module) for module in made.modules()]
    assert wanted in kinds and nn.ReLU not in kinds and nn.Tanh not in kinds
