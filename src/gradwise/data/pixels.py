"""Arrays of images that lie in memory: axes, channels, sizes and eight bits."""

from __future__ import annotations

import numpy as np
from PIL import Image

from gradwise.data.examples import Array
from gradwise.data.memory import new_array

BYTES = (0.0, 255.0)  # span of uint8 pixels
_AT_ONCE = 1024  # images worked on together, to keep copies small
_EXACT = 200_000_000  # pixels over which mean and deviation are taken, about 1 s; more change no digit shown


def channels_first(array: Array) -> Array:
    """(N, H, W), (N, H, W, C) or (N, C, H, W) as (N, C, H, W); the shorter of axes 1 and 3 has the channels.

    >>> channels_first(np.zeros((5, 8, 9, 3))).shape
    (5, 3, 8, 9)
    >>> channels_first(np.zeros((5, 8, 9))).shape
    (5, 1, 8, 9)
    """
    if array.ndim == 3:
        return array[:, None]
    return np.moveaxis(array, 3, 1) if array.shape[3] < array.shape[1] else array


def span_of(pixels: Array) -> tuple[float, float]:
    """The values that stand for black and white: of the type, or the usual range that holds them all.

    >>> span_of(np.array([0.0, 0.5, 1.0]))
    (0.0, 1.0)
    >>> span_of(np.array([0.0, 16.0]))
    (0.0, 16.0)
    """
    if pixels.dtype == np.uint8:
        return BYTES
    if pixels.dtype == bool:
        return (0.0, 1.0)
    low, high = float(pixels.min()), float(pixels.max())
    if pixels.dtype == np.uint16 and high > 255:
        return (0.0, 65535.0)
    usual = ((0.0, 1.0), (-1.0, 1.0), BYTES) if pixels.dtype.kind == "f" else (BYTES,)
    for bottom, top in usual:
        if (
            bottom <= low and high <= top and high > (top - bottom) / 8 + bottom
        ):  # not a dark corner of the range
            return (bottom, top)
    return (low, high)


def as_bytes(pixels: Array, span: tuple[float, float], rows: Array | None = None) -> Array:
    """(N, C, H, W) uint8: ``span`` mapped to 0..255 and rounded; values outside are cut."""
    count = len(pixels) if rows is None else len(rows)
    out, _ = new_array((count, *pixels.shape[1:]), np.uint8)
    scale = 255.0 / (span[1] - span[0]) if span[1] > span[0] else 0.0
    for start in range(0, count, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        block = pixels[part if rows is None else rows[part]].astype(np.float32)
        out[part] = np.clip(np.rint((block - np.float32(span[0])) * np.float32(scale)), 0, 255)
    return out


def fitted(pixels: Array, channels: int, height: int, width: int) -> Array:
    """(N, C, H, W) uint8 as grey or RGB of another size; itself where nothing changes."""
    if pixels.shape[1:] == (channels, height, width):
        return pixels
    out, _ = new_array((len(pixels), channels, height, width), np.uint8)
    for row in range(len(pixels)):
        out[row] = _fitted(pixels[row], channels, height, width)
    return out


def all_grey(pixels: Array) -> bool:
    """Whether (N, 3, H, W) pixels have three equal channels everywhere; stops at the first that has not."""
    return all(
        bool((block == block[:, :1]).all())
        for block in (pixels[start : start + _AT_ONCE] for start in range(0, len(pixels), _AT_ONCE))
    )


def mean_and_deviation(pixels: Array, rows: Array) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of every channel over ``rows``, in units of the full range (0..1).

    Args:
        pixels: (N, C, H, W) uint8.
        rows: image numbers; beyond 200 million pixels an even choice of them is looked at.

    Returns:
        Means and deviations, one of each per channel; a constant channel has deviation 0.

    >>> mean_and_deviation(np.full((2, 1, 2, 2), 51, np.uint8), np.arange(2))
    ((0.2,), (0.0,))
    """
    rows = rows[:: -(-len(rows) * pixels[0].size // _EXACT)]
    channels = pixels.shape[1]
    counts = np.zeros((channels, 256), np.int64)  # how often each value occurs
    for start in range(0, len(rows), _AT_ONCE):
        block = pixels[rows[start : start + _AT_ONCE]]
        for channel in range(channels):
            counts[channel] += np.bincount(block[:, channel].reshape(-1), minlength=256)
    values = np.arange(256) / 255
    share = counts / counts.sum(axis=1, keepdims=True)
    mean = share @ values
    deviation = np.sqrt(np.sum(share * (values - mean[:, None]) ** 2, axis=1))
    deviation[(counts > 0).sum(axis=1) == 1] = 0.0
    return tuple(mean.round(6).tolist()), tuple(deviation.round(6).tolist())


def extremes(pixels: Array, rows: Array) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The least and the largest value of every channel of ``rows``, in units of the full range (0..1).

    >>> extremes(np.array([[[[0, 51]]], [[[255, 255]]]], np.uint8), np.arange(1))
    ((0.0,), (0.2,))
    """
    blocks = [pixels[rows[start : start + _AT_ONCE]] for start in range(0, len(rows), _AT_ONCE)]
    low = np.min([block.min(axis=(0, 2, 3)) for block in blocks], axis=0) / 255
    high = np.max([block.max(axis=(0, 2, 3)) for block in blocks], axis=0) / 255
    return tuple(low.tolist()), tuple(high.tolist())


def _fitted(image: Array, channels: int, height: int, width: int) -> Array:
    """One (C, H, W) image; of 2 or 4 channels that become 1 or 3, the last is transparency and left out."""
    if len(image) == channels:
        return np.stack([np.asarray(_resized(Image.fromarray(plane), height, width)) for plane in image])
    colours = image[: len(image) - 1] if len(image) in (2, 4) else image
    whole = Image.fromarray(
        colours[0] if len(colours) == 1 else np.ascontiguousarray(colours.transpose(1, 2, 0))
    )
    array = np.asarray(_resized(whole.convert("L" if channels == 1 else "RGB"), height, width))
    return array[None] if channels == 1 else array.transpose(2, 0, 1)


def _resized(image: Image.Image, height: int, width: int) -> Image.Image:
    return (
        image if image.size == (width, height) else image.resize((width, height), Image.Resampling.BILINEAR)
    )
