"""The choice between the two stems of image nets, and the smallest images that a net takes.

The ImageNet stem shrinks an image to a quarter or less at once; of 32 pixels it leaves next to nothing.  The
small stem keeps the size, as papers do that train the same families on CIFAR (He and others, arXiv
1512.03385, section 4.2; Huang and others, arXiv 1608.06993, section 3).
"""

from __future__ import annotations

from gradwise.errors import UsageError
from gradwise.nets.pixels import ImageShape

SMALL_IMAGE = 64  # pixels of the shorter side, up to which the small stem is taken: Tiny ImageNet's size
STEMS = ("auto", "small", "imagenet")


def stem_for(stem: str, image: ImageShape, family: str) -> bool:
    """Whether the small stem is taken.

    Args:
        stem: ``small``, ``imagenet`` or ``auto``: small up to `SMALL_IMAGE` pixels of the shorter side.
        image: shape of the images.
        family: of the net, for messages, e.g. ``"ResNet"``.

    Raises:
        UsageError: no such stem.

    >>> [stem_for(stem, ImageShape(3, 32, 48), "ResNet") for stem in ("auto", "imagenet")]
    [True, False]
    """
    if stem not in STEMS:
        raise UsageError(f"{family}: the stem is one of {', '.join(STEMS)}, not {stem!r}.")
    return stem == "small" or (stem == "auto" and min(image.height, image.width) <= SMALL_IMAGE)


def refuse_smaller(image: ImageShape, smallest: int, family: str, *, small: bool) -> None:
    """Refuse images that shrink to nothing inside a net.

    Args:
        image: shape of the images.
        smallest: pixels of the shorter side that the net needs with this stem.
        family: of the net, for messages.
        small: whether the stem is the small one.

    Raises:
        UsageError: the images are smaller.

    >>> refuse_smaller(ImageShape(3, 8, 8), 9, "VGG", small=False)
    Traceback (most recent call last):
        ...
    gradwise.errors.UsageError: VGG with stem 'imagenet' needs 9 x 9 pixels or more, not 8 x 8; take 'small'.
    """
    if min(image.height, image.width) < smallest:
        which, instead = ("small", "net 'cnn'") if small else ("imagenet", "'small'")
        raise UsageError(
            f"{family} with stem {which!r} needs {smallest} x {smallest} pixels or more, "
            f"not {image.height} x {image.width}; take {instead}."
        )
