"""Initialisers by name: the spread that each promises, what they leave alone, what they refuse."""

from __future__ import annotations

import inspect
import math
from pathlib import Path

import pytest
import torch
from torch import nn

import gradwise
from gradwise import init
from gradwise.errors import UnknownNameError, UsageError
from gradwise.init import INITIALISERS

IN, OUT = 400, 300
DRAWING = [name for name in INITIALISERS if INITIALISERS[name].fill is not None]


def drawn(name: str, layer: nn.Module | None = None) -> torch.Tensor:
    torch.manual_seed(0)
    layer = layer or nn.Linear(IN, OUT, dtype=torch.float64)
    init(layer, name)
    assert layer.bias is None or not layer.bias.any()
    return layer.weight.detach()


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("he-normal", 2 / IN),  # a layer alone is taken as followed by ReLU
        ("kaiming_uniform", 2 / IN),
        ("he:mode=fan-out", 2 / OUT),
        ("he:mode=fan_avg", 4 / (IN + OUT)),
        ("he:gain=1", 1 / IN),
        ("xavier", 2 / (IN + OUT)),
        ("glorot-normal", 2 / (IN + OUT)),
        ("glorot:gain=2", 8 / (IN + OUT)),
        ("glorot:gain=auto", 4 / (IN + OUT)),
        ("lecun", 1 / IN),
        ("normal", 0.01**2),
        ("normal:std=0.3", 0.3**2),
        ("uniform", 0.1**2 / 12),
        ("uniform:low=-1,high=1", 4 / 12),
        ("orthogonal:gain=1", 1 / IN),
        ("sparse", 2 / IN),
        ("sparse:std=0.5,sparsity=0.5", 0.5**2 / 2),
    ],
)
def test_variance(name: str, variance: float) -> None:
    weight = drawn(name)
    assert weight.dtype == torch.float64
    assert weight.var().item() == pytest.approx(variance, rel=0.02)
    assert abs(weight.mean().item()) < 0.02 * math.sqrt(variance)


@pytest.mark.parametrize("name", ["glorot-uniform", "he-uniform", "uniform"])
def test_uniform_numbers_fill_their_range_evenly(name: str) -> None:
    weight = drawn(name)
    limit = weight.std().item() * math.sqrt(3)
    assert weight.abs().max().item() < 1.01 * limit
    quarters = torch.histc(weight.flatten(), 4, -limit, limit) / weight.numel()
    assert quarters.tolist() == pytest.approx([0.25] * 4, abs=0.005)


def test_he_and_glorot_are_torchs() -> None:
    for name, fill in {
        "he:gain=1.4142135623730951": lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"),
        "he-uniform:mode=fan-out,gain=1": lambda w: nn.init.kaiming_uniform_(
            w, mode="fan_out", nonlinearity="linear"
        ),
        "glorot": nn.init.xavier_uniform_,
        "glorot-normal": nn.init.xavier_normal_,
        "orthogonal:gain=1.5": lambda w: nn.init.orthogonal_(w, 1.5),
    }.items():
        ours = drawn(name, nn.Conv2d(5, 7, 3, dtype=torch.float64))
        torch.manual_seed(0)
        torch.testing.assert_close(ours, fill(torch.empty_like(ours)), rtol=1e-12, atol=0)


def test_orthogonal_zeros_constant() -> None:
    rows = drawn("orthogonal:gain=1")
    torch.testing.assert_close(rows @ rows.T, torch.eye(OUT, dtype=torch.float64), atol=1e-12, rtol=0)
    assert not drawn("zeros").any()
    assert drawn("constant").unique().tolist() == [0.1]
    assert drawn("constant:value=-3").unique().tolist() == [-3.0]


@pytest.mark.parametrize(("sparsity", "kept"), [(0.9, 40), (0.0, 400), (1.0, 1), (0.99, 4)])
def test_sparse_gives_every_unit_the_same_number_of_inputs(sparsity: float, kept: int) -> None:
    weight = drawn(f"sparse:sparsity={sparsity}")
    assert set((weight != 0).sum(1).tolist()) == {kept}
    assert weight[weight != 0].std().item() == pytest.approx(math.sqrt(2 / kept), rel=0.1)
    if sparsity == 0.9:  # no input is favoured: 300 units choose 40 of 400
        assert (weight != 0).sum(0).double().mean().item() == 30
        assert (weight != 0).sum(0).min().item() > 10


@pytest.mark.parametrize(
    ("layer", "inputs"),
    [
        (nn.Conv1d(64, 128, 5), 64 * 5),
        (nn.Conv2d(64, 128, 3, groups=4), 16 * 9),
        (nn.Conv2d(96, 96, 3, groups=96), 9),
        (nn.Conv3d(16, 32, 3), 16 * 27),
        (nn.ConvTranspose2d(64, 128, 4, stride=2), 64 * 4),
        (nn.ConvTranspose2d(64, 128, 3, groups=2), 32 * 9),
        (nn.Bilinear(20, 30, 40), 600),
    ],
    ids=lambda value: str(value)[:40],
)
def test_inputs_of_every_kind_of_layer_are_counted(layer: nn.Module, inputs: int) -> None:
    weight = drawn("he:gain=1", layer)
    assert weight.var().item() == pytest.approx(1 / inputs, rel=0.12 if weight.numel() < 5000 else 0.05)


@pytest.mark.parametrize(
    ("layer", "outputs"),
    [
        (nn.Linear(100, 300), 300),
        (nn.Conv2d(64, 128, 3, groups=4), 32 * 9),
        (nn.ConvTranspose2d(64, 128, 3, groups=2), 64 * 9),
    ],
    ids=lambda value: str(value)[:40],
)
def test_outputs_of_every_kind_of_layer_are_counted(layer: nn.Module, outputs: int) -> None:
    assert drawn("he:gain=1,mode=fan-out", layer).var().item() == pytest.approx(1 / outputs, rel=0.05)


def test_a_transposed_convolution_keeps_the_scale_of_its_input() -> None:
    torch.manual_seed(0)
    layer = nn.ConvTranspose2d(64, 64, 4, stride=2, padding=1)
    init(layer, "lecun")
    assert layer(torch.randn(4, 64, 8, 8))[:, :, 2:-2, 2:-2].var().item() == pytest.approx(1.0, rel=0.1)


class Everything(nn.Module):
    """One layer of each kind; they work side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(4, 4)
        self.conv = nn.Conv2d(2, 4, 3)
        self.conv1d = nn.Conv1d(2, 4, 3, bias=False)
        self.rnn = nn.GRU(3, 4)
        self.cell = nn.LSTMCell(3, 4)
        self.attention = nn.MultiheadAttention(4, 2)
        self.embedding = nn.Embedding(5, 3, padding_idx=2)
        self.norm = nn.LayerNorm(4)
        self.batch = nn.BatchNorm1d(4)
        self.slope = nn.PReLU()
        self.token = nn.Parameter(torch.full((3,), 7.0))
        for module in (self.norm, self.batch):
            nn.init.constant_(module.weight, 0.3)
            nn.init.constant_(module.bias, 0.3)


@pytest.mark.parametrize("name", DRAWING)
def test_every_kind_of_layer_is_drawn_and_the_rest_is_left(name: str) -> None:
    torch.manual_seed(0)
    model = Everything()
    before = {word: value.clone() for word, value in model.named_parameters()}
    table = init(model, name)
    same = {word for word, value in model.named_parameters() if torch.equal(value, before[word])}
    zero = {word for word in same if not before[word].any()}  # attention's biases start at 0
    assert same - zero == {"token", "slope.weight"}
    for norm in (model.norm, model.batch):
        assert set(norm.weight.tolist()) == {1.0} and set(norm.bias.tolist()) == {0.0}
    assert model.embedding.weight[2].tolist() == [0.0] * 3
    assert "left as they were, of the model's own making: token" in str(table)
    assert {row.name for row in table.rows} >= {"dense", "conv", "rnn", "attention", "embedding"}


def test_embeddings_get_unit_variance_or_what_plain_initialisers_say() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(500, 40), nn.Linear(40, 2))
    for name, deviation in {"he": 1.0, "orthogonal": 1.0, "normal:std=0.02": 0.02, "uniform": 0.0289}.items():
        init(model, name)
        assert model[0].weight.std().item() == pytest.approx(deviation, rel=0.03)


def test_gates_are_drawn_one_by_one_and_memory_stays_open() -> None:
    torch.manual_seed(0)
    layer = nn.LSTM(8, 8, proj_size=5)
    nn.init.ones_(layer.bias_ih_l0)
    init(layer, "orthogonal")
    for gate in layer.weight_hh_l0.detach().chunk(4):
        torch.testing.assert_close(gate.T @ gate, torch.eye(5), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        layer.weight_hr_l0.detach() @ layer.weight_hr_l0.detach().T, torch.eye(5), atol=1e-5, rtol=0
    )
    assert layer.bias_ih_l0.tolist() == [0.0] * 8 + [1.0] * 8 + [0.0] * 16


@pytest.mark.parametrize("layer", [nn.LSTM(4, 3, num_layers=2, bidirectional=True), nn.LSTMCell(4, 3)])
def test_forget_gates_open_and_nothing_else_moves(layer: nn.Module) -> None:
    model = nn.Sequential(layer, nn.Linear(3, 1))
    before = {word: value.clone() for word, value in model.named_parameters()}
    table = init(model, "forget-bias:value=1.5")
    for word, value in model.named_parameters():
        if ".bias_ih" in word or ".bias_hh" in word:
            assert value[3:6].tolist() == [1.5 if "ih" in word else 0.0] * 3
            value.data[3:6] = before[word][3:6]
        assert torch.equal(value, before[word])
    layers = 4 if isinstance(layer, nn.LSTM) else 1
    assert f"forget gates of {layers} LSTM layer" in table.notes[0] and "open at 82%" in table.notes[0]


def test_frozen_tied_and_derived_weights() -> None:
    torch.manual_seed(0)

    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(300, 64)
            self.backbone = nn.Linear(64, 64).requires_grad_(False)
            self.normed = nn.utils.parametrizations.weight_norm(nn.Linear(64, 64))
            self.spectral = nn.utils.parametrizations.spectral_norm(nn.Linear(64, 64))
            self.head = nn.Linear(64, 300, bias=False)
            self.head.weight = self.words.weight

    model = Tied()
    frozen = model.backbone.weight.clone()
    table = init(model, "normal:std=0.02")
    assert torch.equal(model.backbone.weight, frozen)
    assert model.words.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert model.normed.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert "left as they were, frozen: backbone" in table.notes
    he = init(model, "he:gain=1")
    assert model.words.weight.std().item() == pytest.approx(1 / 8, rel=0.02)  # as the head wants it
    assert [row.name for row in he.rows].count("head") == 1 and "words" not in [r.name for r in he.rows]


def test_seeds_repeat_and_leave_the_random_state_alone() -> None:
    model = nn.Sequential(nn.Linear(5, 5), nn.ReLU(), nn.Linear(5, 5))
    state = torch.get_rng_state()
    init(model, "he", seed=3, sample=torch.ones(2, 5))
    first = model[0].weight.clone()
    assert torch.equal(torch.get_rng_state(), state)
    init(model, "he", seed=3)
    assert torch.equal(model[0].weight, first)
    init(model, "he", seed=4)
    assert not torch.equal(model[0].weight, first)
    torch.manual_seed(1)
    init(model, "he", sample=torch.ones(2, 5))
    second = model[0].weight.clone()
    torch.manual_seed(1)
    init(model, "he")
    assert torch.equal(model[0].weight, second)  # looking at a sample draws nothing


def test_half_precision_weights_are_drawn_in_full_and_rounded() -> None:
    torch.manual_seed(0)
    full, half = nn.Linear(50, 50), nn.Linear(50, 50, dtype=torch.bfloat16)
    init(full, "orthogonal", seed=0)
    init(half, "orthogonal", seed=0)
    torch.testing.assert_close(half.weight, full.weight.bfloat16())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("he:mod=fan-in", r"'he-normal' has no option mod \(did you mean 'mode'\?\); it takes mode, gain\."),
        ("he:mode=inputs", r"'he-normal': mode takes one of fan-in, fan-out, fan-avg, not 'inputs'\."),
        ("he:gain=0", r"gain takes a number above 0, not 0\."),
        ("glorot:gain=large", r"gain takes a number above 0, not 'large'\."),
        ("zeros:value=1", r"'zeros' has no option value; it takes none\."),
        ("constant:value=x", r"value takes a number, not 'x'\."),
        ("normal:std=-1", r"std takes a number from 0 on, not -1\."),
        ("uniform:low=1,high=0", r"low 1 lies above high 0"),
        ("sparse:sparsity=1.5", r"sparsity takes a number from 0 to 1, not 1\.5\."),
        ("forget-bias", r"sets a bias of LSTM layers, and this model has none"),
        ("pretrained", r"needs a file: pretrained:path="),
        ("pretrained:path=nowhere.pth", r"nowhere\.pth does not exist; give a \.safetensors or \.pth file"),
    ],
)
def test_refusals(name: str, said: str) -> None:
    layer = nn.Linear(2, 2)
    before = layer.weight.clone()
    with pytest.raises(UsageError, match=said):
        init(layer, name)
    assert torch.equal(layer.weight, before)


def test_what_is_no_model_and_what_has_no_layers() -> None:
    with pytest.raises(UnknownNameError, match="orthogonal"):
        init(nn.Linear(1, 1), "ortogonal")
    with pytest.raises(UsageError, match=r"takes a torch\.nn\.Module, not list"):
        init([nn.Linear(1, 1)], "he")
    with pytest.raises(UsageError, match="found no layer with weights"):
        init(nn.ReLU(), "he")
    with pytest.raises(UsageError, match=r"layer '0' has no shape before its first batch.*sample="):
        init(nn.Sequential(nn.LazyLinear(3)), "he")
    with pytest.raises(UsageError, match=r"cannot take the sample \(.*\); give what it is called with"):
        init(nn.Linear(3, 1), "he", sample=torch.ones(2, 4))
    lazy = nn.Sequential(nn.LazyLinear(3))
    assert init(lazy, "he", sample=torch.ones(2, 5)).rows[0].shape == (3, 5)


@pytest.mark.parametrize("name", list(INITIALISERS))
def test_every_range_is_that_of_an_option_and_defaults_lie_within(name: str) -> None:
    found = INITIALISERS[name]
    known = inspect.signature(found.fill or found.whole).parameters
    assert {*found.spans, *found.words} <= set(found.options)
    for word, span in found.spans.items():
        default = known[word].default
        assert default in found.words.get(word, ()) or not span.refuses(default)
    assert (found.fill is None) != (found.whole is None)


def test_the_room_and_the_function_are_one() -> None:
    assert gradwise.init is init and callable(gradwise.init)
    assert init.apply(nn.Linear(2, 2), "he").rows[0].shape == (2, 2)
    assert init.check_init("checkpoint:path=" + __file__) == f"pretrained:path={Path(__file__).absolute()}"
