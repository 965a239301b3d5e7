"""What enters a loss, against float64; what stands behind it, read off the graph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gradwise.trace.model import Fact, Trace
from gradwise.watch.lineage import lineage, softmax_width
from tests.watch.watching import at, trace_of, watched


def train(
    folder: Path,
    make: Callable[[], nn.Module],
    loss: str,
    target: Tensor,
    x: Tensor | None = None,
    *,
    evaluating: bool = False,
) -> tuple[Trace, list[Tensor]]:
    """Three watched steps on one batch; the trace and the predictions."""
    torch.manual_seed(0)
    inputs = torch.randn(len(target), 5) if x is None else x
    outs = []
    with watched(folder):
        model = make().train(not evaluating)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        for _ in range(3):
            optimizer.zero_grad()
            out = model(inputs)
            getattr(F, loss)(out, target).backward()
            optimizer.step()
            outs.append(out.detach())
    return trace_of(folder), outs


def call(trace: Trace) -> Fact:
    return trace.facts_of("loss-call")[0]


def test_distance_of_predictions_from_their_mean(tmp_path: Path) -> None:
    trace, outs = train(tmp_path / "run", lambda: nn.Linear(5, 3), "mse_loss", torch.randn(16, 3))
    for step, out in enumerate(outs):
        z = out.double()
        expected = ((z - z.mean(0)) ** 2).mean().sqrt().item()
        assert at(trace, "output_sample_std", "mse_loss", step) == pytest.approx(expected, rel=1e-5)


def test_log_of_the_sum_over_classes(tmp_path: Path) -> None:
    trace, outs = train(tmp_path / "run", lambda: nn.Linear(5, 4), "nll_loss", torch.arange(12) % 4)
    expected = outs[1].double().exp().sum(1).log().abs().max().item()
    assert at(trace, "log_sum_error", "nll_loss", 1) == pytest.approx(expected, rel=1e-5)
    trace, _ = train(
        tmp_path / "log",
        lambda: nn.Sequential(nn.Linear(5, 4), nn.LogSoftmax(dim=1)),
        "nll_loss",
        torch.arange(12) % 4,
    )
    assert at(trace, "log_sum_error", "nll_loss", 1) < 1e-5


def test_rows_of_several_labels(tmp_path: Path) -> None:
    target = torch.tensor([[1.0, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0.5]])
    trace, _ = train(tmp_path / "run", lambda: nn.Linear(5, 3), "cross_entropy", target)
    assert at(trace, "target_row_sum_min", "cross_entropy", 0) == 0.0
    assert at(trace, "target_row_sum_max", "cross_entropy", 0) == 3.0
    assert at(trace, "target_whole_share", "cross_entropy", 0) == pytest.approx(11 / 12)


def test_kinds_of_targets_over_all_batches(tmp_path: Path) -> None:
    torch.manual_seed(1)
    batches = [torch.tensor([[0.0], [1.0], [1.0], [1.0]]), torch.tensor([[2.0], [1.0], [3.0], [0.0]])]
    with watched(tmp_path / "run"):
        model = nn.Linear(5, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for y in batches:
            optimizer.zero_grad()
            F.mse_loss(model(torch.randn(4, 5)), y).backward()
            optimizer.step()
    trace = trace_of(tmp_path / "run")
    assert [at(trace, "target_kinds", "mse_loss", step) for step in (0, 1)] == [2.0, 4.0]
    assert at(trace, "target_top_share", "mse_loss", 1) == 4 / 8


def test_real_targets_have_too_many_kinds_to_count(tmp_path: Path) -> None:
    trace, _ = train(tmp_path / "run", lambda: nn.Linear(5, 1), "mse_loss", torch.randn(100, 1))
    assert at(trace, "target_kinds", "mse_loss", 0) == 65.0
    assert "target_top_share" not in trace.tables


@pytest.mark.parametrize("shape", [(6, 5), (2, 5, 7)])
def test_values_per_channel_of_a_batch_norm(shape: tuple[int, ...], tmp_path: Path) -> None:
    x = torch.randn(shape)
    target, width = torch.randn(shape[0], 1), x[0].numel()

    def make() -> nn.Module:
        return nn.Sequential(nn.BatchNorm1d(5), nn.Flatten(), nn.Linear(width, 1))

    trace, _ = train(tmp_path / "run", make, "mse_loss", target, x)
    assert at(trace, "norm_values", "0", 0) == x.numel() / 5
    trace, _ = train(tmp_path / "eval", make, "mse_loss", target, x, evaluating=True)
    assert "norm_values" not in trace.tables


def test_dropout_and_what_feeds_a_norm_are_told(tmp_path: Path) -> None:
    def make() -> nn.Module:
        first = (nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.4))
        return nn.Sequential(*first, nn.LayerNorm(8), nn.Linear(8, 1))

    trace, _ = train(tmp_path / "run", make, "mse_loss", torch.randn(8, 1))
    (fact,) = trace.facts_of("layers")
    assert fact.data == {"dropout": {"3": 0.4}, "norms": {"1": "0"}}


def test_lineage_reaches_the_loss_call(tmp_path: Path) -> None:
    def make() -> nn.Module:
        return nn.Sequential(nn.Linear(5, 8), nn.Linear(8, 1), nn.Sigmoid())

    trace, _ = train(tmp_path / "run", make, "binary_cross_entropy_with_logits", torch.ones(6, 1))
    data = call(trace).data
    assert data["lineage"] == [
        {"operation": "sigmoid", "module": "2"},
        {"operation": "linear", "module": "1", "tied": False, "out": 1, "in": 8},
        {"operation": "linear", "module": "0", "tied": False, "out": 8, "in": 5},
        {"operation": "input"},
    ]
    assert data["reduced"] is True
    assert data["softmax_width"] is None


def operations(out: Tensor) -> list[str]:
    return [step["operation"] for step in lineage(out.grad_fn, {})]


def test_lineage_of_sequences_and_bare_matrices() -> None:
    w = nn.Parameter(torch.randn(5, 7))
    steps: list[dict[str, Any]] = lineage((nn.Linear(7, 3)(torch.randn(2, 4, 5) @ w)).grad_fn, {})
    assert [(s["operation"], s.get("out"), s.get("in")) for s in steps[:2]] == [
        ("linear", 3, 7),
        ("linear", 7, 5),
    ]


def test_lineage_of_convolutions() -> None:
    x = torch.randn(2, 4, 8, 8)
    up, depth = nn.ConvTranspose2d(4, 6, 2), nn.Conv2d(6, 6, 3, groups=3)
    depthwise, transposed, end = lineage(depth(up(x)).grad_fn, {})
    assert (depthwise["out"], depthwise["groups"]) == (6, 3)
    assert (transposed["out"], transposed["in"]) == (6, 4)
    assert end == {"operation": "input"}


def test_lineage_ends_where_two_ways_meet() -> None:
    a, b = nn.Linear(5, 5), nn.Linear(5, 5)
    x = a(torch.randn(3, 5))
    assert operations(x + b(x)) == ["Add", "branch"]
    assert operations(nn.Linear(5, 2)(x * torch.sigmoid(x)))[:2] == ["linear", "Mul"]
    normed = nn.utils.parametrizations.spectral_norm(nn.Linear(5, 5))
    assert operations(normed(x)) == ["linear", "branch"]


def test_behind_a_branch_everything_is_told_and_how_deep_it_is() -> None:
    a, b, c = nn.Linear(4, 5), nn.Linear(5, 5), nn.Linear(5, 5)
    x = a(torch.randn(3, 4))
    (_, end) = lineage((x + c(torch.tanh(b(x)))).grad_fn, {})
    kinds = [step["operation"] for step in end["beyond"]]
    assert sorted(kinds) == ["linear", "linear", "linear", "tanh"]
    assert end["deep"] == 3
    wide = lineage((a(torch.randn(3, 4)) + nn.Linear(2, 5)(torch.randn(3, 2))).grad_fn, {})[-1]
    assert (len(wide["beyond"]), wide["deep"]) == (2, 1)
    assert all(step["out"] == 5 for step in wide["beyond"])


def test_a_branch_before_too_much_tells_nothing() -> None:
    x = torch.randn(3, 4, requires_grad=True) * 1
    for _ in range(1600):
        x = x + x
    assert lineage(x.grad_fn, {}) == [{"operation": "Add", "module": ""}, {"operation": "branch"}]


def test_lineage_tells_what_bends() -> None:
    x = torch.randn(3, 1, 8, 8)
    conv, fc = nn.Conv2d(1, 2, 3), nn.Linear(18, 4)
    pooled = F.max_pool2d(conv(x), 2).flatten(1)
    assert operations(fc(pooled)) == ["linear", "MaxPool2DWithIndices", "conv", "input"]
    assert "Sin" in operations(fc(torch.sin(torch.randn(3, 18) @ nn.Parameter(torch.randn(18, 18)))))


def test_lineage_knows_a_weight_that_is_met_again() -> None:
    a = nn.Linear(5, 5)
    steps = lineage(a(a(torch.randn(3, 5))).grad_fn, {})
    assert [step.get("tied") for step in steps] == [False, True, None]


def test_frozen_layers_end_it() -> None:
    frozen = nn.Linear(5, 5).requires_grad_(False)
    assert operations(nn.Linear(5, 2)(frozen(torch.randn(3, 5)))) == ["linear", "input"]


@pytest.mark.parametrize(("dim", "width"), [(1, 4), (-1, 4), (0, 3)])
def test_width_of_a_softmax(dim: int, width: int) -> None:
    out = torch.softmax(nn.Linear(5, 4)(torch.randn(3, 5)), dim)
    assert softmax_width(out.grad_fn) == width
    assert softmax_width(out.unsqueeze(0).grad_fn) == width
    assert softmax_width(nn.Linear(5, 4)(torch.randn(3, 5)).grad_fn) is None


def test_a_script_stays_bit_identical(tmp_path: Path) -> None:
    def run() -> list[Tensor]:
        torch.manual_seed(3)
        model = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 3))
        optimizer = torch.optim.Adam(model.parameters())
        for _ in range(6):
            optimizer.zero_grad()
            x, y = torch.randn(4, 5), torch.rand(4, 3)
            (F.cross_entropy(model(x), y) + F.mse_loss(model(x).softmax(1), y)).backward()
            optimizer.step()
        return [*model.state_dict().values(), torch.get_rng_state()]

    plain = run()
    with watched(tmp_path / "run"):
        under = run()
    assert all(torch.equal(one, other) for one, other in zip(plain, under, strict=True))
    assert not trace_of(tmp_path / "run").facts_of("note")
