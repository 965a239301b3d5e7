"""What changes values: images, series, tables."""

from __future__ import annotations

import pytest
import torch

from gradwise import augment
from tests.augment.batches import digits, irises, photographs, seeded, series


def changed(names, inputs, seed=0):
    return augment.make(names)(inputs, torch.zeros(len(inputs[0])), seeded(seed))[0]


def test_noise_has_its_deviation_and_no_mean():
    pixels = torch.full((8, 3, 32, 32), 128.0)
    made = changed("noise:sigma=0.1", (pixels,))[0]
    assert abs(made.std().item() - 25.5) < 0.5 and abs(made.mean().item() - 128) < 0.5
    assert changed("noise:sigma=1", (photographs(),))[0].dtype == torch.uint8
    numbers, categories, _ = irises()
    made = changed("noise:sigma=0.5", (numbers, categories))
    assert abs((made[0] - numbers).std().item() - 0.5) < 0.05 and made[1].equal(categories)


def test_brightness_contrast_saturation_by_their_formulas():
    pixels = photographs().double()
    grey = torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64).view(1, 3, 1, 1)
    bright = changed("colour:contrast=0,saturation=0,brightness=0.3", (pixels * 0.5,))[0]
    ratio = bright.flatten(1).sum(1) / (pixels * 0.5).flatten(1).sum(1)
    torch.testing.assert_close(bright, pixels * 0.5 * ratio.view(2, 1, 1, 1))
    assert ((ratio >= 0.7) & (ratio <= 1.3)).all() and ratio[0] != ratio[1]
    middle = pixels * 0.2 + 100
    flat = changed("colour:brightness=0,saturation=0,contrast=0.5", (middle,))[0]
    mean = (middle * grey).sum(1, keepdim=True).mean((2, 3), keepdim=True)
    gamma = ((flat - mean) / (middle - mean)).flatten(1).median(1).values
    torch.testing.assert_close(flat, mean + gamma.view(2, 1, 1, 1) * (middle - mean))
    pale = changed("colour:brightness=0,contrast=0,saturation=0.9", (middle,))[0]
    torch.testing.assert_close((pale * grey).sum(1), (middle * grey).sum(1))  # grey stays
    assert not torch.allclose(pale, middle)


def test_colour_of_grey_images_leaves_saturation_out():
    made = changed("colour:brightness=0,contrast=0", (digits()[0],))[0]
    assert made.equal(digits()[0])


def test_cutout_hides_one_square_of_the_size_asked_for():
    pixels = torch.zeros(300, 3, 32, 48, dtype=torch.uint8)
    hole = changed("cutout", (pixels,))[0] == 128
    assert hole[:, 0].equal(hole[:, 1])
    counts = hole[:, 0].sum((1, 2))
    assert counts.max() == 16 * 16 and counts.min() >= 8 * 8
    rows, columns = hole[:, 0].any(2).sum(1), hole[:, 0].any(1).sum(1)
    assert (rows * columns == counts).all()  # a full rectangle
    made = changed("cutout:share=0.25,value=0", (photographs(),))[0]
    assert ((made == photographs()) | (made == 0)).all()


def test_resolution_takes_sharpness_from_about_half_of_the_images():
    pixels = photographs().repeat(20, 1, 1, 1).float()
    made = changed("resolution:least=0.3", (pixels,), 1)[0]
    touched = (made != pixels).flatten(1).any(1)
    assert 10 < touched.sum() < 30
    rough = (made.diff(dim=3).abs().flatten(1).mean(1) / pixels.diff(dim=3).abs().flatten(1).mean(1))[touched]
    assert (rough < 0.95).all()
    torch.testing.assert_close(made.mean((1, 2, 3)), pixels.mean((1, 2, 3)), atol=1.0, rtol=0)


@pytest.mark.parametrize("names", ["jitter", "scaling", "window-slice", "window-warp:share=0.5"])
def test_padding_of_series_stays(names):
    values, lengths = series()
    made, same = changed(names, (values, lengths))
    padding = torch.arange(8) >= lengths.unsqueeze(1)
    assert same.equal(lengths) and made[padding].eq(0).all()
    assert not made.equal(values)
    alone = changed(names, (values[:6],))[0]  # without lengths: all moments are real
    assert alone.shape == (6, 8, 8)


def test_jitter_and_scaling_by_their_formulas():
    values = series()[0]
    noise = changed("jitter:sigma=0.5", (values,))[0] - values
    assert abs(noise.std().item() - 0.5) < 0.03
    ramp = torch.arange(1.0, 9.0).view(1, 8, 1).expand(500, 8, 2)
    factor = changed("scaling:sigma=0.2", (ramp,))[0] / ramp
    torch.testing.assert_close(factor, factor[:, :1].expand_as(factor))
    assert abs(factor[:, 0].std().item() - 0.2) < 0.02 and not factor[:, 0, 0].equal(factor[:, 0, 1])


def test_a_slice_of_a_line_is_a_line_of_its_share():
    lengths = torch.tensor([101, 51])
    line = torch.arange(101.0).view(1, 101, 1).repeat(2, 1, 1)
    made = changed("window-slice:keep=0.6", (line, lengths))[0]
    for row, length in zip(made, lengths.tolist(), strict=True):
        steps = row[:length].diff(dim=0)
        wanted = (0.6 * length - 1) / (length - 1)
        torch.testing.assert_close(steps, torch.full_like(steps, wanted), atol=1e-4, rtol=0)
        assert row[0] >= 0 and row[length - 1] <= length - 1


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_warped_line_has_two_speeds(factor):
    line = torch.arange(201.0).view(1, 201, 1)
    made = changed(f"window-warp:share=0.4,factors=({factor},)", (line,))[0][0, :, 0]
    assert made[0] == 0 and abs(made[-1].item() - 200) < 1e-3
    outside = 1 + 0.4 * (factor - 1)  # moments of the warped whole per moment of the series
    steps = made.diff()
    for speed, share in ((outside, 0.6 / outside), (outside / factor, 0.4 * factor / outside)):
        near = (steps - speed).abs() < 1e-3
        assert abs(near.float().mean().item() - share) < 0.05


def test_swap_noise_takes_its_share_of_cells_from_the_same_column():
    numbers, categories, _ = irises()
    made, other = changed("swap-noise:p=0.3", (numbers, categories))
    for column in range(4):
        assert set(made[:, column].tolist()) <= set(numbers[:, column].tolist())
    assert set(other[:, 0].tolist()) <= set(categories[:, 0].tolist())
    distinct = torch.arange(20_000.0).view(-1, 1)
    share = (changed("swap-noise:p=0.3", (distinct,))[0] != distinct).float().mean().item()
    assert abs(share - 0.3) < 0.02
    assert changed("swap-noise:p=0", (numbers, categories))[0].equal(numbers)
