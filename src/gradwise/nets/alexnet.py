"""Five convolutions and three dense layers: the net that won ImageNet in 2012, in its later, narrower form.

What it is
    The first deep convolutional net on large images: ReLU, dropout in the dense layers and poolings that
    overlap.  Most of its weights stand between the last map and the first dense layer.

Also called
    alex-net

Formula
    - convolutions: 11 x 11 stride 4, 5 x 5, then three of 3 x 3; ReLU after each
    - poolings of 3 x 3 with stride 2 after the first, second and fifth
    - two dense layers with dropout before and ReLU after each, then the output

Shapes
    - imagenet stem: (N, 3, 224, 224), maps of 55, 27, 13 and 6 pixels with 64, 192, 384, 256 and 256
      channels, dense layers 9216 -> 4096 -> 4096 -> outputs; 61.1 million weights with 1000 classes
    - small stem: (N, 3, 32, 32), a first convolution of 5 x 5 that keeps the size, maps of 32, 16, 8 and 4
      pixels, dense layers of 512: 4.8 million weights with 10 classes; ours, since the papers have none
    - images of 63 x 63 pixels or more with the imagenet stem, of 8 x 8 or more with the small one

Defaults
    widths of the second paper, which published weights have: 64 units in the first convolution, 3, 6, 4 and 4
    times as many in the others, 64 times as many in dense layers (8 times with the small stem, whose images
    have no use for 55 million dense weights); dropout 0.5; no norm; stem by size; start by He's fan-out in
    convolutions, which makes up for what poolings of the largest add, and fan-in in dense layers.

When
    - the history of the field, and a fast net with few layers
    - its trained weights as a fast source of features

When not
    - accuracy counts: `resnet18` has a fifth of the weights and makes far fewer errors
    - images of other sizes than it was trained on: most weights depend on places

Confused with
    - the net of the 2012 paper: 96 channels first, split over two devices, with local response normalisation,
      which this one does without
    - `lenet`: the same plan of 1998 on digits
    - `vgg`: only 3 x 3 convolutions, and more of them

Example
    >>> import torch
    >>> from gradwise import nets
    >>> with torch.device("meta"):
    ...     net = nets.make("alexnet", outputs=1000, channels=3, height=224, width=224)
    >>> f"{sum(weight.numel() for weight in net.parameters()):,}"
    '61,100,840'

Claims
    - convolutions beat a dense net of as many weights on images, since weights are shared between places
    - poolings make small shifts matter less

References
    Krizhevsky, Sutskever, Hinton, ImageNet Classification with Deep Convolutional Neural Networks, NIPS 2012.
    Krizhevsky, One weird trick for parallelizing convolutional neural networks, arXiv 1404.5997.
"""

from __future__ import annotations

from torch import Tensor, nn

from gradwise.nets.net import Net
from gradwise.nets.pixels import ImageShape, Pixels
from gradwise.nets.stems import refuse_smaller, stem_for
from gradwise.nets.style import Style, start_convolutions, start_dense

SMALLEST = 63  # pixels of which the imagenet stem and three poolings leave one
SMALLEST_SMALL = 8  # the same of the small stem
MAP, SMALL_MAP = 6, 4  # pixels of the map that the dense layers take: those of 224 and of 32 pixels
DENSE, SMALL_DENSE = 64, 8  # units of a dense layer for each of the first convolution


class AlexNet(nn.Module):
    """Five convolutions, three poolings that overlap, three dense layers.

    Args:
        outputs: numbers per example.
        image: shape of the images.
        units: channels of the first convolution; all other widths follow.
        dropout: share of the numbers dropped before each of the first two dense layers.
        stem: ``small``, ``imagenet`` or ``auto``: by size.
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
        units: int = 64,
        dropout: float = 0.5,
        stem: str = "auto",
        activation: str = "relu",
        norm: str = "none",
    ) -> None:
        super().__init__()
        small = stem_for(stem, image, "AlexNet")
        refuse_smaller(image, SMALLEST_SMALL if small else SMALLEST, "AlexNet", small=small)
        style = Style(activation, norm)
        size, stride = (5, 1) if small else (11, 4)
        self.pixels = Pixels(image)
        self.features = nn.Sequential(
            nn.Conv2d(image.channels, units, size, stride=stride, padding=2),  # (N, 64, 55, 55)
            *style.after(units),
            nn.MaxPool2d(3, stride=2, ceil_mode=small),  # (N, 64, 27, 27)
            nn.Conv2d(units, 3 * units, 5, padding=2),
            *style.after(3 * units),
            nn.MaxPool2d(3, stride=2, ceil_mode=small),  # (N, 192, 13, 13)
            nn.Conv2d(3 * units, 6 * units, 3, padding=1),  # (N, 384, 13, 13)
            *style.after(6 * units),
            nn.Conv2d(6 * units, 4 * units, 3, padding=1),
            *style.after(4 * units),
            nn.Conv2d(4 * units, 4 * units, 3, padding=1),
            *style.after(4 * units),
            nn.MaxPool2d(3, stride=2, ceil_mode=small),  # (N, 256, 6, 6)
        )
        side = _sides(image) if small else (MAP, MAP)
        self.avgpool = nn.AdaptiveAvgPool2d(side)
        dense = units * (SMALL_DENSE if small else DENSE)
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(4 * units * side[0] * side[1], dense),
            style.activated(),
            nn.Dropout(dropout),
            nn.Linear(dense, dense),
            style.activated(),
            nn.Linear(dense, outputs),
        )
        start_convolutions(self)
        start_dense(self)

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, C, H, W) uint8 -> (N, outputs)."""
        return self.classifier(self.avgpool(self.features(self.pixels(pixels))).flatten(1))


def _sides(image: ImageShape) -> tuple[int, int]:
    """Pixels of the map behind the small stem, 4 at most.

    >>> [_sides(ImageShape(3, side, side))[0] for side in (8, 28, 32, 64)]
    [1, 3, 4, 4]
    """

    def side(pixels: int) -> int:
        for _ in range(3):
            pixels = (pixels - 2) // 2 + 1  # 3 x 3, stride 2, rounded up
        return min(pixels, SMALL_MAP)

    return side(image.height), side(image.width)


NETS = (Net("alexnet", {"images": AlexNet}, "AlexNet of 2012, its later widths", aliases=("alex-net",)),)
