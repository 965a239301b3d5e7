"""Real batches of every kind."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from sklearn.datasets import load_digits, load_iris, load_sample_images


@cache
def photographs():
    """(2, 3, 96, 128) bytes: a temple in China, a flower."""
    images = np.stack(load_sample_images().images)[:, 100:292:2, 100:356:2]
    return torch.from_numpy(images.transpose(0, 3, 1, 2).copy())


@cache
def squares():
    return photographs()[:, :, :96, :96].contiguous()


@cache
def digits(rows=64):
    """(N, 1, 8, 8) bytes and their digits."""
    data = load_digits()
    pixels = torch.from_numpy(data.images[:rows] * 15).to(torch.uint8).unsqueeze(1)
    return pixels, torch.from_numpy(data.target[:rows].astype(np.int64))


@cache
def series(rows=40):
    """(N, 8, 8) rows of the digits as moments, (N,) lengths from 3 to 8."""
    values = torch.from_numpy(load_digits().images[:rows].astype(np.float32))
    lengths = torch.arange(rows) % 6 + 3
    kept = torch.arange(8) < lengths.unsqueeze(1)
    return values * kept.unsqueeze(2), lengths


@cache
def irises():
    """(150, 4) numbers, (150, 2) categories made of them, class ids."""
    data = load_iris()
    numbers = torch.from_numpy(data.data.astype(np.float32))
    return numbers, (numbers[:, :2] * 2).long(), torch.from_numpy(data.target.astype(np.int64))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)
