"""Shapes, parameters, FLOPs, memory; models of every kind, left as they were."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradwise.anatomy.facts import Unused
from gradwise.anatomy.measure import measure
from gradwise.anatomy.memory import kept_bytes
from gradwise.anatomy.named import named
from gradwise.errors import UsageError

# Parameters as torchvision documents them for its weights; multiply-adds in G as its table of models has them
# (GFLOPS column, which counts multiply-adds).
PUBLISHED = {
    "alexnet": (61_100_840, 0.71),
    "vgg11": (132_863_336, 7.61),
    "vgg16": (138_357_544, 15.47),
    "resnet18": (11_689_512, 1.81),
    "resnet50": (25_557_032, 4.09),
    "resnet152": (60_192_808, 11.51),
    "resnext50-32x4d": (25_028_904, 4.23),
    "densenet121": (7_978_856, 2.83),
    "googlenet": (6_624_904, 1.5),
}


@pytest.mark.parametrize("net", PUBLISHED)
def test_nets_have_their_published_size_and_work(net):
    found = named(net, shape={}, outputs=None, batch=2).measured()
    parameters, multiply_adds = PUBLISHED[net]
    assert found.weights.parameters == found.weights.trainable == parameters
    assert found.flops_each / 2e9 == pytest.approx(multiply_adds, abs=0.006)
    assert found.unused == found.notes == ()


class Odd(nn.Module):
    """Lazy, shared, unused, packed, with dictionaries in and out."""

    def __init__(self):
        super().__init__()
        self.dense = nn.LazyLinear(8)
        self.shared = nn.Linear(8, 8)
        self.gru = nn.GRU(8, 4, 2, bidirectional=True, batch_first=True)
        self.never = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        self.bias = nn.Parameter(torch.zeros(8))
        self.empty = nn.ModuleList()

    def forward(self, batch, scale=1.0):
        x = self.shared(F.relu(self.shared(self.dense(batch["x"])))) * scale + self.bias
        packed = nn.utils.rnn.pack_padded_sequence(x, [5, 3], batch_first=True)
        states, last = self.gru(packed)
        return {"last": last, "states": states.data}


def test_an_odd_model():
    model = Odd()
    found = measure(model, {"x": torch.randn(2, 5, 6)}, scale=2.0)
    assert found.batch == 2
    assert found.outputs == ((4, 2, 4), (8, 8))
    assert found.layer("shared").calls == 2
    assert found.layer("shared").flops == 2 * 2 * 10 * 8 * 8
    # 8 valid steps, two ways, two layers of 2 · 3 gates · 4 · (8 + 4)
    assert found.layer("gru").flops == 8 * 2 * 2 * (2 * 3 * 4 * (8 + 4))
    assert found.unused == (Unused("never", "Sequential", 6),)
    assert (
        found.weights.parameters
        == sum(p.numel() for p in model.parameters() if not nn.parameter.is_lazy(p)) + 6 * 8 + 8
    )
    assert isinstance(model.dense, nn.LazyLinear)  # measured on a copy


def test_parameters_that_stand_twice_count_once_and_say_so():
    model = nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 10, bias=False))
    model[1].weight = model[0].weight
    found = measure(model, torch.zeros(3, 5, dtype=torch.int64))
    assert found.weights.parameters == 40
    assert [layer.shared for layer in found.layers] == ["", "0"]


def test_frozen_parameters():
    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2)).half()
    model[0].requires_grad_(requires_grad=False)
    found = measure(model, torch.zeros(1, 4, dtype=torch.float16))
    assert (found.weights.trainable, found.weights.frozen, found.weights.parameter_bytes) == (8, 15, 46)
    assert (found.layer("0").trainable, found.layer("1").trainable) == (0, 8)


@pytest.mark.parametrize(
    ("cell", "flops"),
    [
        (nn.LSTM(5, 7, 2), 12 * 2 * 4 * 7 * ((5 + 7) + (7 + 7))),
        (nn.GRU(5, 7, bidirectional=True), 12 * 2 * 2 * 3 * 7 * (5 + 7)),
        (nn.RNN(5, 7), 12 * 2 * 7 * (5 + 7)),
    ],
)
def test_recurrent_layers_are_counted_by_formula_whatever_kernel_runs(cell, flops):
    assert measure(cell, torch.zeros(4, 3, 5)).flops == flops
    meta = copy.deepcopy(cell).to("meta")
    assert measure(meta, torch.zeros(4, 3, 5, device="meta")).flops == flops


def test_a_projection_counts():
    cell = nn.LSTM(5, 7, proj_size=3, device="meta")
    assert measure(cell, torch.zeros(4, 3, 5, device="meta")).flops == 12 * (2 * 4 * 7 * (5 + 3) + 2 * 7 * 3)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_a_transformer_shows_its_parts_in_either_mode(training, device):
    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True, device=device)
    # without gradients torch would take one kernel for a whole layer in evaluation
    model = nn.TransformerEncoder(layer, 2).requires_grad_(requires_grad=False)
    found = measure(model, torch.zeros(3, 7, 16, device=device), training=training)
    assert found.layer("layers.1.linear1").outputs == ((3, 7, 32),)
    assert found.unused == ()
    tokens = 3 * 7
    dense = tokens * 2 * (16 * 48 + 16 * 16 + 2 * 16 * 32)
    attention = 3 * 2 * 2 * 7 * 7 * 16  # two products of (7, 8) and (8, 7) per head
    assert found.flops == 2 * (dense + attention)
    assert torch.backends.mha.get_fastpath_enabled()


def test_attention_counts_by_function_too():
    class Attend(nn.Module):
        def forward(self, x):
            return F.scaled_dot_product_attention(x, x, x)

    assert measure(Attend(), torch.zeros(2, 4, 7, 8)).flops == 2 * 2 * 2 * 4 * 7 * 7 * 8


def test_a_compiled_model_is_measured_as_it_is_written():
    inner = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
    itself = copy.deepcopy(inner)
    itself.compile(backend="eager")
    wrapped = torch.compile(inner, backend="eager")
    for model in (wrapped, nn.Sequential(wrapped), itself):
        found = measure(model, torch.zeros(2, 4))
        assert [layer.kind for layer in found.layers][-2:] == ["Linear", "ReLU"]
        assert not any("_orig_mod" in layer.name for layer in found.layers)
        assert found.flops == 2 * 2 * 4 * 3


def test_a_scripted_model_is_measured_as_a_whole():
    with pytest.warns(DeprecationWarning, match="torch.jit.script"):
        model = torch.jit.script(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()))
    found = measure(model, torch.zeros(2, 1, 5, 5))
    assert found.flops_each == 9 * 2 * 2 * 9
    assert found.outputs == ((2, 2, 3, 3),)
    assert found.unused == ()


def test_the_model_is_left_as_it_was():
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(0.5), nn.Flatten(), nn.Linear(18, 2)
    )
    model[1].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    state = torch.get_rng_state()
    hooks = [len(module._forward_hooks) for module in model.modules()]
    call = nn.Module.__call__
    for training in (True, False):
        measure(model, torch.randn(4, 1, 5, 5, generator=torch.Generator().manual_seed(0)), training=training)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert modes == [module.training for module in model.modules()]
    assert torch.equal(state, torch.get_rng_state())
    assert hooks == [len(module._forward_hooks) for module in model.modules()]
    assert nn.Module.__call__ is call
    assert all(weight.grad is None for weight in model.parameters())


class Replaces(nn.Module):
    """A running mean that is replaced, not written over."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(3))

    def forward(self, x):
        self.mean = self.mean + x.mean(0)
        return x - self.mean


def test_buffers_that_a_model_replaces_come_back():
    model = Replaces()
    kept = model.mean
    measure(model, torch.ones(2, 3), training=True)
    assert model.mean is kept
    assert model.mean.tolist() == [0, 0, 0]


def test_what_autograd_keeps_counts_each_storage_once():
    # relu_ keeps its result, which is what the next layer keeps as its input: (3, 8) once
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(inplace=True), nn.Linear(8, 2))
    assert kept_bytes(model, torch.zeros(3, 4)) == 3 * 8 * 4
    assert measure(model, torch.zeros(3, 4)).kept_bytes == 3 * 8 * 4


@pytest.mark.parametrize(
    ("model", "inputs", "expected"),
    [
        (
            nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(512, 10)),
            (torch.zeros(8, 784),),
            "2 (Linear, 512 -> 10) takes (..., 512) and got (8, 256) after 1 (ReLU) gave (8, 256)",
        ),
        (nn.Conv2d(3, 8, 3), (torch.zeros(8, 1, 9, 9),), "(Conv2d, 3 -> 8) takes (N, 3, H, W) and got (8, 1, 9, 9)"),
        (
            nn.Sequential(nn.Embedding(10, 4)),
            (torch.tensor([[3, 12]]),),
            "0 (Embedding, 10 x 4) takes whole numbers from 0 to 9 and got (1, 2) int64 from 3 to 12",
        ),
        (nn.Sequential(nn.Linear(4, 2)), (torch.zeros(2, 4, dtype=torch.int64),), "got (2, 4) int64"),
        (nn.Sequential(nn.BatchNorm1d(4)), (torch.zeros(2, 5),), "takes (N, 4) or (N, 4, T) and got (2, 5)"),
        (nn.LSTM(4, 2, batch_first=True), (torch.zeros(2, 3, 5),), "takes (N, T, 4) and got (2, 3, 5)"),
        (Odd(), ({"y": torch.zeros(2)},), "fails in the code of the model (Odd): 'x'"),
        (nn.Sequential(nn.Linear(4, 2)), (), "fails: the model (Sequential) got no tensor"),
    ],
)  # fmt: skip
def test_a_model_that_fails_says_where_and_what_it_takes(model, inputs, expected):
    with pytest.raises(UsageError) as caught:
        measure(model, *inputs)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
    assert measure(nn.Linear(2, 2), torch.zeros(1, 2)).flops == 8  # and nothing is left behind


def test_functions_that_slide_stand_in_the_order_of_their_work():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.conv2 = nn.Conv2d(1, 2, 5), nn.Conv2d(2, 4, 5)

        def forward(self, x):
            x = F.max_pool2d(self.conv1(x), 2)
            return F.max_pool2d(self.conv2(x), 2)

    found = measure(Net(), torch.zeros(2, 1, 28, 28))
    assert [layer.name for layer in found.layers] == ["conv1", "max_pool2d", "conv2", "max_pool2d"]
    assert [layer.field for layer in found.layers] == [(5, 5), (6, 6), (14, 14), (16, 16)]


@pytest.mark.parametrize(
    "slider",
    [
        nn.Conv2d(1, 1, 3, stride=2, padding=(1, 2), dilation=2),
        nn.Conv2d(1, 1, 3, padding="same", dilation=(1, 3)),
        nn.Conv2d(1, 1, 3, padding=2, padding_mode="reflect"),
        nn.MaxPool2d(3, 2, 1, ceil_mode=True),
        nn.AvgPool2d(4, 3, ceil_mode=True),
        nn.MaxPool2d(2, 3, ceil_mode=True),
        nn.LPPool2d(2, 3),
        nn.ConvTranspose2d(1, 1, 3, 2, 1, output_padding=1, dilation=2),
        nn.AdaptiveMaxPool2d((1, 4)),
    ],
    ids=str,
)
def test_the_arithmetic_gives_the_size_that_torch_gives(slider):
    for size in range(9, 17):
        found = measure(slider, torch.zeros(1, 1, size, size + 3))
        steps = found.layers[0].arithmetic
        assert [step.size for step in steps] == [size, size + 3]
        assert (
            [step.computed for step in steps] == [step.result for step in steps] == [*found.outputs[0][-2:]]
        )
