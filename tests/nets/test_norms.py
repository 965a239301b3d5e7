"""Norm layers against their formulas, batch norm by hand against torch and autograd, wrong combinations."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional

from gradwise import nets
from gradwise.errors import UnknownNameError, UsageError
from gradwise.nets import norms
from gradwise.nets.norms.batch_norm_by_hand import BatchNormByHand, Normalise
from gradwise.train.callbacks import SaveCheckpoint
from gradwise.train.checkpoint import Checkpoints
from gradwise.train.loop import fit, step
from gradwise.train.training import Training
from tests.train.small import StopAt, same, train_batches, weights

SHAPES = [(7, 6), (5, 6, 9), (4, 6, 3, 5)]  # rows, series, maps of 6 channels
IMAGE = {"channels": 1, "height": 8, "width": 8}
by_shape = pytest.mark.parametrize("shape", SHAPES, ids=["rows", "series", "maps"])


def drawn(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    """Numbers of unequal size and level by channel, float64."""
    generator = torch.Generator().manual_seed(seed)
    numbers = torch.randn(shape, dtype=torch.float64, generator=generator)
    sizes = torch.tensor([1.0, 10.0, 0.1, 3.0, 2.0, 5.0], dtype=torch.float64)
    return (numbers * sizes.view(-1, *[1] * (len(shape) - 2))) + 4 * sizes.view(-1, *[1] * (len(shape) - 2))


def affine(made: nn.Module) -> None:
    """Other gains and shifts than 1 and 0."""
    generator = torch.Generator().manual_seed(5)
    for weight in made.parameters():
        nn.init.uniform_(weight, 0.5, 2.0, generator=generator)


def formula(name: str, x: Tensor, groups: int) -> Tensor:
    """(x - mean) / sqrt(variance + eps), over the axes that the name says."""
    axes: tuple[int, ...] = {
        "batch-norm": (0, *range(2, x.ndim)),
        "batch-norm-by-hand": (0, *range(2, x.ndim)),
        "layer-norm": (1,) if x.ndim < 4 else (1, 2, 3),
        "instance-norm": tuple(range(2, x.ndim)),
    }.get(name, tuple(range(2, x.ndim + 1)))
    seen = x.unflatten(1, (groups, -1)) if name == "group-norm" else x
    apart = seen - seen.mean(axes, keepdim=True)
    return (apart / (apart.square().mean(axes, keepdim=True) + 1e-5).sqrt()).reshape(x.shape)


@by_shape
@pytest.mark.parametrize("name", list(norms.NORMS))
def test_it_is_its_published_formula(name: str, shape: tuple[int, ...]) -> None:
    axes, x = len(shape) - 2, drawn(shape)
    if name == "instance-norm" and not axes:
        return
    word = "group-norm:groups=3" if name == "group-norm" else name
    made = norms.make(word, 6, axes=axes).double().train()
    assert torch.allclose(made(x), formula(name, x, groups=3), atol=1e-10)
    affine(made)
    gain, shift = (weight.view(-1, *[1] * axes) for weight in made.parameters())
    assert torch.allclose(made(x), gain * formula(name, x, groups=3) + shift, atol=1e-10)


@by_shape
def test_by_hand_goes_forward_and_back_as_torch_does(shape: tuple[int, ...]) -> None:
    ours, theirs = (
        norms.make(name, 6, axes=len(shape) - 2).double() for name in ("batch-norm-by-hand", "bn")
    )
    affine(ours)
    theirs.load_state_dict(ours.state_dict())
    for seed in range(3):  # running averages move too
        x = drawn(shape, seed)
        seen = []
        for made in (ours, theirs):
            made.zero_grad()
            own = x.clone().requires_grad_()
            outputs = made(own)
            (outputs * drawn(shape, 9)).sin().sum().backward()
            seen.append([outputs, own.grad, *(weight.grad for weight in made.parameters())])
        assert all(torch.allclose(a, b, rtol=1e-9, atol=1e-10) for a, b in zip(*seen, strict=True))
    for (name, mine), other in zip(ours.state_dict().items(), theirs.state_dict().values(), strict=True):
        assert torch.allclose(mine, other, rtol=1e-12), name
    x = drawn(shape, 8)
    assert torch.allclose(ours.eval()(x), theirs.eval()(x), rtol=1e-9, atol=1e-10)
    assert not torch.allclose(ours(x), ours.train()(x)), "evaluation goes by the running averages"


@by_shape
def test_the_derived_gradient_equals_autograds(shape: tuple[int, ...]) -> None:
    gain, shift = (drawn((2, 6), seed)[0].requires_grad_() for seed in (1, 2))
    x = drawn(shape).requires_grad_()
    outer = drawn(shape, 3)

    def plain() -> Tensor:
        axes = [axis for axis in range(x.ndim) if axis != 1]
        mean, variance = x.mean(axes, keepdim=True), x.var(axes, correction=0, keepdim=True)
        sides = [-1, *[1] * (x.ndim - 2)]
        return gain.view(sides) * (x - mean) / (variance + 1e-5).sqrt() + shift.view(sides)

    wanted = torch.autograd.grad((plain() * outer).sum(), (x, gain, shift))
    got = torch.autograd.grad((Normalise.apply(x, gain, shift, 1e-5) * outer).sum(), (x, gain, shift))
    assert all(torch.allclose(a, b, rtol=1e-9, atol=1e-9) for a, b in zip(wanted, got, strict=True))
    assert torch.autograd.gradcheck(lambda *all_of: Normalise.apply(*all_of, 1e-5), (x, gain, shift))


def test_by_hand_has_no_second_derivative_and_says_so() -> None:
    x = drawn((4, 6)).requires_grad_()
    made = BatchNormByHand(6).double()
    (slope,) = torch.autograd.grad(made(x).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


def test_by_hand_needs_two_numbers_per_channel() -> None:
    with pytest.raises(UsageError, match="more than one number per channel"):
        BatchNormByHand(6)(torch.zeros(1, 6))
    assert BatchNormByHand(6).eval()(torch.zeros(1, 6)).shape == (1, 6)


def test_momentum_and_eps_are_what_was_asked() -> None:
    for name in ("batch-norm", "batch-norm-by-hand"):
        made = norms.make(f"{name}:momentum=0.5,eps=0.25", 1, axes=0)
        made(torch.tensor([[2.0], [4.0]]))
        assert made.running_mean.item() == 1.5 and made.running_var.item() == 1.5, name  # 0.5 · (3, 2) + ...
        assert made(torch.tensor([[2.0], [4.0]])).max().item() == pytest.approx(1 / 1.25**0.5)


@pytest.mark.parametrize(("channels", "groups"), [(1, 1), (7, 1), (32, 4), (48, 6), (256, 32), (1024, 32)])
def test_groups_follow_from_the_channels(channels: int, groups: int) -> None:
    assert norms.make("group-norm", channels, axes=2).num_groups == groups


@pytest.mark.parametrize(
    ("word", "channels", "axes", "message"),
    [
        ("instance-norm", 8, 0, "a dense layer, as on a table, has none; take layer-norm or batch-norm."),
        ("group:groups=3", 8, 2, "3 groups do not divide a layer of 8 channels; take 2 or 4."),
        ("group:groups=8", 8, 0, "over a single number is always 0"),
        ("layer-norm", 1, 0, "over a single number is always 0"),
        ("group:groups=0", 8, 2, "groups takes a whole number from 1 to 65536, not 0."),
        ("layer-norm:groups=2", 8, 2, "norm 'layer-norm' has no option groups; it takes eps."),
        ("bn:momentum=2", 8, 2, "momentum takes a number from 0 to 1, not 2."),
    ],
)
def test_a_wrong_combination_is_one_sentence(word: str, channels: int, axes: int, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        norms.make(word, channels, axes=axes)


def test_names_are_made_proper() -> None:
    assert norms.check_norm("BN") == "batch-norm" and norms.check_norm("None") == "none"
    assert norms.check_norm("group:groups=8") == "group-norm:groups=8"
    with pytest.raises(UnknownNameError, match=r"no norm 'bathc-norm' \(did you mean 'batch-norm' .*none\."):
        norms.check_norm("bathc-norm")
    with pytest.raises(UsageError, match="has no option groups"):
        norms.check_norm("bn:groups=2")


NETS: list[tuple[str, dict[str, Any]]] = [
    ("mlp", {"numbers": 4, "units": 16}),
    ("mlp", IMAGE),
    ("cnn", IMAGE),
    ("lenet-5", {"channels": 1, "height": 28, "width": 28}),
    ("resnet18", {"channels": 1, "height": 32, "width": 32, "units": 16}),
    ("cnn1d", {"features": 2, "length": 9, "units": 16}),
]


@pytest.mark.parametrize(("net", "shape"), NETS)
@pytest.mark.parametrize("name", [*norms.NORMS, "none"])
def test_nets_take_every_norm_that_makes_sense(net: str, shape: dict[str, Any], name: str) -> None:
    dense = net in ("mlp", "lenet-5")  # it has dense layers, where there are no places
    if name == "instance-norm" and dense:
        with pytest.raises(UsageError, match="dense layer"):
            nets.make(net, outputs=3, **shape, norm=name)
        return
    made = nets.make(net, outputs=3, **shape, norm=name).train()
    found = [type(module).__name__ for module in made.modules() if "Norm" in type(module).__name__]
    assert bool(found) == (name != "none")
    if name != "batch-norm":
        assert not any(kind.startswith("BatchNorm") and kind != "BatchNormByHand" for kind in found)
    inputs = inputs_of(shape)
    made(*inputs).square().mean().backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in made.parameters())


def inputs_of(shape: dict[str, Any]) -> tuple[Tensor, ...]:
    if "numbers" in shape:
        return (torch.randn(4, shape["numbers"]),)
    if "features" in shape:
        return torch.randn(4, shape["length"], shape["features"]), torch.full((4,), shape["length"])
    return (torch.randint(0, 256, (4, 1, shape["height"], shape["width"]), dtype=torch.uint8),)


@pytest.mark.parametrize(
    ("net", "shape", "norm"),
    [(*each, norm) for each, norm in zip(NETS, ("none", "none", "bn", "none", "bn", "bn"), strict=True)],
)
def test_the_usual_net_is_the_one_with_its_usual_norm(net: str, shape: dict[str, Any], norm: str) -> None:
    made = []
    for given in ({}, {"norm": norm}):
        torch.manual_seed(0)
        made.append(nets.make(net, outputs=3, **shape, **given))
    assert same(weights(made[0]), weights(made[1]))
    usual = nets.options(
        net, "table" if "numbers" in shape else "series" if "features" in shape else "images"
    )
    assert norms.check_norm(usual["norm"]) == norms.check_norm(norm)


@pytest.mark.parametrize(
    ("norm", "bias"), [("batch-norm", False), ("instance-norm", False), ("layer-norm", True), ("none", True)]
)
def test_a_layer_has_a_bias_where_the_norm_leaves_it_a_use(norm: str, bias: bool) -> None:
    net = nets.make("cnn", outputs=3, **IMAGE, norm=norm)
    assert all((module.bias is not None) == bias for module in net.modules() if isinstance(module, nn.Conv2d))


def test_padding_changes_nothing_behind_layer_norm() -> None:
    net = nets.make("cnn1d", outputs=3, features=2, length=9, units=16, norm="layer-norm").eval()
    series, lengths = torch.randn(3, 9, 2), torch.tensor([5, 9, 7])
    longer = functional.pad(series, (0, 0, 0, 6))
    longer[0, 5:] = 7.0
    assert torch.allclose(net(series, lengths), net(longer, lengths), atol=1e-6)


@pytest.mark.parametrize("norm", ["group-norm", "instance-norm"])
def test_norms_over_time_refuse_padding(norm: str) -> None:
    net = nets.make("cnn1d", outputs=3, features=2, length=9, units=16, norm=norm)
    assert net(torch.randn(2, 9, 2), torch.tensor([9, 9])).shape == (2, 3)
    with pytest.raises(UsageError, match=f"'{norm}' averages over time, padding included"):
        net(torch.randn(2, 9, 2), torch.tensor([9, 5]))


def training_of(net: nn.Module) -> Training:
    return Training(net, torch.optim.SGD(net.parameters(), 0.01), nn.CrossEntropyLoss())


def one_step(net: nn.Module, *inputs: Tensor) -> float:
    return float(step(training_of(net), inputs, torch.zeros(len(inputs[0]), dtype=torch.int64)))


def test_one_row_per_batch_is_one_sentence() -> None:
    row = torch.randn(1, 4)
    with pytest.raises(
        UsageError, match=r"one number to average .*\(its input is 1 x 16\); take --norm group-norm"
    ):
        one_step(nets.make("mlp", outputs=3, numbers=4, units=16, norm="batch-norm"), row)
    assert one_step(nets.make("mlp", outputs=3, numbers=4, units=16, norm="group-norm"), row) > 0
    pixels = torch.randint(0, 256, (1, 1, 8, 8), dtype=torch.uint8)
    with pytest.raises(UsageError, match=r"its input is 1 x 256 x 1 x 1"):
        one_step(nets.make("cnn", outputs=3, **IMAGE, depth=5), pixels)
    assert one_step(nets.make("cnn", outputs=3, **IMAGE), pixels) > 0, "a map has places to average over"


class Refusing(nn.Module):
    """Raises another error."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, rows: Tensor) -> Tensor:
        raise ValueError("no such thing")


def test_other_errors_of_a_net_pass_as_they_are() -> None:
    with pytest.raises(ValueError, match="no such thing"):
        one_step(Refusing(), torch.zeros(1, 4))


@pytest.mark.parametrize("norm", ["batch-norm", "batch-norm-by-hand"])
def test_running_averages_are_part_of_a_checkpoint(norm: str, tmp_path: Any) -> None:
    def made() -> Training:
        torch.manual_seed(0)
        return training_of(nets.make("mlp", outputs=10, numbers=64, units=16, depth=1, norm=norm))

    whole, first, second = made(), made(), made()
    fit(whole, train_batches(), epochs=2)
    fit(first, train_batches(), epochs=2, callbacks=[StopAt(13), SaveCheckpoint(tmp_path)])
    held = weights(first.model)
    assert held["layers.1.running_mean"].abs().sum() > 0 and held["layers.1.num_batches_tracked"] == 13
    assert not same(held, weights(second.model))
    Checkpoints(tmp_path).load(second)
    assert same(held, weights(second.model))
    fit(second, train_batches(), epochs=2)
    assert same(weights(whole.model), weights(second.model))


@pytest.mark.parametrize("size", [1, 2])
def test_group_norm_learns_real_images_one_or_two_at_a_time(size: int) -> None:
    torch.manual_seed(0)
    pixels, target = load_digits(return_X_y=True)
    images = torch.tensor(pixels * 15.9375, dtype=torch.uint8).view(-1, 1, 8, 8)[:300]
    wanted = torch.tensor(target)[:300]
    net = nets.make("cnn", outputs=10, **IMAGE, units=16, norm="group-norm").train()
    optimizer = torch.optim.Adam(net.parameters(), 0.002)
    for start in range(0, 300, size):
        optimizer.zero_grad()
        functional.cross_entropy(net(images[start : start + size]), wanted[start : start + size]).backward()
        optimizer.step()
    with torch.no_grad():
        assert float((net.eval()(images).argmax(1) == wanted).float().mean()) > 0.7
