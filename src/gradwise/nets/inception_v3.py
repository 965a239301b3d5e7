"""Inception v3: long filters taken apart into short ones, for 299 pixels.

What it is
    Eleven Inception blocks of five kinds behind a stem of five convolutions.  Large filters are taken apart:
    5 x 5 becomes two of 3 x 3, 7 x 7 becomes 1 x 7 and 7 x 1, and near the end 3 x 3 becomes 1 x 3 beside
    3 x 1.  Two blocks halve the map by strides in some branches and a pooling in another, so that no layer is
    a bottleneck.  A classifier on an inner layer can help in training.

Also called
    inceptionv3, inception3

Formula
    - a 7 x 7 taken apart: ``W₁ₓ₇ φ(W₇ₓ₁ x)``, 14 products per channel and place in place of 49
    - ``loss = L(outputs) + 0.4 · L(aux)``, with ``aux`` (`gradwise fit --net inception-v3:aux=true`) and in
      training only: the validation loss is that of the outputs

Shapes
    pixels (N, C, H, W) -> (N, outputs).  Channels after the blocks, from 299 pixels: 256, 288, 288 on
    35 x 35; 768 five times on 17 x 17; 1280, 2048, 2048 on 8 x 8.  Weights: 23,834,568 for 1000 classes,
    27,161,264 with ``aux``.
    The small stem, up to 74 pixels, keeps the size until its second pooling, and reductions are padded: 32
    pixels become maps of 16, 8 and 4, and every size is taken.  The ImageNet stem takes 75 pixels or more.

Defaults
    ReLU, batch norm with ε 1e-3, dropout 0.5 (torchvision's).  ``aux`` false; its share of the loss is 0.4
    (TensorFlow-Slim, in which the net was published).  He's initialisation.  Published weights expect inputs
    of mean 0.5 and deviation 0.5 in every channel (`PUBLISHED_INPUT`).

When
    - photographs of 200 pixels and more: 5.7 billion products per image of 299 pixels
    - to compare with, or to fine-tune from, its published weights

When not
    - small pictures in small numbers: `cnn`, or a ResNet with fewer weights
    - speed counts on a GPU: many small convolutions keep it less busy than a ResNet's few large ones

Confused with
    - the "Inception v2" of the same paper: this one without label smoothing, 7 x 7 taken apart and batch norm
      in the auxiliary classifier
    - `inception-v2`, as most call the net of arXiv 1502.03167
    - `inception-v4`: more blocks of the same kinds

Example
    >>> import torch
    >>> from gradwise import nets
    >>> with torch.device("meta"):
    ...     net = nets.make("inception-v3", outputs=1000, channels=3, height=299, width=299, aux=True)
    >>> sum(weight.numel() for weight in net.parameters())
    27161264

Claims
    - the auxiliary classifier does little early in training and lifts accuracy near the end

References
    Szegedy, Vanhoucke, Ioffe, Shlens, Wojna, Rethinking the Inception Architecture for Computer Vision,
    arXiv 1512.00567.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from gradwise.nets.auxiliary import Auxiliary
from gradwise.nets.inception_parts import Layers, Paths
from gradwise.nets.net import Net
from gradwise.nets.pixels import ImageShape, Pixels
from gradwise.nets.stems import refuse_smaller, stem_for
from gradwise.nets.style import Style, start_convolutions

FAMILY = "Inception v3"
SMALLEST = 75  # pixels that the ImageNet stem takes; torchvision's min_size
AUX_SHARE = 0.4  # of the loss of the auxiliary classifier; TensorFlow-Slim's train_image_classifier
AUX_MAP = 5  # pixels that its convolution takes at once
AUX_WINDOW, AUX_STEP = 5, 3  # of its pooling, which makes 5 pixels of the 17 that come of 299
# Mean and deviation of every channel, from 0 to 1, in which published weights were trained.
PUBLISHED_INPUT: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "inception-v3": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),  # torchvision's transform_input
}


class InceptionV3(nn.Module):
    """Eleven Inception blocks between a stem and one dense layer.

    Args:
        outputs: numbers per example.
        image: shape of the images.
        stem: ``small``, ``imagenet`` or ``auto``: by size.
        activation: by name.
        norm: of every convolution, by name.
        dropout: share of the averaged features dropped before the output.
        aux: have an auxiliary classifier, which helps in training.

    Raises:
        UsageError: no such stem, or images that are too small for it.
    """

    def __init__(
        self,
        outputs: int,
        image: ImageShape,
        *,
        stem: str = "auto",
        activation: str = "relu",
        norm: str = "batch-norm",
        dropout: float = 0.5,
        aux: bool = False,
    ) -> None:
        super().__init__()
        small = takes_small_stem(stem, image, FAMILY)
        layers = Layers(Style(activation, norm))
        conv = layers.conv
        self.pixels = Pixels(image)
        self.Conv2d_1a_3x3 = conv(
            image.channels, 32, 3, stride=1 if small else 2, same=small
        )  # (N, 32, 149, 149)
        self.Conv2d_2a_3x3 = conv(32, 32, 3, same=small)  # (N, 32, 147, 147)
        self.Conv2d_2b_3x3 = conv(32, 64, 3)
        self.maxpool1 = nn.Identity() if small else nn.MaxPool2d(3, stride=2)  # (N, 64, 73, 73)
        self.Conv2d_3b_1x1 = conv(64, 80)
        self.Conv2d_4a_3x3 = conv(80, 192, 3, same=small)  # (N, 192, 71, 71)
        self.maxpool2 = nn.MaxPool2d(3, stride=2, padding=int(small))  # (N, 192, 35, 35)
        self.Mixed_5b = _fives(layers, 192, 32)
        self.Mixed_5c = _fives(layers, 256, 64)
        self.Mixed_5d = _fives(layers, 288, 64)
        self.Mixed_6a = _first_reduction(layers, 288, same=small)  # (N, 768, 17, 17)
        self.Mixed_6b = _sevens(layers, 768, 128)
        self.Mixed_6c = _sevens(layers, 768, 160)
        self.Mixed_6d = _sevens(layers, 768, 160)
        self.Mixed_6e = _sevens(layers, 768, 192)
        self.AuxLogits = Classifier(layers, 768, outputs) if aux else None
        self.Mixed_7a = _second_reduction(layers, 768, same=small)  # (N, 1280, 8, 8)
        self.Mixed_7b = _spread(layers, 1280)
        self.Mixed_7c = _spread(layers, 2048)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.fc = nn.Linear(2048, outputs)
        start_convolutions(self, "fan_in")

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, C, H, W) uint8 -> (N, outputs)."""
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(self.pixels(pixels))))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(self.maxpool1(x)))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(self.maxpool2(x))))  # (N, 288, 35, 35)
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))  # (N, 768, 17, 17)
        if self.training and self.AuxLogits is not None:
            self.AuxLogits(x)  # the loss takes what it puts out, see Auxiliary
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))  # (N, 2048, 8, 8)
        return self.fc(self.dropout(self.avgpool(x).flatten(1)))


def takes_small_stem(stem: str, image: ImageShape, family: str) -> bool:
    """Whether the small stem is taken; by itself wherever the ImageNet stem cannot be.

    Raises:
        UsageError: no such stem, or images that are too small for it.

    >>> takes_small_stem("auto", ImageShape(3, 70, 70), "Inception v3")
    True
    """
    small = stem_for(stem, image, family)
    small = small or (stem == "auto" and min(image.height, image.width) < SMALLEST)
    refuse_smaller(image, 1 if small else SMALLEST, family, small=small)
    return small


class Classifier(Auxiliary):
    """The auxiliary classifier: means over 5 x 5, convolutions of 1 x 1 and 5 x 5, a dense layer.

    Args:
        layers: makes the convolutions.
        before: channels that come in.
        outputs: numbers per example.
    """

    def __init__(self, layers: Layers, before: int, outputs: int) -> None:
        super().__init__(AUX_SHARE)
        self.pool = nn.AvgPool2d(AUX_WINDOW, stride=AUX_STEP)
        self.stretch = nn.AdaptiveAvgPool2d(AUX_MAP)
        self.conv0 = layers.conv(before, 128)
        self.conv1 = layers.conv(128, 768, AUX_MAP, same=False)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(768, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(N, before, h, w) -> (N, outputs); maps of less than 17 pixels are brought to 5 in one go."""
        enough = AUX_WINDOW + (AUX_MAP - 1) * AUX_STEP
        x = self.pool(x) if min(x.shape[-2:]) >= enough else self.stretch(x)  # (N, before, 5, 5)
        x = self.conv1(self.conv0(x))  # (N, 768, 1, 1)
        return self.fc(self.avgpool(x).flatten(1))


def _fives(layers: Layers, before: int, pooled: int) -> Paths:
    """Figure 5 of the paper, with one 5 x 5 left; (N, before, h, w) -> (N, 224 + pooled, h, w)."""
    conv = layers.conv
    return Paths(
        branch1x1=[conv(before, 64)],
        branch5x5=[conv(before, 48), conv(48, 64, 5)],
        branch3x3dbl=[conv(before, 64), conv(64, 96, 3), conv(96, 96, 3)],
        branch_pool=[nn.AvgPool2d(3, stride=1, padding=1), conv(before, pooled)],
    )


def _first_reduction(layers: Layers, before: int, *, same: bool) -> Paths:
    """Figure 10; (N, before, h, w) -> (N, 480 + before, h/2, w/2)."""
    conv = layers.conv
    return Paths(
        branch3x3=[conv(before, 384, 3, stride=2, same=same)],
        branch3x3dbl=[conv(before, 64), conv(64, 96, 3), conv(96, 96, 3, stride=2, same=same)],
        branch_pool=[nn.MaxPool2d(3, stride=2, padding=int(same))],
    )


def _sevens(layers: Layers, before: int, narrow: int) -> Paths:
    """Figure 6 with n = 7; (N, before, h, w) -> (N, 768, h, w)."""
    conv, wide, high = layers.conv, (1, 7), (7, 1)
    return Paths(
        branch1x1=[conv(before, 192)],
        branch7x7=[conv(before, narrow), conv(narrow, narrow, wide), conv(narrow, 192, high)],
        branch7x7dbl=[
            conv(before, narrow),
            conv(narrow, narrow, high),
            conv(narrow, narrow, wide),
            conv(narrow, narrow, high),
            conv(narrow, 192, wide),
        ],
        branch_pool=[nn.AvgPool2d(3, stride=1, padding=1), conv(before, 192)],
    )


def _second_reduction(layers: Layers, before: int, *, same: bool) -> Paths:
    """(N, before, h, w) -> (N, 512 + before, h/2, w/2)."""
    conv = layers.conv
    return Paths(
        branch3x3=[conv(before, 192), conv(192, 320, 3, stride=2, same=same)],
        branch7x7x3=[
            conv(before, 192),
            conv(192, 192, (1, 7)),
            conv(192, 192, (7, 1)),
            conv(192, 192, 3, stride=2, same=same),
        ],
        branch_pool=[nn.MaxPool2d(3, stride=2, padding=int(same))],
    )


def _spread(layers: Layers, before: int) -> Paths:
    """Figure 7: 1 x 3 beside 3 x 1; (N, before, h, w) -> (N, 2048, h, w)."""
    conv, wide, high = layers.conv, (1, 3), (3, 1)
    return Paths(
        branch1x1=[conv(before, 320)],
        branch3x3=[conv(before, 384), (conv(384, 384, wide), conv(384, 384, high))],
        branch3x3dbl=[
            conv(before, 448),
            conv(448, 384, 3),
            (conv(384, 384, wide), conv(384, 384, high)),
        ],
        branch_pool=[nn.AvgPool2d(3, stride=1, padding=1), conv(before, 192)],
    )


NETS = (
    Net(
        "inception-v3",
        {"images": InceptionV3},
        "Inception with long filters taken apart, for 299 pixels",
        aliases=("inceptionv3", "inception3"),
    ),
)
