"""Facts: what was wired how, seen without help."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from tests.watch.watching import trace_of, watched


def recorded(
    folder,
    model,
    loss_of,
    *,
    steps=4,
    optimizer=None,
    inputs=lambda: torch.randn(8, 3),
    before=lambda step: None,
):
    """Train and return the trace.  ``model`` is made while watched."""
    torch.manual_seed(0)
    with watched(folder):
        made = model()
        chosen = optimizer(made) if optimizer else torch.optim.SGD(made.parameters(), lr=0.01)
        for step in range(steps):
            before(step)
            chosen.zero_grad()
            loss_of(made(inputs())).backward()
            chosen.step()
    return trace_of(folder)


LABELS = torch.tensor([0, 1, 2, 3, 0, 1, 2, 3])
REALS = torch.linspace(-1, 1, 8)[:, None]
BITS = (REALS > 0).float()


def test_optimizer(tmp_path):
    def optimizer(model):
        return torch.optim.AdamW(
            [{"params": [model.weight]}, {"params": [model.bias]}],
            lr=3e-3,
            betas=(0.8, 0.9),
            weight_decay=0.1,
        )

    trace = recorded(
        tmp_path / "run", lambda: nn.Linear(3, 1), lambda z: F.mse_loss(z, REALS), optimizer=optimizer
    )
    (fact,) = trace.facts_of("optimizer")
    assert (fact.where, fact.step) == ("AdamW", 0)
    assert fact.data == {
        "class": "AdamW",
        "lr": 3e-3,
        "momentum": 0.8,
        "weight_decay": 0.1,
        "groups": 2,
        "fused": "possible",
        "maximize": False,
    }


class Functional(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.fc = nn.Linear(3, 4)
        self.function = function

    def forward(self, x):
        return self.function(self.fc(x))


def head(*after, width=4):
    return lambda: nn.Sequential(nn.Linear(3, width), *after)


PRODUCERS = {
    "softmax module": (head(nn.Softmax(dim=1)), "cross_entropy", LABELS, "softmax", "1"),
    "softmax function": (lambda: Functional(lambda z: F.softmax(z, dim=1)), "cross_entropy", LABELS, "softmax", ""),
    "softmax then reshaped": (lambda: Functional(lambda z: z.softmax(1).reshape(2, 16).view(8, 4)), "cross_entropy", LABELS, "softmax", ""),
    "log_softmax": (head(nn.LogSoftmax(dim=1)), "nll_loss", LABELS, "log_softmax", "1"),
    "linear": (head(), "cross_entropy", LABELS, "linear", "0"),
    "sigmoid": (head(nn.Sigmoid(), width=1), "binary_cross_entropy", BITS, "sigmoid", "1"),
    "sigmoid squeezed": (head(nn.Sigmoid(), nn.Flatten(0), width=1), "binary_cross_entropy", BITS.flatten(), "sigmoid", "1"),
    "tanh": (head(nn.Tanh(), width=1), "mse_loss", REALS, "tanh", "1"),
    "relu": (head(nn.ReLU(), width=1), "mse_loss", REALS, "relu", "1"),
    "convolution": (lambda: nn.Sequential(nn.Unflatten(1, (1, 3)), nn.Conv1d(1, 4, 3), nn.Flatten()), "cross_entropy", LABELS, "conv", "1"),
}  # fmt: skip


@pytest.mark.parametrize("case", PRODUCERS)
def test_who_made_the_prediction(case, tmp_path):
    model, loss, target, operation, module = PRODUCERS[case]
    trace = recorded(tmp_path / "run", model, lambda z: getattr(F, loss)(z, target))
    (fact,) = trace.facts_of("loss-call")
    data = fact.data
    assert (data["producer"], fact.where, data["function"]) == (operation, loss, loss)
    if module:
        assert data["producer_module"] in (module, "2")  # a shape-only module behind it may be named instead
    assert data["target_shape"] == list(target.shape)
    assert data["target_dtype"] == str(target.dtype).removeprefix("torch.")
    assert data["classes"] == (4 if loss in ("cross_entropy", "nll_loss") else None)


def test_a_loss_call_that_changes_is_told_again(tmp_path):
    def loss(z):
        loss.step += 1
        return F.cross_entropy(z.softmax(1) if loss.step > 3 else z, LABELS)

    loss.step = 0
    trace = recorded(tmp_path / "run", head(), loss, steps=6)
    assert [(fact.step, fact.data["producer"]) for fact in trace.facts_of("loss-call")] == [
        (0, "linear"),
        (3, "softmax"),
    ]


def test_functional_activations_belong_to_the_layer_before(tmp_path):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm, self.fc, self.out = (
                nn.Conv1d(1, 4, 2),
                nn.BatchNorm1d(4),
                nn.Linear(8, 5),
                nn.Linear(5, 1),
            )

        def forward(self, x):
            x = F.relu(self.norm(self.conv(x[:, None])))
            return self.out(torch.sigmoid(self.fc(x.flatten(1))))

    trace = recorded(tmp_path / "run", Net, lambda z: F.mse_loss(z, REALS))
    assert {m.name: m.activation for m in trace.modules} == {
        "conv": "",
        "norm": "relu",
        "fc": "sigmoid",
        "out": "",
    }


@pytest.mark.filterwarnings("ignore:Using a target size")
def test_broadcast_in_a_loss_function(tmp_path):
    trace = recorded(tmp_path / "run", lambda: nn.Linear(3, 1), lambda z: F.mse_loss(z, REALS.flatten()))
    fact = trace.facts_of("broadcast")[0]
    assert (fact.step, fact.where) == (0, "mse_loss")
    assert fact.data["prediction_shape"] == [8, 1] and fact.data["target_shape"] == [8]
    assert fact.data["result_shape"] == [8, 8] and fact.data["share"] == 1.0


def test_broadcast_in_ones_own_loss(tmp_path):
    trace = recorded(tmp_path / "run", lambda: nn.Linear(3, 1), lambda z: ((z - REALS.flatten()) ** 2).mean())
    fact = trace.facts_of("broadcast")[0]
    assert (fact.step, fact.where) == (0, "custom")
    assert fact.data["prediction_shape"] == [8, 1] and fact.data["result_shape"] == [8, 8]


def test_broadcast_in_a_clipped_loss(tmp_path):
    def loss(z):
        near = 0.1 + (z - 0.1).clamp(-1, 1)
        return 0.5 * torch.max((z - REALS.flatten()).square(), (near - REALS.flatten()).square()).mean()

    (fact, *_) = recorded(tmp_path / "run", lambda: nn.Linear(3, 1), loss).facts_of("broadcast")
    assert fact.data["prediction_shape"] == [8, 1] and fact.data["result_shape"] == [8, 8]


@pytest.mark.parametrize("loss", [lambda z: ((z - REALS) ** 2).mean(), lambda z: F.mse_loss(z, REALS), lambda z: (z - z.mean()).square().mean()])  # fmt: skip
def test_no_broadcast(loss, tmp_path):
    assert recorded(tmp_path / "run", lambda: nn.Linear(3, 1), loss).facts_of("broadcast") == ()


def test_modes(tmp_path):
    def model():
        test_modes.made = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.1), nn.Linear(4, 1))
        return test_modes.made

    def before(step):
        if step == 3:
            test_modes.made.eval()

    trace = recorded(tmp_path / "run", model, lambda z: F.mse_loss(z, REALS), steps=6, before=before)
    (fact,) = trace.facts_of("modes")
    assert fact.step == 3
    assert fact.data == {
        "root_training": False,
        "eval_modules": ["1", "2"],
        "train_modules": [],
        "frozen": [],
    }
    assert trace.module("2").training is False


def test_frozen_batch_norm(tmp_path):
    def model():
        made = nn.Sequential(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)), nn.Linear(4, 1))
        made[0].requires_grad_(False)
        made[0].eval()
        return made

    trace = recorded(tmp_path / "run", model, lambda z: F.mse_loss(z, REALS))
    (fact,) = trace.facts_of("modes")
    assert fact.data["frozen"] == ["0.1"] and fact.data["root_training"] is True


@pytest.mark.parametrize("loaded", [False, True])
def test_parameters_that_no_optimizer_holds(loaded, tmp_path):
    def model():
        made = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
        if loaded:
            made[0].load_state_dict(nn.Linear(3, 4).state_dict())
        return made

    def optimizer(model):
        return torch.optim.SGD(model[2].parameters(), lr=0.1)

    trace = recorded(tmp_path / "run", model, lambda z: F.mse_loss(z, REALS), optimizer=optimizer, steps=12)
    fact = trace.facts_of("unowned")[0]
    assert fact.data["parameters"] == ["0.weight", "0.bias"]
    assert fact.data["modules"] == ["0"] and fact.data["loaded"] is loaded
    assert not trace.parameter("0.weight").in_optimizer


def test_every_parameter_owned_or_frozen(tmp_path):
    def model():
        made = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
        made[0].requires_grad_(False)
        return made

    def optimizer(model):
        return torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)

    trace = recorded(tmp_path / "run", model, lambda z: F.mse_loss(z, REALS), optimizer=optimizer, steps=12)
    assert trace.facts_of("unowned") == ()


def test_nonfinite_input(tmp_path):
    def inputs():
        inputs.step += 1
        x = torch.ones(8, 3)
        if inputs.step == 3:
            x[2, 1] = math.nan
        return x

    inputs.step = 0
    trace = recorded(tmp_path / "run", lambda: nn.Linear(3, 1), lambda z: F.mse_loss(z, REALS), inputs=inputs)
    (fact,) = trace.facts_of("nonfinite")
    assert fact.step == 2
    assert fact.data["input_nonfinite"] is True and fact.data["bad_parameters"] == []
    assert fact.data["what"] == "loss"
    assert fact.data["previous_loss"] == pytest.approx(trace.step_signal("loss").mean[1])


def test_nonfinite_weights(tmp_path):
    def optimizer(model):
        return torch.optim.SGD(model.parameters(), lr=1e38)

    trace = recorded(
        tmp_path / "run",
        lambda: nn.Linear(3, 1),
        lambda z: F.mse_loss(z, REALS),
        optimizer=optimizer,
        steps=6,
    )
    (fact,) = trace.facts_of("nonfinite")
    assert fact.data["input_nonfinite"] is False
    assert fact.data["loss"] in ("nan", "inf")


def test_nonfinite_operation(tmp_path):
    trace = recorded(tmp_path / "run", lambda: nn.Linear(3, 1), lambda z: torch.log(z * 0).mean())
    (fact,) = trace.facts_of("nonfinite")
    assert fact.data["bad_parameters"] == [] and fact.data["input_nonfinite"] is False
    assert "LogBackward0" in fact.data["operations"][:3]


def test_nonfinite_target(tmp_path):
    bad = REALS.clone()
    bad[0] = math.inf
    trace = recorded(tmp_path / "run", lambda: nn.Linear(3, 1), lambda z: F.mse_loss(z, bad))
    (fact,) = trace.facts_of("nonfinite")
    assert fact.data["target_nonfinite"] is True and fact.data["input_nonfinite"] is False


@pytest.mark.parametrize(("shuffle", "name"), [(True, "RandomSampler"), (False, "SequentialSampler")])
def test_sampler(shuffle, name, tmp_path):
    with watched(tmp_path / "run"):
        model = nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for _ in range(2):
            for x, y in DataLoader(
                TensorDataset(torch.randn(20, 3), torch.randn(20, 1)), batch_size=6, shuffle=shuffle
            ):
                optimizer.zero_grad()
                F.mse_loss(model(x), y).backward()
                optimizer.step()
    (fact,) = trace_of(tmp_path / "run").facts_of("sampler")
    assert fact.data == {"sampler": name, "batch_size": 6, "samples": 20, "batches": 4}
