"""Activations, dropout and paths that are put between a model's layers."""

import zlib

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradwise.heal.treatment import Cure
from tests.remedies.nets import CNN, MLP, NETS, RNN, SHAPES, could_not, did, same, trained, treatment, weights
from tests.remedies.stacks import Plane, Stack, alike, fitted

# ---- insert-activation ---------------------------------------------------------------


@pytest.mark.parametrize("kind", [Stack, Plane])
def test_rows_get_a_relu_as_in_the_edited_script(kind):
    healed, run = fitted(kind, Cure("insert-activation"))
    assert alike(healed, fitted(lambda: kind(nn.ReLU))[0])
    assert len(did(run)) == 2
    assert not alike(healed, fitted(kind)[0])


@pytest.mark.parametrize("between", [(nn.Dropout,), (nn.Identity, nn.Dropout)])
def test_what_stands_between_does_not_hide_a_row(between):
    healed, _ = fitted(lambda: Stack(*between), Cure("insert-activation"))
    assert alike(healed, fitted(lambda: Stack(nn.ReLU, *between))[0])


@pytest.mark.parametrize("kind", NETS)
def test_layers_with_an_activation_between_are_left(kind):
    class Bare(kind):
        pass

    SHAPES[Bare] = SHAPES[kind]
    with treatment(Cure("insert-activation")) as run:
        healed = trained(Bare)
    assert run.charts[0].idle
    assert same(healed, trained(Bare))


def test_in_place_activations_and_functions_are_seen():
    class Written(Stack):
        def forward(self, x):
            x = torch.relu_(self.rows[0](x))
            return self.head(F.gelu(self.rows[1](x)))

    SHAPES[Written] = (6,)
    _, run = fitted(Written, Cure("insert-activation"))
    assert run.charts[0].idle


def test_only_the_places_asked_for_and_undone_the_net_is_linear():
    net, run = fitted(Stack, Cure("insert-activation", where=("rows.1",)))
    assert set(did(run)) == {"ReLU behind rows.1"}
    x, y = torch.randn(4, 6), torch.randn(4, 6)
    torch.testing.assert_close(net(x + y) + net(torch.zeros_like(x)), net(x) + net(y))
    assert "_gradwise_inside" not in vars(net.head)


# ---- dropout -------------------------------------------------------------------------


def test_the_share_is_dropped_in_training_only_and_the_scripts_numbers_stay():
    torch.manual_seed(0)
    plain = MLP()
    after = torch.rand(1)
    with treatment(Cure("dropout", {"share": 0.25})) as run:
        torch.manual_seed(0)
        net = MLP()
        seen = []
        net.head.register_forward_pre_hook(lambda module, args: seen.append(args[0].detach()))
        x = torch.rand(2000, 6) + 1
        torch.manual_seed(0)
        MLP()
        net(x)
        assert torch.rand(1) == after
        assert torch.equal(net.eval()(x), plain.eval()(x))
    assert set(did(run)) == {"0.25 of what enters fc2 was dropped", "0.25 of what enters head was dropped"}
    assert torch.equal(net.train()(x), plain(x))


@pytest.mark.parametrize("kind", [Stack, CNN, RNN])
def test_dropout_is_torchs_dropout_on_what_enters(kind):
    """With the stream of torch's own the run is that of the edited script."""
    make = (lambda: Stack(nn.ReLU)) if kind is Stack else kind
    healed, run = fitted(make, Cure("dropout", {"share": 0.3}))
    again, _ = fitted(make, Cure("dropout", {"share": 0.3}))
    assert alike(healed, again)
    assert not alike(healed, fitted(make)[0])
    assert len(did(run)) == (2 if kind is Stack else 1)
    with treatment(Cure("dropout", {"share": 0.3})):
        net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))
        torch.manual_seed(7)
        x = torch.randn(5, 4)
        got = net(x)
    generator = torch.Generator()
    generator.manual_seed((7 ^ zlib.crc32(b"1") << 8) % 2**63)
    state = torch.get_rng_state()
    torch.set_rng_state(generator.get_state())
    wanted = net[1](F.dropout(net[0](x), 0.3))
    torch.set_rng_state(state)
    assert torch.equal(got, wanted)


def test_recomputed_blocks_drop_the_same_units():
    from torch.utils.checkpoint import checkpoint

    def gradient(*, recomputed):
        with treatment(Cure("dropout")):
            torch.manual_seed(0)
            net = MLP()
            x = torch.randn(8, 6)
            (checkpoint(net, x, use_reentrant=False) if recomputed else net(x)).sum().backward()
        return net.fc1.weight.grad

    torch.testing.assert_close(gradient(recomputed=True), gradient(recomputed=False))


def test_a_model_that_drops_already_drops_more():
    with treatment(Cure("dropout")) as run:
        net = Stack(nn.ReLU, lambda: nn.Dropout(0.1))
        net(torch.ones(1, 6))
        assert [m.p for m in net.modules() if isinstance(m, nn.Dropout)] == [0.5, 0.5]
    assert [m.p for m in net.modules() if isinstance(m, nn.Dropout)] == [0.1, 0.1]
    assert len(did(run)) == 2


# ---- residual ------------------------------------------------------------------------


class Skips(MLP):
    def forward(self, x):
        x = self.act(self.fc1(x))
        return self.head(x + F.relu(self.fc2(x)))


SHAPES[Skips] = (6,)


class SkippingStack(Stack):
    def forward(self, x):
        one, *rest = (self.rows[: len(self.rows) // 2], self.rows[len(self.rows) // 2 :])
        x = one(x)
        return self.head(rest[0](x) + x)


SHAPES[SkippingStack] = (6,)


class SkippingPlane(Plane):
    def forward(self, x):
        x = self.after(self.one(x))
        return self.head((x + self.after(self.two(x))).flatten(1))


SHAPES[SkippingPlane] = (1, 6, 6)

ACTS = [nn.Tanh, nn.ReLU, nn.GELU, nn.SiLU, nn.LeakyReLU, lambda: nn.ReLU(inplace=True), nn.Sigmoid, nn.PReLU]


def test_a_path_around_a_function():
    healed, run = fitted(MLP, Cure("residual"))
    assert alike(healed, fitted(Skips)[0])
    assert did(run) == {"fc2 adds its input": 6}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(("kind", "edited"), [(Stack, SkippingStack), (Plane, SkippingPlane)])
def test_a_path_around_modules(kind, edited, act):
    healed, _ = fitted(lambda: kind(act), Cure("residual"))
    assert alike(healed, fitted(lambda: edited(act))[0])
    assert not alike(healed, fitted(lambda: kind(act))[0])


def test_norms_and_dropout_belong_to_the_block():
    between = (lambda: nn.LayerNorm(16), lambda: nn.Dropout(0.2), nn.Tanh)
    healed, _ = fitted(lambda: Stack(*between), Cure("residual"))
    assert alike(healed, fitted(lambda: SkippingStack(*between))[0])


@pytest.mark.parametrize("kind", [CNN, RNN])
def test_where_shapes_differ_nothing_is_added(kind):
    healed, run = fitted(kind, Cure("residual"))
    assert run.charts[0].idle
    assert alike(healed, fitted(kind)[0])


# ---- all of them ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "cure", ["insert-activation", "batch-norm", "layer-norm", "group-norm", "dropout", "residual"]
)
@pytest.mark.parametrize("make", [lambda: Stack(), lambda: Stack(nn.ReLU), lambda: Plane(nn.ReLU), CNN, RNN])
def test_undone_the_model_computes_what_it_did(cure, make):
    torch.manual_seed(0)
    net = make().eval()
    x = torch.randn(3, *SHAPES[type(net)])
    before, state = net(x), weights(net)
    with treatment(Cure(cure)):
        net(x)
    assert torch.equal(net(x), before)
    assert list(net.state_dict()) == list(state)


def test_a_compiled_model_gets_nothing_and_it_is_told():
    with treatment(Cure("batch-norm"), Cure("dropout")) as run:
        torch.compile(MLP(), backend="eager")(torch.ones(2, 6))
    assert could_not(run) == ["OptimizedModule is compiled as it is; nothing is put between its layers"] * 2


TOGETHER = (
    "align-shapes", "match-loss", "drop-activation", "linear-output", "insert-activation", "set-train-mode",
    "set-eval-mode", "lower-dropout", "dropout", "group-norm", "batch-norm", "layer-norm", "forget-bias", "residual",
    "autocast-bf16", "channels-last", "he-init",
)  # fmt: skip


@pytest.mark.parametrize("make", [MLP, CNN, RNN, Stack, lambda: Plane(nn.ReLU)])
def test_all_together_none_fails(make):
    healed, run = fitted(make, *map(Cure, TOGETHER))
    assert not [line for line in could_not(run) if "Error" in line]
    assert all(value.isfinite().all() for value in healed.state_dict().values())
    assert not any("_gradwise_inside" in vars(part) for part in healed.modules())
