"""Plain stack of 3 x 3 convolutions with five poolings and three dense layers.

What it is
    A convolutional net of one kind of layer: convolutions of 3 x 3 that keep the size, in five stages that
    each end with a pooling.  Two of them see 5 x 5 pixels and three 7 x 7, with fewer weights than one large
    convolution.

Also called
    vgg11, vgg-11, vgg11-bn, vgg-11-bn, vgg13, vgg-13, vgg13-bn, vgg-13-bn, vgg16, vgg-16, vgg16-bn,
    vgg-16-bn, vgg19, vgg-19, vgg19-bn, vgg-19-bn
    (vgg alone is vgg11; bn is batch norm after every convolution)

Formula
    - layer: ``x ← φ(N(W * x + b))``, N batch norm or nothing
    - stage: one to four layers, then the largest of 2 x 2 places
    - two dense layers with activation and dropout, then the output

Shapes
    - imagenet stem: (N, 3, 224, 224), stages of 224, 112, 56, 28 and 14 pixels with 64, 128, 256, 512 and
      512 channels, dense layers 25088 -> 4096 -> 4096 -> outputs
    - small stem: the same convolutions with poolings that round up, so that 28 pixels become 14, 7, 4, 2 and
      1, then the mean over all places and dense layers 512 -> 512 -> 512 -> outputs; ours, since the paper
      has none
    - 132.9, 133.0, 138.4 and 143.7 million weights with 1000 classes; 9.8, 9.9, 15.3 and 20.6 with the small
      stem and 10 classes
    - images of 32 x 32 pixels or more with the imagenet stem, of any size with the small one

Defaults
    layers per stage 1 1 2 2 2, 2 2 2 2 2, 2 2 3 3 3 and 2 2 4 4 4 for 11, 13, 16 and 19 (table 1 of the
    paper: A, B, D, E); 64 units in the first stage, dense layers of 64 times as many (8 times with the
    small stem); dropout 0.5; convolutions keep their bias before batch norm, as published weights do; stem by
    size; start by He's fan-out in convolutions and fan-in in dense layers.

When
    - features for style and texture; a plain net to study
    - small images: vgg11-bn with the small stem is quick, since nothing but convolutions is in it

When not
    - accuracy for the weights: `resnet50` has a fifth of them and makes fewer errors
    - without batch norm and with a large rate: 16 and 19 layers of it may not start to learn

Confused with
    - `alexnet`: large convolutions first
    - `resnet`: the same 3 x 3 convolutions with sums past them
    - forms C (1 x 1 convolutions) and A-LRN of the paper, which nobody uses

Example
    >>> import torch
    >>> from gradwise import nets
    >>> with torch.device("meta"):
    ...     net = nets.make("vgg16", outputs=1000, channels=3, height=224, width=224)
    >>> f"{sum(weight.numel() for weight in net.parameters()):,}"
    '138,357,544'

Claims
    - at equal weights a deep stack of small convolutions beats a shallow one of large ones
    - poolings make small shifts matter less

References
    Simonyan, Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, arXiv 1409.1556.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from torch import Tensor, nn

from gradwise.nets.net import Net
from gradwise.nets.pixels import ImageShape, Pixels
from gradwise.nets.stems import refuse_smaller, stem_for
from gradwise.nets.style import Style, start_convolutions, start_dense

WIDTHS = (1, 2, 4, 8, 8)  # channels of the stages for each unit
SMALLEST = 32  # pixels of which five poolings leave one
MAP = 7  # pixels of the map that the dense layers take: that of 224 pixels
DENSE, SMALL_DENSE = 64, 8  # units of a dense layer for each of the first stage


class VGG(nn.Module):
    """Five stages of 3 x 3 convolutions, each ended by a pooling, then three dense layers.

    Args:
        outputs: numbers per example.
        image: shape of the images.
        layers: convolutions of each stage.
        units: channels of the first stage; all other widths follow.
        dropout: share of the numbers dropped after each of the first two dense layers.
        stem: ``small``: poolings round up and dense layers are narrow; ``imagenet``, or ``auto``: by size.
        activation: by name.
        norm: of every convolution, before the activation, by name.

    Raises:
        UsageError: no such stem, or the image is too small.
    """

    def __init__(
        self,
        outputs: int,
        image: ImageShape,
        *,
        layers: Sequence[int],
        units: int = 64,
        dropout: float = 0.5,
        stem: str = "auto",
        activation: str = "relu",
        norm: str = "none",
    ) -> None:
        super().__init__()
        small = stem_for(stem, image, "VGG")
        refuse_smaller(image, 1 if small else SMALLEST, "VGG", small=small)
        style, side = Style(activation, norm), 1 if small else MAP
        self.pixels = Pixels(image)
        before, parts = image.channels, []
        for depth, times in zip(layers, WIDTHS, strict=True):
            for _ in range(depth):
                parts += [nn.Conv2d(before, times * units, 3, padding=1), *style.after(times * units)]
                before = times * units
            parts.append(nn.MaxPool2d(2, ceil_mode=small))
        self.features = nn.Sequential(*parts)
        self.avgpool = nn.AdaptiveAvgPool2d(side)
        dense = units * (SMALL_DENSE if small else DENSE)
        self.classifier = nn.Sequential(
            nn.Linear(before * side * side, dense),
            style.activated(),
            nn.Dropout(dropout),
            nn.Linear(dense, dense),
            style.activated(),
            nn.Dropout(dropout),
            nn.Linear(dense, outputs),
        )
        start_convolutions(self)
        start_dense(self)

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, C, H, W) uint8 -> (N, outputs)."""
        x = self.features(self.pixels(pixels))  # (N, 512, H / 32, W / 32)
        return self.classifier(self.avgpool(x).flatten(1))


_DEPTHS = ((11, (1, 1, 2, 2, 2)), (13, (2, 2, 2, 2, 2)), (16, (2, 2, 3, 3, 3)), (19, (2, 2, 4, 4, 4)))


def _declared(depth: int, layers: Sequence[int]) -> tuple[Net, Net]:
    """Without and with batch norm."""
    return (
        Net(
            f"vgg{depth}",
            {"images": partial(VGG, layers=layers)},
            f"VGG of {depth} layers",
            aliases=(f"vgg-{depth}", *(("vgg",) if depth == 11 else ())),
        ),
        Net(
            f"vgg{depth}-bn",
            {"images": partial(VGG, layers=layers, norm="batch-norm")},
            f"VGG of {depth} layers with batch norm",
            aliases=(f"vgg-{depth}-bn",),
        ),
    )


NETS = tuple(net for depth, layers in _DEPTHS for net in _declared(depth, layers))
