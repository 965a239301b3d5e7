"""Image files to one array: size, colours and what of the broken ones, decided from all headers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gradwise.data.answers import several
from gradwise.data.examples import Array, Choice
from gradwise.data.image_files import Header, headers, read_into
from gradwise.data.memory import SHARE, new_array
from gradwise.data.pixels import all_grey
from gradwise.errors import UsageError

BROKEN = 0.01  # share of files that may be left out unasked; more is a fault of the whole set
LARGEST = 224  # pixels of the longer side; the size that nets for ImageNet take (Krizhevsky et al. 2012)
COMMON = 0.5  # share of files that must have the most common size for the others to be brought to it


@dataclass(frozen=True, slots=True)
class ReadImages:
    """Images of one size.

    Args:
        pixels: (N, channels, height, width) uint8.
        kept: (N,) int64 positions of the files that could be read.
        names: of those.
        choices: what was decided.
        notes: what else the user should know.
    """

    pixels: Array
    kept: Array
    names: tuple[str, ...]
    choices: tuple[Choice, ...]
    notes: tuple[str, ...]


def read_images(files: Sequence[Path], names: Sequence[str], longest: int | None = None) -> ReadImages:
    """Reads the files into one array.

    Args:
        files: at least one.
        names: what each is called in messages.
        longest: pixels of the longer side; None: as the files are, `LARGEST` at most.

    Raises:
        UsageError: 1 % of the files or more are broken.
    """
    seen = headers(files)
    faults = {i: header.fault for i, header in enumerate(seen) if header.fault}
    _refuse_many(faults, names)
    good = [i for i in range(len(files)) if i not in faults]
    looks = [seen[i] for i in good]
    height, width, choices = _size(looks, longest)
    channels, told = _colours(looks)
    pixels, on_disk = new_array((len(good), channels, height, width), np.uint8)
    broken = read_into(pixels, [files[i] for i in good])
    faults |= {good[row]: fault for row, fault in broken.items()}
    _refuse_many(faults, names)
    pixels = _without(pixels, list(broken))
    if channels == 3 and all_grey(pixels):
        pixels = np.ascontiguousarray(pixels[:, :1])
        told = [Choice("colours", "grey", f"in all {len(pixels):,} images red, green and blue are equal")]
    choices += told + _left_out(faults, names, len(files)) + _on_disk(pixels, on_disk=on_disk)
    kept = np.array([i for i in good if i not in faults], np.int64)
    return ReadImages(pixels, kept, tuple(names[i] for i in kept), tuple(choices), _moving(looks))


def _size(looks: Sequence[Header], asked: int | None) -> tuple[int, int, list[Choice]]:
    """Height and width for all: the common ones or the median ones, brought to the longer side asked for."""
    sizes = Counter((look.height, look.width) for look in looks)
    (height, width), most = sizes.most_common(1)[0]
    reason = f"{most:,} of {len(looks):,} images are {height}×{width}, the others are stretched to it"
    if most < COMMON * len(looks):
        height = int(np.median([look.height for look in looks]))
        width = int(np.median([look.width for look in looks]))
        reason = (
            f"{len(sizes):,} sizes occur and none in half of the images: the median, {height}×{width}, "
            "all are stretched to it"
        )
    reasons = [reason] if len(sizes) > 1 else []
    if asked is not None:
        reasons.append(f"{height}×{width} brought to --image-size {asked}")
        height, width = scaled(height, width, asked)
    elif max(height, width) > LARGEST:
        reasons.append(f"{height}×{width} shrunk to {LARGEST} at most, as nets take; --image-size N for more")
        height, width = scaled(height, width, LARGEST)
    choices = [Choice("image-size", f"{height}×{width}", "; ".join(reasons))] if reasons else []
    return height, width, choices


def scaled(height: int, width: int, longest: int) -> tuple[int, int]:
    """The size whose longer side has ``longest`` pixels, in the same proportions.

    >>> scaled(600, 800, 200), scaled(1, 500, 100)
    ((150, 200), (1, 100))
    """
    factor = longest / max(height, width)
    return max(1, round(height * factor)), max(1, round(width * factor))


def _colours(looks: Sequence[Header]) -> tuple[int, list[Choice]]:
    grey = sum(look.grey for look in looks)
    clear = sum(look.clear for look in looks)
    choices = []
    if 0 < grey < len(looks):
        reason = f"{len(looks) - grey:,} images have colours and {grey:,} are grey"
        choices.append(Choice("colours", "RGB", reason))
    if clear:
        choices.append(Choice("transparency", "on white", f"{clear:,} images may have transparent parts"))
    return 1 if grey == len(looks) else 3, choices


def _refuse_many(faults: dict[int, str], names: Sequence[str]) -> None:
    if faults and len(faults) >= BROKEN * len(names):
        told = several([f"{names[i]} {fault}" for i, fault in faults.items()])
        raise UsageError(
            f"{len(faults):,} of {len(names):,} image files cannot be read: {told}; "
            f"mend or remove them (fewer than {BROKEN:.0%} would be left out)."
        )


def _left_out(faults: dict[int, str], names: Sequence[str], count: int) -> list[Choice]:
    if not faults:
        return []
    told = several([f"{names[i]} {fault}" for i, fault in faults.items()])
    reason = f"{len(faults):,} of {count:,} cannot be read, fewer than {BROKEN:.0%}: {told}"
    return [Choice("broken-images", "left out", reason)]


def _on_disk(pixels: Array, *, on_disk: bool) -> list[Choice]:
    if not on_disk:
        return []
    reason = f"{pixels.nbytes / 1e9:.1f} GB of pixels are more than {SHARE:.0%} of the free memory"
    return [Choice("pixels", "in a temporary file", reason)]


def _moving(looks: Sequence[Header]) -> tuple[str, ...]:
    count = sum(look.moving for look in looks)
    return (f"{count:,} images are animated; their first frame is taken",) if count else ()


def _without(pixels: Array, rows: Sequence[int]) -> Array:
    """The other rows, moved up in place: a copy might not fit."""
    kept = 0
    gone = set(rows)
    for row in range(len(pixels) if gone else 0):
        if row not in gone:
            pixels[kept] = pixels[row]
            kept += 1
    return pixels[:kept] if gone else pixels
