"""Mixup and cutmix: rows and targets in the same shares."""

from __future__ import annotations

import pytest
import torch

from gradwise import augment, losses
from tests.augment.batches import digits, irises, photographs, seeded, series


@pytest.mark.parametrize("name", ["mixup", "mixup:alpha=1", "cutmix"])
def test_shares_sum_to_one_and_name_the_classes_of_the_two_rows(name):
    pixels, ids = digits()
    _, shares = augment.make(name, classes=10)(pixels, ids, seeded())
    assert shares.shape == (64, 10) and shares.dtype == torch.float32
    torch.testing.assert_close(shares.sum(1), torch.ones(64))
    assert (shares >= 0).all() and ((shares > 0).sum(1) <= 2).all()
    assert (shares.gather(1, ids.unsqueeze(1)) > 0).float().mean() > 0.9  # of the row itself


@pytest.mark.parametrize("name", ["mixup:alpha=1", "cutmix"])
def test_pixels_hold_the_shares_that_the_target_tells(name):
    """Rows that show their own class as their brightness."""
    ids = torch.arange(5).repeat(8)
    pixels = (ids * 40.0).view(-1, 1, 1, 1).expand(-1, 3, 10, 12)
    mixed, shares = augment.make(name, classes=5)(pixels, ids, seeded())
    brightness = (shares * torch.arange(0, 200.0, 40)).sum(1)
    torch.testing.assert_close(mixed.mean((1, 2, 3)), brightness, atol=1e-3, rtol=1e-5)


def test_a_small_alpha_leaves_most_rows_nearly_whole():
    rows, target = torch.zeros(2000, 1), torch.eye(2).repeat(1000, 1)

    def largest(alpha):
        return augment.make(f"mixup:alpha={alpha}")(rows, target, seeded())[1].amax(1).mean().item()

    assert largest(0.1) > 0.95 > 0.9 > largest(1.0)


def test_cutmix_takes_pixels_from_another_image_in_one_box():
    pixels = photographs()
    pipeline = augment.make("cutmix")
    for seed in range(10):
        mixed, target = pipeline(pixels, torch.eye(2), seeded(seed))
        assert mixed.dtype == torch.uint8
        strange = (mixed != pixels).any(1)
        assert (mixed == pixels.flip(0)).all(1)[strange].all()
        torch.testing.assert_close(target.sum(1), torch.ones(2))


def test_numbers_labels_categories_and_lengths():
    numbers, categories, _ = irises()
    (mixed, kinds), target = augment.make("mixup:alpha=1")((numbers, categories), numbers[:, :2], seeded())
    torch.testing.assert_close(mixed[:, :2], target)
    assert (mixed.amin(0) >= numbers.amin(0)).all() and (mixed.amax(0) <= numbers.amax(0)).all()
    assert kinds.dtype == torch.int64 and set(kinds[:, 0].tolist()) <= set(categories[:, 0].tolist())
    values, lengths = series()
    (blended, longer), _ = augment.make("mixup")((values, lengths), torch.zeros(40, 1), seeded())
    assert (longer >= lengths).all() and (longer > lengths).any()
    assert blended[torch.arange(8) >= longer.unsqueeze(1)].eq(0).all()


@pytest.mark.parametrize("loss", ["cross-entropy", "label-smoothing", "bce"])
def test_losses_of_classes_take_the_shares(loss):
    pixels, ids = digits()
    shares = augment.make("mixup", classes=10)(pixels, ids, seeded())[1]
    outputs = torch.zeros(64, 10, requires_grad=True)
    made = losses.make(loss)(outputs, shares)
    made.backward()
    assert made.isfinite() and outputs.grad.abs().sum() > 0


def test_the_loss_of_shares_is_the_mean_of_the_losses_of_both():
    outputs, ids, other = torch.randn(6, 4), torch.randint(4, (6,)), torch.randint(4, (6,))
    shares = 0.3 * torch.eye(4)[ids] + 0.7 * torch.eye(4)[other]
    loss = losses.make("cross-entropy")
    torch.testing.assert_close(loss(outputs, shares), 0.3 * loss(outputs, ids) + 0.7 * loss(outputs, other))
