"""Small real pictures for the tests of the data room."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits, load_sample_image

DIGITS = (load_digits().images * 15.9375).astype(np.uint8)  # (1797, 8, 8)
LABELS = load_digits().target  # (1797,)


def photo(height: int = 20, width: int = 30) -> Image.Image:
    """A real photograph, shrunk."""
    return Image.fromarray(load_sample_image("flower.jpg")).resize((width, height))


def digit_folder(top: Path, classes: int = 3, each: int = 4) -> Path:
    """``top``/class/number.png of 8 × 8 grey digits."""
    for name in range(classes):
        folder = top / f"digit{name}"
        folder.mkdir(parents=True)
        for row in np.flatnonzero(name == LABELS)[:each]:
            Image.fromarray(DIGITS[row]).save(folder / f"{row:04}.png")
    return top


def write_idx(path: Path, array: np.ndarray, code: int = 0x08) -> Path:
    """An idx file of big-endian values."""
    head = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(head + array.astype(array.dtype.newbyteorder(">")).tobytes())
    return path
