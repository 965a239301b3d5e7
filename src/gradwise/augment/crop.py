"""A window at a random place of the image, which may reach into a margin around it.

What it is
    The image gets a margin, and a window as large as the image was (or smaller) is cut out anywhere.  With
    `flip` this is the classic recipe for CIFAR-10.

Also called
    random-crop, pad-crop

Formula
    ``y(r, c) = x(r + a − m, c + b − m)``, m the margin, a even over 0 … H + 2 m − h, b likewise

Shapes
    (N, C, H, W) -> (N, C, h, w).  Pixels are moved, never interpolated: bytes stay bytes.

Defaults
    padding 4 pixels (He and others, section 4.2, on images of 32 x 32), 0 where a size is given; size None:
    that of the image; fill ``zeros``.

When
    - things do not stand exactly in the middle: nearly all photographs
    - ``size``: fully convolutional nets that learn from parts of large images; in ``gradwise fit`` sizes
      stay, because validation rows keep theirs

When not
    - padding 4 on very small images: of 8 pixels it moves a half out; 1 is enough there
    - what tells the classes apart is at the edge

Confused with
    - `translate`: the same shift as a share of the size, which need not be whole pixels
    - `cutout`: cuts a hole into the image

Example
    >>> import torch
    >>> from gradwise import augment
    >>> images = torch.ones(100, 1, 8, 8, dtype=torch.uint8)
    >>> moved, _ = augment.make("crop:padding=1")(images, torch.zeros(100), torch.Generator().manual_seed(0))
    >>> sorted(set(moved.sum((1, 2, 3)).tolist()))  # 8 x 8, 8 x 7 or 7 x 7 pixels remain
    [49, 56, 64]

Claims
    - augmentation helps small data, where the change keeps the label

References
    He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition, arXiv 1512.03385.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gradwise.augment.augmentation import Augmentation, Frame, Motion, unmoved, whole
from gradwise.errors import UsageError

PADDING = 4  # pixels; He, Zhang, Ren, Sun, arXiv 1512.03385, section 4.2


@dataclass(frozen=True, kw_only=True)
class Crop(Motion):
    """Windows at random places.

    Args:
        padding: pixels of margin on each side; None: 4, or 0 where a size is given.
        size: side of the window in pixels, or (height, width); None: that of the image.
    """

    padding: int | None = None
    size_: int | tuple[int, int] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.padding is not None:
            whole("crop", "padding", self.padding, 0)
        if self.size_ is not None:
            self.size((1, 1))

    @property
    def _margin(self) -> int:
        return self.padding if self.padding is not None else PADDING if self.size_ is None else 0

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """See `Motion`."""
        if self.size_ is None:
            return size
        sides = tuple(self.size_) if isinstance(self.size_, tuple | list) else (self.size_,) * 2
        if len(sides) != 2:
            raise UsageError(f"crop: size takes a side or (height, width) in pixels, not {self.size_!r}.")
        return whole("crop", "size", sides[0], 1), whole("crop", "size", sides[1], 1)

    def back(self, frame: Frame) -> Tensor:
        """See `Motion`."""
        back = unmoved(frame.rows)
        for coordinate, (before, after) in enumerate(
            zip(frame.size[::-1], self.size(frame.size)[::-1], strict=True)
        ):
            room = before + 2 * self._margin - after
            if room < 0:
                raise UsageError(
                    f"crop: a window of {after} pixels does not fit into {before} with {self._margin} of "
                    "padding on each side; take a smaller size or more padding."
                )
            place = torch.randint(room + 1, (frame.rows,), generator=frame.generator) - self._margin
            back[:, coordinate, 2] = place + (after - before) / 2
        return back


def crop(*, padding: int | None = None, size: int | tuple[int, int] | None = None, fill: str = "") -> Crop:
    """See `Crop`."""
    return Crop(padding=padding, size_=size, fill=fill)


AUGMENTATIONS = (
    Augmentation(
        "crop", crop, ("images",), "a window at a random place", aliases=("random-crop", "pad-crop")
    ),
)
