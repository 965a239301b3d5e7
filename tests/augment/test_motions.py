"""Motions of images: exact answers, an independent reference, composition."""

from __future__ import annotations

import math

import pytest
import torch

from gradwise import augment
from gradwise.augment import warp
from tests.augment.batches import digits, photographs, seeded, squares

NO_TARGET = torch.zeros(2, dtype=torch.int64)


def moved(names, pixels, seed=0):
    return augment.make(names)(pixels, torch.zeros(len(pixels)), seeded(seed))[0]


def reference(image, back, size, fill):
    """(C, H, W) float64 interpolated point by point, by the formula; coordinates from the middle."""
    channels, height, width = image.shape
    rows, columns = size
    result = torch.zeros(channels, rows, columns, dtype=torch.float64)
    for row in range(rows):
        for column in range(columns):
            x, y = column - (columns - 1) / 2, row - (rows - 1) / 2
            from_x = back[0][0] * x + back[0][1] * y + back[0][2] + (width - 1) / 2
            from_y = back[1][0] * x + back[1][1] * y + back[1][2] + (height - 1) / 2
            left, top = math.floor(from_x), math.floor(from_y)
            for r, c in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
                share = (1 - abs(from_y - r)) * (1 - abs(from_x - c))
                result[:, row, column] += share * value(image, r, c, fill)
    return result


def value(image, row, column, fill):
    height, width = image.shape[1:]
    if fill == "reflection":
        row, column = (
            min(at % (2 * extent), 2 * extent - 1 - at % (2 * extent))
            for at, extent in ((row, height), (column, width))
        )
    if fill == "border":
        row, column = min(max(row, 0), height - 1), min(max(column, 0), width - 1)
    if 0 <= row < height and 0 <= column < width:
        return image[:, row, column]
    return torch.zeros(image.shape[0], dtype=image.dtype)


@pytest.mark.parametrize("fill", ["zeros", "border", "reflection"])
def test_all_together_equal_the_formula_in_float64(fill):
    pixels = photographs()[:, :, ::6, ::4].double()  # (2, 3, 16, 32)
    names = f"flip:p=0.5, rotate:degrees=40,fill={fill}, scale:factor=0.3, translate, shear, crop:padding=2,size=(14,30)"
    pipeline = augment.make(names)
    back, size = warp.composed(pipeline.motions, 2, (16, 32), seeded(5))
    assert size == (14, 30)
    made = pipeline(pixels, NO_TARGET, seeded(5))[0]
    for image, matrix, got in zip(pixels, back, made, strict=True):
        wanted = reference(image, matrix.tolist(), size, fill)
        torch.testing.assert_close(got, wanted, atol=2e-3, rtol=0)  # places are float32; pixels go to 255


def test_a_flip_twice_is_nothing_and_once_is_torchs():
    once = moved("flip:p=1", photographs())
    assert once.equal(photographs().flip(3)) and once.dtype == torch.uint8
    assert moved("flip:p=1", once).equal(photographs())
    assert moved("flip:p=1,axis=vertical", photographs()).equal(photographs().flip(2))
    assert moved("flip:p=1,axis=both", photographs()).equal(photographs().flip(2, 3))
    assert moved("flip:p=0", photographs()).equal(photographs())


def test_about_half_are_flipped_and_the_others_stay():
    pixels = digits()[0]
    made = moved("flip", pixels)
    same = (made == pixels).flatten(1).all(1)
    mirrored = (made == pixels.flip(3)).flatten(1).all(1)
    assert (same | mirrored).all() and 16 < same.sum() < 48


@pytest.mark.parametrize("turns", [-1, 1, 2, 3])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_quarter_turns_equal_torchs_counter_clockwise(turns, dtype):
    angle = 90 * turns
    pixels = squares().to(dtype)
    made = moved(f"rotate:degrees=({angle},{angle})", pixels)
    assert made.equal(torch.rot90(pixels, turns, (2, 3))) and made.dtype == dtype


def test_a_quarter_turn_of_an_oblong_keeps_its_size_and_its_middle():
    made = moved("rotate:degrees=(90,90)", photographs())
    assert made.shape == photographs().shape
    assert made[:, :, :, 16:112].equal(torch.rot90(photographs()[:, :, :, 16:112], 1, (2, 3)))
    assert made[:, :, :, :16].eq(0).all() and made[:, :, :, 112:].eq(0).all()
    shifted = moved("rotate:degrees=(90,90), translate:pixels=0", photographs())
    assert shifted.equal(made)


def test_a_small_angle_turns_counter_clockwise():
    """A dot right of the middle goes up."""
    dot = torch.zeros(1, 1, 33, 33)
    dot[0, 0, 16, 28] = 255
    made = moved("rotate:degrees=(20,20)", dot)[0, 0]
    row, column = divmod(int(made.argmax()), 33)
    assert (row, column) == (
        round(16 - 12 * math.sin(math.radians(20))),
        round(16 + 12 * math.cos(math.radians(20))),
    )


def test_whole_shifts_equal_rolls_with_zeros():
    pixels = photographs()
    pipeline = augment.make("translate:pixels=9")
    made = pipeline(pixels, NO_TARGET, seeded(3))[0]
    back, _ = warp.composed(pipeline.motions, 2, (96, 128), seeded(3))
    for image, matrix, got in zip(pixels, back, made, strict=True):
        right, down = (-int(matrix[axis, 2]) for axis in (0, 1))
        wanted = torch.roll(image, (down, right), (1, 2))
        wanted[:, :down] = 0 if down > 0 else wanted[:, :down]
        if down < 0:
            wanted[:, down:] = 0
        if right > 0:
            wanted[:, :, :right] = 0
        if right < 0:
            wanted[:, :, right:] = 0
        assert got.equal(wanted) and (down, right) != (0, 0)


@pytest.mark.parametrize(
    ("fill", "mode"), [("border", "replicate"), ("reflection", "symmetric"), ("zeros", "constant")]
)
def test_crops_are_windows_of_the_padded_image(fill, mode):
    import numpy as np

    pixels = digits()[0]
    made = moved(f"crop:padding=3,fill={fill}", pixels)
    numpy_mode = "edge" if mode == "replicate" else mode
    padded = np.pad(pixels.numpy(), ((0, 0), (0, 0), (3, 3), (3, 3)), mode=numpy_mode)
    places = set()
    for image, got in zip(padded, made.numpy(), strict=True):
        found = [
            (top, left) for top in range(7) for left in range(7)
            if np.array_equal(image[:, top : top + 8, left : left + 8], got)
        ]  # fmt: skip
        assert found
        places.update(found[:1])
    assert len(places) > 20


def test_a_window_without_padding():
    made = moved("crop:size=(5,6)", photographs())
    assert made.shape == (2, 3, 5, 6) and made.dtype == torch.uint8
    for image, got in zip(photographs(), made, strict=True):
        windows = image.unfold(1, 5, 1).unfold(2, 6, 1)  # (3, 92, 123, 5, 6)
        assert (windows == got[:, None, None]).all(4).all(3).all(0).any()


def test_flip_and_crop_stay_exact_together_and_the_first_named_comes_first():
    pixels = photographs()
    one = moved("translate:pixels=9, flip:p=1", pixels, 3)
    assert one.equal(moved("translate:pixels=9", pixels, 3).flip(3))
    turned = moved("translate:pixels=9, rotate:degrees=(90,90)", squares(), 3)
    assert turned.equal(torch.rot90(moved("translate:pixels=9", squares(), 3), 1, (2, 3)))


def test_bytes_differ_from_floats_by_their_rounding():
    names = "rotate, scale, translate"
    floats, rounded = moved(names, photographs().float()), moved(names, photographs())
    assert rounded.dtype == torch.uint8
    assert (floats - rounded.float()).abs().max() <= 0.5 + 1e-3
    assert (floats - rounded.float()).mean().abs() < 0.01


def test_pieces_and_threads_and_layout_change_nothing(monkeypatch):
    names = "flip, rotate, scale, crop:padding=4"
    pixels = photographs().repeat(4, 1, 1, 1)
    whole = moved(names, pixels)
    monkeypatch.setattr(warp, "PIECE", 1)
    assert moved(names, pixels).equal(whole)
    last = pixels.contiguous(memory_format=torch.channels_last)
    for each in (names, "flip, crop"):
        made = moved(each, last)
        assert made.equal(moved(each, pixels)) and made.is_contiguous(memory_format=torch.channels_last)


def test_enlarging_by_two_shows_the_middle():
    ramp = torch.arange(16.0).view(1, 1, 1, 16).repeat(1, 1, 16, 1)
    made = moved("scale:factor=(2,2)", ramp)[0, 0, 8]
    torch.testing.assert_close(made, (torch.arange(16.0) - 7.5) / 2 + 7.5)


def test_photographs_stay_recognisable_and_a_full_turn_is_nothing():
    pixels = squares().float()
    assert moved("rotate:degrees=(360,360)", pixels).equal(pixels)
    back = moved("rotate:degrees=(-10,-10)", moved("rotate:degrees=(10,10)", pixels))
    inner = (slice(None), slice(None), slice(30, 66), slice(30, 66))
    alike = torch.corrcoef(torch.stack([back[inner].flatten(), pixels[inner].flatten()]))[0, 1]
    assert alike > 0.9
