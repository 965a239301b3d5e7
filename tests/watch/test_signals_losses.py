"""Loss value and best constant prediction, for every recognised loss, against float64 and brute force."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.watch.watching import at, trace_of, watched

ROWS, CLASSES = 64, 4


def one_step(folder, loss_of, width, targets):
    """Train a linear layer on the batches of targets; the outputs and the trace."""
    torch.manual_seed(7)
    outs, losses = [], []
    with watched(folder):
        model = nn.Linear(5, width)
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
        for target in targets:
            optimizer.zero_grad()
            out = model(torch.randn(len(target), 5))
            loss = loss_of(out, target)
            loss.backward()
            optimizer.step()
            outs.append(out.detach())
            losses.append(loss.item())
    return trace_of(folder), outs, losses


def best_constant(loss_of_constant, start):
    """Smallest loss any constant prediction reaches, found by L-BFGS in float64."""
    guess = start.double().clone().requires_grad_()
    optimizer = torch.optim.LBFGS([guess], max_iter=300, line_search_fn="strong_wolfe", tolerance_grad=1e-12)

    def closure():
        optimizer.zero_grad()
        loss = loss_of_constant(guess)
        loss.backward()
        return loss

    optimizer.step(closure)
    return loss_of_constant(guess).item()


WEIGHTS = torch.tensor([0.2, 1.0, 3.0, 1.5])
CLASS_CASES = {
    "plain": {},
    "label smoothing": {"label_smoothing": 0.2},
    "class weights": {"weight": WEIGHTS},
    "reduction sum": {"reduction": "sum"},
}


@pytest.mark.parametrize("case", CLASS_CASES)
def test_cross_entropy(case, tmp_path):
    options = CLASS_CASES[case]
    torch.manual_seed(1)
    targets = [
        torch.multinomial(torch.tensor([0.5, 0.2, 0.1, 0.2]), ROWS, replacement=True) for _ in range(4)
    ]
    trace, _, losses = one_step(
        tmp_path / "run", lambda out, y: F.cross_entropy(out, y, **options), CLASSES, targets
    )
    summed = case == "reduction sum"
    assert at(trace, "criterion", "cross_entropy", 3) == pytest.approx(
        losses[3] / (ROWS if summed else 1), rel=1e-5
    )
    everything = torch.cat(targets)
    exact = {
        key: value.double() if isinstance(value, torch.Tensor) else value for key, value in options.items()
    }
    best = best_constant(
        lambda z: F.cross_entropy(z.expand(len(everything), -1), everything, **exact), torch.zeros(CLASSES)
    )
    best /= len(everything) if summed else 1
    assert at(trace, "trivial", "cross_entropy", 3) == pytest.approx(best, rel=1e-4)
    assert list(trace.step_signal("loss").mean) == losses  # what backward ran on stays as it is


def test_padding_is_no_target(tmp_path):
    target = torch.tensor([0, 1, -100, 1, -100, 2, 1, 1])
    trace, outs, losses = one_step(tmp_path / "run", lambda z, y: F.cross_entropy(z, y), 3, [target])
    kept = target >= 0
    right = (outs[0].argmax(dim=1) == target)[kept].double().mean().item()
    assert at(trace, "accuracy", "cross_entropy", 0) == pytest.approx(right)
    shares = np.array([1, 4, 1]) / 6
    assert at(trace, "trivial", "cross_entropy", 0) == pytest.approx(
        -(shares * np.log(shares)).sum(), rel=1e-5
    )
    assert at(trace, "criterion", "cross_entropy", 0) == pytest.approx(losses[0])
    assert at(trace, "majority", "cross_entropy", 0) == pytest.approx(4 / 6)


def test_targets_that_are_distributions(tmp_path):
    torch.manual_seed(3)
    targets = [torch.softmax(torch.randn(ROWS, CLASSES), dim=1) for _ in range(3)]
    trace, _, losses = one_step(tmp_path / "run", lambda z, y: F.cross_entropy(z, y), CLASSES, targets)
    every = torch.cat(targets).double()
    best = best_constant(lambda z: F.cross_entropy(z.expand(len(every), -1), every), torch.zeros(CLASSES))
    assert at(trace, "trivial", "cross_entropy", 2) == pytest.approx(best, rel=1e-4)
    assert at(trace, "criterion", "cross_entropy", 2) == pytest.approx(losses[2])


def test_labels_of_every_pixel(tmp_path):
    torch.manual_seed(3)
    y = torch.randint(0, 3, (5, 4, 4))
    with watched(tmp_path / "run"):
        model = nn.Conv2d(2, 3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        out = model(torch.randn(5, 2, 4, 4))
        F.cross_entropy(out, y).backward()
        optimizer.step()
    trace = trace_of(tmp_path / "run")
    assert at(trace, "accuracy", "cross_entropy", 0) == pytest.approx(
        (out.argmax(1) == y).double().mean().item()
    )
    assert at(trace, "majority", "cross_entropy", 0) == pytest.approx(np.bincount(y.flatten()).max() / 80)


def test_nll(tmp_path):
    torch.manual_seed(4)
    targets = [torch.randint(0, CLASSES, (ROWS,)) for _ in range(2)]
    trace, outs, losses = one_step(
        tmp_path / "run", lambda out, y: F.nll_loss(out.log_softmax(1), y), CLASSES, targets
    )
    assert at(trace, "criterion", "nll_loss", 1) == pytest.approx(losses[1], rel=1e-5)
    shares = np.bincount(torch.cat(targets)) / (2 * ROWS)
    assert at(trace, "trivial", "nll_loss", 1) == pytest.approx(-(shares * np.log(shares)).sum(), rel=1e-4)
    assert at(trace, "accuracy", "nll_loss", 1) == pytest.approx(
        (outs[1].argmax(1) == targets[1]).double().mean().item()
    )


REAL = {
    "mse_loss": {},
    "l1_loss": {},
    "smooth_l1_loss": {"beta": 0.7},
    "huber_loss": {"delta": 1.7},
}


@pytest.mark.parametrize("function", REAL)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_distances(function, reduction, tmp_path):
    torch.manual_seed(5)
    targets = [torch.randn(ROWS, 2).exp() * torch.tensor([1.0, 3.0]) for _ in range(3)]

    def loss(*args, **kwargs):
        return getattr(F, function)(*args, **kwargs)

    options = {**REAL[function], "reduction": reduction}
    trace, _, losses = one_step(tmp_path / "run", lambda out, y: loss(out, y, **options), 2, targets)
    count = ROWS * 2 if reduction == "sum" else 1
    assert at(trace, "criterion", function, 2) == pytest.approx(losses[2] / count, rel=1e-5)
    every = torch.cat(targets).double()
    best = best_constant(
        lambda z: loss(z.expand_as(every), every, **REAL[function]), every.median(dim=0).values + 1e-3
    )
    # smooth losses: the median is within a few percent of the best constant
    assert at(trace, "trivial", function, 2) == pytest.approx(
        best, rel=1e-4 if function in ("mse_loss", "l1_loss") else 0.15
    )
    last = targets[2].double()
    for name, value in (("mean", last.mean()), ("std", last.std()), ("min", last.min()), ("max", last.max())):
        assert at(trace, f"target_{name}", function, 2) == pytest.approx(value.item(), rel=1e-5)


def test_a_weight_of_positives_moves_the_best_constant(tmp_path):
    torch.manual_seed(6)
    targets = [(torch.rand(ROWS) < 0.12).float() for _ in range(3)]
    weight = torch.tensor(0.14)
    loss = lambda z, y: F.binary_cross_entropy_with_logits(z, y, pos_weight=weight.to(z.dtype))  # noqa: E731
    trace, _, losses = one_step(tmp_path / "run", lambda z, y: loss(z[:, 0], y), 1, targets)
    place, every = "binary_cross_entropy_with_logits", torch.cat(targets).double()
    best = best_constant(lambda z: loss(z.expand_as(every), every), torch.zeros(1))
    assert at(trace, "criterion", place, 2) == pytest.approx(losses[2], rel=1e-5)
    assert at(trace, "trivial", place, 2) == pytest.approx(best, rel=1e-4)
    told = trace.facts_of("loss-call")[-1].data
    assert told["class_weights"] == [1.0, pytest.approx(0.14)]


def test_signs(tmp_path):
    torch.manual_seed(6)
    targets = [(torch.rand(ROWS) < 0.3).float() * 2 - 1 for _ in range(3)]
    trace, outs, losses = one_step(tmp_path / "run", lambda z, y: F.soft_margin_loss(z[:, 0], y), 1, targets)
    every = torch.cat(targets).double()
    best = best_constant(lambda z: F.soft_margin_loss(z.expand_as(every), every), torch.zeros(1))
    assert at(trace, "criterion", "soft_margin_loss", 2) == pytest.approx(losses[2], rel=1e-5)
    assert at(trace, "trivial", "soft_margin_loss", 2) == pytest.approx(best, rel=1e-4)
    right = (outs[2][:, 0].sign() == targets[2]).double().mean().item()
    assert at(trace, "accuracy", "soft_margin_loss", 2) == pytest.approx(right)
    share = (every < 0).double().mean().item()
    assert at(trace, "majority", "soft_margin_loss", 2) == pytest.approx(share, rel=1e-5)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("weight", [None, torch.tensor([1.0, 4.0, 0.5])])
def test_several_labels(weight, reduction, tmp_path):
    torch.manual_seed(6)
    targets = [(torch.rand(ROWS, 3) < torch.tensor([0.2, 0.6, 0.5])).float() for _ in range(3)]
    loss = lambda z, y, **more: F.multilabel_soft_margin_loss(  # noqa: E731
        z, y, weight=None if weight is None else weight.to(z.dtype), **more
    )
    trace, outs, losses = one_step(tmp_path / "run", lambda z, y: loss(z, y, reduction=reduction), 3, targets)
    place, every = "multilabel_soft_margin_loss", torch.cat(targets).double()
    best = best_constant(lambda z: loss(z.expand_as(every), every), torch.zeros(3))
    mean = losses[2] / (ROWS if reduction == "sum" else 1)
    assert at(trace, "criterion", place, 2) == pytest.approx(mean, rel=1e-5)
    assert at(trace, "trivial", place, 2) == pytest.approx(best, rel=1e-4)
    right = ((outs[2] > 0) == (targets[2] > 0.5)).double().mean().item()
    assert at(trace, "accuracy", place, 2) == pytest.approx(right)


@pytest.mark.parametrize("shares", [[0.5, 0.3, 0.2], [0.85, 0.15, 0.0]])
@pytest.mark.parametrize(
    "options", [{}, {"margin": 0.4}, {"p": 2}, {"weight": torch.tensor([1.0, 2.0, 5.0])}]
)
def test_margins_between_classes(options, shares, tmp_path):
    torch.manual_seed(8)
    targets = [torch.multinomial(torch.tensor(shares), ROWS, replacement=True) for _ in range(3)]
    trace, outs, losses = one_step(
        tmp_path / "run", lambda z, y: F.multi_margin_loss(z, y, **options), 3, targets
    )
    place, every = "multi_margin_loss", torch.cat(targets)
    exact = {k: v.double() if isinstance(v, torch.Tensor) else v for k, v in options.items()}
    margin = options.get("margin", 1.0)
    tried = [torch.zeros(3), *(torch.eye(3) * margin)]
    best = min(F.multi_margin_loss(z.double().expand(len(every), -1), every, **exact).item() for z in tried)
    assert at(trace, "criterion", place, 2) == pytest.approx(losses[2], rel=1e-5)
    assert at(trace, "trivial", place, 2) == pytest.approx(best, rel=1e-4)
    right = (outs[2].argmax(1) == targets[2]).double().mean().item()
    assert at(trace, "accuracy", place, 2) == pytest.approx(right)


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")
@pytest.mark.parametrize("reduction", ["batchmean", "mean", "sum", "none"])
@pytest.mark.parametrize("logs", [False, True])
def test_distance_of_distributions(logs, reduction, tmp_path):
    torch.manual_seed(9)
    targets = [torch.softmax(2 * torch.randn(ROWS, CLASSES), dim=1) for _ in range(3)]

    def loss(z, y, reduction):
        y = y.log() if logs else y
        value = F.kl_div(z.log_softmax(-1), y, reduction=reduction, log_target=logs)
        return value.mean() if reduction == "none" else value

    trace, _, losses = one_step(tmp_path / "run", lambda z, y: loss(z, y, reduction), CLASSES, targets)
    every = torch.cat(targets).double()
    best = best_constant(lambda z: loss(z.expand(len(every), -1), every, "batchmean"), torch.zeros(CLASSES))
    rows = {"batchmean": 1.0, "mean": CLASSES, "sum": 1 / ROWS, "none": CLASSES}[reduction] * losses[2]
    assert at(trace, "criterion", "kl_div", 2) == pytest.approx(rows, rel=1e-4)
    assert at(trace, "trivial", "kl_div", 2) == pytest.approx(best, rel=1e-3)


@pytest.mark.parametrize("function", ["binary_cross_entropy", "binary_cross_entropy_with_logits"])
def test_binary(function, tmp_path):
    torch.manual_seed(6)
    targets = [(torch.rand(ROWS, 2) < torch.tensor([0.2, 0.6])).float() for _ in range(3)]
    logits = function.endswith("logits")

    def loss(*args, **kwargs):
        return getattr(F, function)(*args, **kwargs)

    trace, outs, losses = one_step(
        tmp_path / "run", lambda z, y: loss(z if logits else z.sigmoid(), y), 2, targets
    )
    assert at(trace, "criterion", function, 2) == pytest.approx(losses[2], rel=1e-5)
    every = torch.cat(targets).double()
    best = best_constant(
        lambda z: F.binary_cross_entropy_with_logits(z.expand_as(every), every), torch.zeros(2)
    )
    assert at(trace, "trivial", function, 2) == pytest.approx(best, rel=1e-4)
    right = ((outs[2] > 0) == (targets[2] > 0.5)).double().mean().item()
    assert at(trace, "accuracy", function, 2) == pytest.approx(right)
    p = every.mean(dim=0)
    assert at(trace, "majority", function, 2) == pytest.approx(
        torch.maximum(p, 1 - p).mean().item(), rel=1e-5
    )


@pytest.mark.parametrize(
    ("activation", "share"), [(torch.sigmoid, 0.75), (torch.tanh, 0.5), (F.relu, 0.5), (lambda z: z, None)]
)
def test_targets_out_of_reach(activation, share, tmp_path):
    target = torch.tensor([-3.0, -0.5, 0.5, 30.0]).repeat(4)[:, None]
    trace, _, _ = one_step(tmp_path / "run", lambda z, y: F.mse_loss(activation(z), y), 1, [target])
    if share is None:
        assert "outside_share" not in trace.tables
    else:
        assert at(trace, "outside_share", "mse_loss", 0) == share


AFFINE = {
    "sigmoid into an interval": (lambda z: 20 + 30 * torch.sigmoid(z), "sigmoid", [20.0, 50.0]),
    "halved tanh": (lambda z: (1 - torch.tanh(z)) / 2, "tanh", [0.0, 1.0]),
    "tensor constants": (
        lambda z: z.sigmoid() * torch.tensor([4.0]) - torch.tensor(2.0),
        "sigmoid",
        [-2.0, 2.0],
    ),
    "shifted relu": (lambda z: F.relu(z) - 1, "relu", [-1.0, None]),
    "negated relu, reshaped": (lambda z: -F.relu(z.flatten()).unsqueeze(1), "relu", [None, 0.0]),
    "bare": (torch.tanh, "tanh", [-1.0, 1.0]),
    "scale of each column": (lambda z: z.tanh() * torch.tensor([1.0, 5.0]), "", None),
    "learnt scale": (lambda z: z.sigmoid() * z.detach().mean().requires_grad_(), "", None),
    "sum of two": (lambda z: z.sigmoid() + z.tanh(), "", None),
    "square": (lambda z: z.sigmoid() ** 2, "", None),
    "clamped": (lambda z: (10 * z.sigmoid()).clamp(1, 4), "", None),
    "linear": (lambda z: 3 * z + 1, "", None),
}


def test_reach_of_a_recurrent_layer_that_answers_by_itself(tmp_path):
    x, y = torch.randn(6, 4, 2), 3 * torch.randn(6, 3)
    with watched(tmp_path / "run"):
        model = nn.LSTM(2, 3, batch_first=True)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(2):
            optimizer.zero_grad()
            F.mse_loss(model(x)[0][:, -1], y).backward()
            optimizer.step()
    data = trace_of(tmp_path / "run").facts_of("loss-call")[-1].data
    assert (data["bounded_by"], data["reach"]) == ("lstm", [-1.0, 1.0])


@pytest.mark.parametrize("case", AFFINE)
def test_reach_behind_a_scale_and_a_shift(case, tmp_path):
    bend, activation, ends = AFFINE[case]
    width = 2 if "column" in case else 1
    target = torch.linspace(-3, 60, 16)[:, None].expand(16, width)
    trace, _, _ = one_step(tmp_path / "run", lambda z, y: F.mse_loss(bend(z), y), width, [target])
    (fact,) = trace.facts_of("loss-call")
    assert (fact.data["bounded_by"], fact.data["reach"]) == (
        activation,
        pytest.approx(ends) if ends else None,
    )
    if ends:
        low, high = (
            (float("-inf") if ends[0] is None else ends[0]),
            (float("inf") if ends[1] is None else ends[1]),
        )
        outside = ((target < low) | (target > high)).double().mean().item()
        assert at(trace, "outside_share", "mse_loss", 0) == pytest.approx(outside)


def test_rows_that_sum_to_one(tmp_path):
    target = torch.randint(0, CLASSES, (ROWS,))
    trace, _, _ = one_step(tmp_path / "run", lambda z, y: F.cross_entropy(z.softmax(1), y), CLASSES, [target])
    assert at(trace, "row_sum_error", "cross_entropy", 0) == pytest.approx(0, abs=1e-5)
    trace, _, _ = one_step(tmp_path / "run2", lambda z, y: F.cross_entropy(z.exp(), y), CLASSES, [target])
    assert 0.1 < at(trace, "row_sum_error", "cross_entropy", 0) < np.inf


def test_losses_given_by_keyword_and_as_modules(tmp_path):
    target = torch.randn(ROWS, 1)
    for name, loss in (
        ("a", lambda z, y: F.mse_loss(target=y, input=z)),
        ("b", lambda z, y: nn.MSELoss()(z, y)),
    ):
        trace, _, losses = one_step(tmp_path / name, loss, 1, [target])
        assert at(trace, "criterion", "mse_loss", 0) == pytest.approx(losses[0])
        assert at(trace, "target_mean", "mse_loss", 0) == pytest.approx(target.mean().item(), rel=1e-4)


def test_two_losses_are_two_places(tmp_path):
    target = torch.randn(ROWS, 2)
    trace, _, losses = one_step(
        tmp_path / "run", lambda z, y: F.mse_loss(z, y) + 3 * F.l1_loss(z, y), 2, [target]
    )
    total = at(trace, "criterion", "mse_loss", 0) + 3 * at(trace, "criterion", "l1_loss", 0)
    assert total == pytest.approx(losses[0], rel=1e-5)
