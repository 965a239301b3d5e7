"""Inception v4: a uniform, deeper Inception of 4, 7 and 3 like blocks, for 299 pixels.

What it is
    The blocks of Inception v3 brought into one plan: a stem that already branches, then 4 blocks A on maps of
    35 pixels, 7 blocks B on 17 and 3 blocks C on 8, with a reduction between each two stages.  All blocks of
    a stage are alike.  It has no residual connections.

Also called
    inceptionv4, inception4

Formula
    - A, B, C: ``y = [W₁ x, ... , P mean₃ₓ₃(x)]``, four branches with filters of 3 x 3 (A), 1 x 7 and 7 x 1
      (B), 1 x 3 beside 3 x 1 (C); every W and P is followed by norm and φ
    - means at the border are taken over what is there, without the padding

Shapes
    pixels (N, C, H, W) -> (N, outputs).  From 299 pixels: stem (N, 384, 35, 35), A (N, 384, 35, 35),
    B (N, 1024, 17, 17), C (N, 1536, 8, 8).  Weights: 42,679,816 for 1000 classes.
    The small stem, up to 74 pixels, keeps the size until its last step, and all is padded: 32 pixels become
    maps of 16, 8 and 4, and every size is taken.  The ImageNet stem takes 75 pixels or more.

Defaults
    ReLU, batch norm with ε 1e-3 (TensorFlow-Slim's), dropout 0.2 (figure 9: keep 0.8).  He's initialisation.
    Published weights expect inputs of mean 0.5 and deviation 0.5 in every channel (`PUBLISHED_INPUT`).

When
    - accuracy on photographs of 299 pixels comes first and 12 billion products per image can be paid
    - to fine-tune from its published weights

When not
    - small data or small pictures: 43 million weights learn them by heart
    - on a CPU: `googlenet` needs an eighth of the arithmetic

Confused with
    - Inception-ResNet, of the same paper, whose blocks are added to their input
    - `inception-v3`, with another stem and fewer blocks

Example
    >>> import torch
    >>> from gradwise import nets
    >>> with torch.device("meta"):
    ...     net = nets.make("inception-v4", outputs=1000, channels=3, height=299, width=299)
    >>> sum(weight.numel() for weight in net.parameters())
    42679816

Claims
    - without residual connections it reaches the accuracy of nets that have them, after a longer training

References
    Szegedy, Ioffe, Vanhoucke, Alemi, Inception-v4, Inception-ResNet and the Impact of Residual Connections on
    Learning, arXiv 1602.07261.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from gradwise.nets.inception_parts import Branches, Layers, Paths
from gradwise.nets.inception_v3 import takes_small_stem
from gradwise.nets.net import Net
from gradwise.nets.pixels import ImageShape, Pixels
from gradwise.nets.style import Style, start_convolutions

FAMILY = "Inception v4"
# Mean and deviation of every channel, from 0 to 1, in which published weights were trained.
PUBLISHED_INPUT: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "inception-v4": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),  # timm's IMAGENET_INCEPTION_MEAN and _STD
}


class InceptionV4(nn.Module):
    """A branching stem, three stages of like blocks with reductions between them, one dense layer.

    Args:
        outputs: numbers per example.
        image: shape of the images.
        stem: ``small``, ``imagenet`` or ``auto``: by size.
        activation: by name.
        norm: of every convolution, by name.
        dropout: share of the averaged features dropped before the output.

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
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        small = takes_small_stem(stem, image, FAMILY)
        layers = Layers(Style(activation, norm))
        self.pixels = Pixels(image)
        self.features = nn.Sequential(
            *_stem(layers, image.channels, small=small),  # 0 to 5: (N, 384, 35, 35)
            *(_block_a(layers) for _ in range(4)),  # 6 to 9
            _reduction_a(layers, same=small),  # 10: (N, 1024, 17, 17)
            *(_block_b(layers) for _ in range(7)),  # 11 to 17
            _reduction_b(layers, same=small),  # 18: (N, 1536, 8, 8)
            *(_block_c(layers) for _ in range(3)),  # 19 to 21
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.last_linear = nn.Linear(1536, outputs)
        start_convolutions(self, "fan_in")

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, C, H, W) uint8 -> (N, outputs)."""
        x = self.features(self.pixels(pixels))  # (N, 1536, 8, 8)
        return self.last_linear(self.dropout(self.avgpool(x).flatten(1)))


def _stem(layers: Layers, channels: int, *, small: bool) -> list[nn.Module]:
    """Figure 3; the small one is padded, and its last step alone halves."""
    conv, step, pad = layers.conv, 1 if small else 2, int(small)
    return [
        conv(channels, 32, 3, stride=step, same=small),  # (N, 32, 149, 149)
        conv(32, 32, 3, same=small),  # (N, 32, 147, 147)
        conv(32, 64, 3),
        Branches(
            maxpool=nn.MaxPool2d(3, stride=step, padding=pad),
            conv=conv(64, 96, 3, stride=step, same=small),
        ),  # (N, 160, 73, 73)
        Branches(
            branch0=nn.Sequential(conv(160, 64), conv(64, 96, 3, same=small)),
            branch1=nn.Sequential(
                conv(160, 64), conv(64, 64, (1, 7)), conv(64, 64, (7, 1)), conv(64, 96, 3, same=small)
            ),
        ),  # (N, 192, 71, 71)
        Branches(
            conv=conv(192, 192, 3, stride=2, same=small),
            maxpool=nn.MaxPool2d(3, stride=2, padding=pad),
        ),  # (N, 384, 35, 35)
    ]


def _block_a(layers: Layers) -> Branches:
    """Figure 4; (N, 384, h, w) -> the same."""
    conv = layers.conv
    return Branches(
        branch0=conv(384, 96),
        branch1=nn.Sequential(conv(384, 64), conv(64, 96, 3)),
        branch2=nn.Sequential(conv(384, 64), conv(64, 96, 3), conv(96, 96, 3)),
        branch3=nn.Sequential(_mean(), conv(384, 96)),
    )


def _reduction_a(layers: Layers, *, same: bool) -> Branches:
    """Figure 7 with k, l, m, n = 192, 224, 256, 384; (N, 384, h, w) -> (N, 1024, h/2, w/2)."""
    conv = layers.conv
    return Branches(
        branch0=conv(384, 384, 3, stride=2, same=same),
        branch1=nn.Sequential(conv(384, 192), conv(192, 224, 3), conv(224, 256, 3, stride=2, same=same)),
        branch2=nn.MaxPool2d(3, stride=2, padding=int(same)),
    )


def _block_b(layers: Layers) -> Branches:
    """Figure 5; (N, 1024, h, w) -> the same."""
    conv, wide, high = layers.conv, (1, 7), (7, 1)
    return Branches(
        branch0=conv(1024, 384),
        branch1=nn.Sequential(conv(1024, 192), conv(192, 224, wide), conv(224, 256, high)),
        branch2=nn.Sequential(
            conv(1024, 192),
            conv(192, 192, high),
            conv(192, 224, wide),
            conv(224, 224, high),
            conv(224, 256, wide),
        ),
        branch3=nn.Sequential(_mean(), conv(1024, 128)),
    )


def _reduction_b(layers: Layers, *, same: bool) -> Branches:
    """Figure 8; (N, 1024, h, w) -> (N, 1536, h/2, w/2)."""
    conv = layers.conv
    return Branches(
        branch0=nn.Sequential(conv(1024, 192), conv(192, 192, 3, stride=2, same=same)),
        branch1=nn.Sequential(
            conv(1024, 256),
            conv(256, 256, (1, 7)),
            conv(256, 320, (7, 1)),
            conv(320, 320, 3, stride=2, same=same),
        ),
        branch2=nn.MaxPool2d(3, stride=2, padding=int(same)),
    )


def _block_c(layers: Layers) -> Paths:
    """Figure 6; (N, 1536, h, w) -> the same."""
    conv, wide, high = layers.conv, (1, 3), (3, 1)
    return Paths(
        first=0,
        branch0=[conv(1536, 256)],
        branch1=[conv(1536, 384), (conv(384, 256, wide), conv(384, 256, high))],
        branch2=[
            conv(1536, 384),
            conv(384, 448, high),
            conv(448, 512, wide),
            (conv(512, 256, wide), conv(512, 256, high)),
        ],
        branch3=[nn.Sequential(_mean(), conv(1536, 256))],
    )


def _mean() -> nn.AvgPool2d:
    return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)


NETS = (
    Net(
        "inception-v4",
        {"images": InceptionV4},
        "a uniform, deeper Inception, for 299 pixels",
        aliases=("inceptionv4", "inception4"),
    ),
)
