"""Image files to arrays: what the headers say, and the pixels, read in parallel threads."""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from gradwise.data.examples import Array

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
_FORMATS = (
    "PNG",
    "JPEG",
    "BMP",
    "GIF",
    "WEBP",
    "TIFF",
    "PPM",
)  # no other decoder is ever tried on a stranger's file
_TURNED = ("JPEG", "MPO", "WEBP")  # formats whose orientation is known without decoding them
_ORIENTATION = 0x0112  # EXIF tag; 5 to 8 swap width and height
_WHITE = (255, 255, 255, 255)
_AT_ONCE = 64  # files per task of a thread: a task costs about 20 µs, a small image 100 µs
# What pillow's decoders have been seen to raise on broken files.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    struct.error,
    zlib.error,
    UnidentifiedImageError,
    Image.DecompressionBombError,
)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Header:
    """What an image file says before it is decoded; ``fault`` is not empty where it cannot be read.

    Args:
        height: in pixels, after turning as the camera's orientation says.
        width: in pixels, likewise.
        grey: whether it holds no colours.
        clear: whether parts of it may be transparent.
        moving: whether it holds several frames.
        fault: why it cannot be read.
    """

    height: int = 0
    width: int = 0
    grey: bool = False
    clear: bool = False
    moving: bool = False
    fault: str = ""


def headers(paths: Sequence[Path]) -> list[Header]:
    """What every file says of itself, in order."""
    return list(_in_threads(_header, paths))


def read_into(pixels: Array, paths: Sequence[Path]) -> dict[int, str]:
    """Decodes every file into its row.

    Args:
        pixels: (N, channels, height, width) uint8, filled; the rows of files that cannot be read are left.
        paths: N files; each is turned upright, laid on white where transparent, made grey or RGB as the
            channels ask, and resized (bilinear, averaging over the area that a pixel covers).

    Returns:
        Why the files of some rows could not be read.
    """
    faults: dict[int, str] = {}

    def read(row: int) -> None:
        try:
            pixels[row] = decoded(paths[row], *pixels.shape[1:])
        except _BROKEN as error:
            faults[row] = _fault(paths[row], error)

    for _ in _in_threads(read, range(len(paths))):
        pass
    return dict(sorted(faults.items()))


def decoded(path: Path, channels: int, height: int, width: int) -> Array:
    """One file as (channels, height, width) uint8."""
    with Image.open(path, formats=_FORMATS) as image:
        if image.format == "JPEG":
            longest = max(height, width)
            image.draft(image.mode, (longest, longest))  # decodes at 1/2, 1/4 or 1/8 where that is enough
        image.load()
        turned = "exif" in image.info or image.format in _TURNED  # asking costs as much as a small image
        return as_pixels(ImageOps.exif_transpose(image) if turned else image, channels, height, width)


def as_pixels(image: Image.Image, channels: int, height: int, width: int) -> Array:
    """An opened image as (channels, height, width) uint8."""
    if image.mode.startswith(("I", "F")):
        image = _eight_bits(image)
    if image.mode in {"LA", "PA", "RGBA", "La", "RGBa"} or "transparency" in image.info:
        above = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", above.size, _WHITE), above)
    wanted = "L" if channels == 1 else "RGB"
    if image.mode != wanted:
        image = image.convert(wanted)
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    array = np.asarray(image)  # (height, width) or (height, width, 3)
    return array[None] if channels == 1 else array.transpose(2, 0, 1)


def _header(path: Path) -> Header:
    try:
        with Image.open(path, formats=_FORMATS) as image:
            width, height = image.size
            if image.format in _TURNED and image.getexif().get(_ORIENTATION, 1) >= 5:
                width, height = height, width
            clear = "A" in image.mode or "transparency" in image.info
            moving = bool(getattr(image, "is_animated", False))
            return Header(height, width, _is_grey(image), clear, moving)
    except _BROKEN as error:
        return Header(fault=_fault(path, error))


def _is_grey(image: Image.Image) -> bool:
    if image.mode == "P":
        palette = np.array(image.getpalette("RGB") or [0, 0, 0]).reshape(-1, 3)
        return bool((palette == palette[:, :1]).all())
    return image.mode == "1" or image.mode.startswith(("L", "I", "F"))


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit grey as 8-bit grey; pillow itself would cut everything above 255."""
    values = np.asarray(image).astype(np.float32)
    if image.mode != "F" and (image.mode != "I" or values.max(initial=0) > 255):
        values /= 257  # 65535 becomes 255
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def _fault(path: Path, error: BaseException) -> str:
    try:
        if path.stat().st_size == 0:
            return "is empty"
    except OSError:
        return "does not exist"
    if isinstance(error, PermissionError):
        return "may not be read"
    if isinstance(error, IsADirectoryError):
        return "is a folder"
    if isinstance(error, UnidentifiedImageError):
        return "is no image"
    if isinstance(error, Image.DecompressionBombError):
        return "has more pixels than any photograph"
    return "is damaged"


def _in_threads(
    work: Callable[[int], Result] | Callable[[Path], Result], items: Sequence[object]
) -> Iterator[Result]:
    """``work`` of every item, in order; pillow lets other threads run while it decodes."""
    blocks = [items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE)]
    Image.init()  # pillow's loading of decoders is not safe in threads
    with _quiet(), ThreadPoolExecutor(min(32, os.cpu_count() or 1)) as pool:
        for results in pool.map(lambda block: [work(item) for item in block], blocks):
            yield from results


@contextmanager
def _quiet() -> Iterator[None]:
    """Hides what pillow says of odd metadata; it would be printed once per process, for one file of many."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
