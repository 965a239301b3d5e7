"""Losses by name against hand computation."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from gradwise import losses
from gradwise.errors import UnknownNameError, UsageError

torch.manual_seed(0)
LOGITS, IDS = torch.randn(6, 3), torch.tensor([0, 2, 1, 1, 0, 2])
LABELS = torch.tensor([[1.0, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0], [0, 0, 1], [1, 0, 0]])


def test_cross_entropy_with_weights_and_smoothing() -> None:
    log_share = LOGITS.log_softmax(1)
    weights = torch.tensor([1.0, 2.0, 4.0])
    each = -log_share[torch.arange(6), IDS]
    assert losses.make("ce")(LOGITS, IDS) == pytest.approx(each.mean().item())
    weighted = (each * weights[IDS]).sum() / weights[IDS].sum()
    assert losses.make("cross-entropy", weights=(1, 2, 4))(LOGITS, IDS) == pytest.approx(weighted.item())
    smooth = 0.9 * each.mean() - 0.1 * log_share.mean()
    assert losses.make("cross-entropy", smoothing=0.1)(LOGITS, IDS).item() == pytest.approx(smooth.item())


def test_bce_of_labels_and_of_class_ids() -> None:
    share = LOGITS.sigmoid()
    each = -(LABELS * share.log() + (1 - LABELS) * (1 - share).log())
    assert losses.make("multi-label")(LOGITS, LABELS).item() == pytest.approx(each.mean().item())
    weights = torch.tensor([3.0, 1.0, 2.0])
    weighted = torch.where(LABELS > 0, weights * each, each).mean()
    assert losses.make("bce", weights=(3, 1, 2))(LOGITS, LABELS).item() == pytest.approx(weighted.item())
    one_hot = functional.one_hot(IDS, 3).float()
    assert losses.make("bce")(LOGITS, IDS) == losses.make("bce")(LOGITS, one_hot)
    smoothed = losses.make("bce", smoothing=0.2)(LOGITS, LABELS)
    assert smoothed == losses.make("bce")(LOGITS, LABELS * 0.8 + 0.1)


def test_focal_without_gamma_is_cross_entropy_and_fades_with_it() -> None:
    for target, other, weights in (
        (IDS, "cross-entropy", None),
        (LABELS, "bce", None),
        (IDS, "ce", (1, 2, 4)),
    ):
        plain = losses.make("focal", gamma=0.0, weights=weights)(LOGITS, target)
        torch.testing.assert_close(plain, losses.make(other, weights=weights)(LOGITS, target))
    torch.testing.assert_close(
        losses.make("focal", gamma=0.0, weights=(3, 1, 2))(LOGITS, LABELS),
        losses.make("bce", weights=(3, 1, 2))(LOGITS, LABELS),
    )
    share = LOGITS.softmax(1)[torch.arange(6), IDS]
    by_hand = (-((1 - share) ** 2) * share.log()).mean()
    assert losses.make("focal")(LOGITS, IDS).item() == pytest.approx(by_hand.item())


def test_distances() -> None:
    outputs, target = torch.tensor([[0.0], [3.0]]), torch.tensor([[0.5], [0.0]])
    values = {
        name: losses.make(name)(outputs, target).item() for name in ("mse", "mae", "huber", "smooth-l1")
    }
    assert values == pytest.approx({"mse": 4.625, "mae": 1.75, "huber": 1.3125, "smooth-l1": 1.3125})
    # beta 2: (0.25 / 2 + (9 / 2 beyond 2: 3 - 1)) / 2, each over beta
    assert losses.make("smooth-l1", beta=2.0)(outputs, target).item() == pytest.approx((0.0625 + 2.0) / 2)
    assert losses.make("huber", delta=2.0)(outputs, target).item() == pytest.approx((0.125 + 4.0) / 2)


@pytest.mark.parametrize("task", ["classes", "labels", "numbers"])
def test_every_loss_of_a_task_takes_its_target_and_has_a_gradient(task: str) -> None:
    target = {"classes": IDS, "labels": LABELS, "numbers": LABELS * 2}[task]
    for name in losses.losses_for(task):
        outputs = LOGITS.clone().requires_grad_()
        losses.make(name)(outputs, target).backward()
        assert outputs.grad.isfinite().all() and outputs.grad.any(), name


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("mse", {"weights": (1, 2)}, "'mse' has no option weights; it takes none"),
        ("focal", {"gama": 1}, "it takes weights, gamma"),
        ("focal", {"gamma": -1.0}, "0 or more, not -1"),
        ("ce", {"weights": (1, 0)}, "weights above 0, not 1, 0"),
        ("ce", {"smoothing": 1.5}, "from 0 to 1, not 1.5"),
    ],
)
def test_refusals(name: str, options: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        losses.make(name, **options)


def test_unknown_loss() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'huber'"):
        losses.make("hubert")
