"""Inception v2, also BN-Inception: the net that batch norm was introduced with.

What it is
    GoogLeNet with batch norm before every activation and wider blocks; two 3 x 3 filters one after the other
    take the place of 5 x 5, which sees as much with fewer weights.  Two blocks halve the map themselves, by
    strides in their branches and a pooling that passes through, in place of a pooling between blocks.

Also called
    bn-inception, inceptionv2, inception2

Formula
    - a block: ``y = [W₁ x, W₃ R₃ x, W₃' W₃ R x, P pool(x)]``, each W, R, P followed by norm and φ
    - a halving block: ``y = [W₃ R₃ x, W₃' W₃ R x, max₃ₓ₃(x)]`` with stride 2 at the end of every branch

Shapes
    pixels (N, C, H, W) -> (N, outputs).  Channels after the blocks: 256, 320, 576; 576, 576, 608, 608, 1056;
    1024, 1024, on maps of 28 (two blocks), 14 and 7 pixels from 224.  Weights: 11,285,224 for 1000 classes.
    The published Caffe net has 11,295,240, since it also has 10,016 biases, one before each norm, which takes
    them away again (paper, section 3.2).
    The small stem, up to 64 pixels, has one 3 x 3 convolution and no first pooling: 32 pixels become maps of
    16, 8 and 4.  The smallest images: 7 pixels, 2 with the small stem.

Defaults
    Widths are those of the columns of the paper's table (figure 5), as the published Caffe net has them: its
    columns for blocks 4c and 4d add up to 608 channels, although the table says 576 there.  ReLU, batch norm
    with ε 1e-5 (that net's port to torch), no dropout, no auxiliary classifiers (section 4.2.1 takes dropout
    out); He's initialisation.

When
    - a middle between `googlenet` and `inception-v3` in weights and arithmetic
    - the paper's comparison of nets with and without batch norm: ``norm=none`` beside the default

When not
    - accuracy comes first: `inception-v3` and residual nets are better
    - published weights are wanted: there is no layout that several libraries share

Confused with
    - the "Inception v2" of arXiv 1512.00567, a step on the way to `inception-v3`
    - `googlenet`, in which batch norm was put later

Example
    >>> import torch
    >>> from gradwise import nets
    >>> with torch.device("meta"):
    ...     net = nets.make("inception-v2", outputs=1000, channels=3, height=224, width=224)
    >>> sum(weight.numel() for weight in net.parameters())
    11285224

Claims
    - batch norm allows larger rates and reaches the same accuracy in fewer epochs

References
    Ioffe, Szegedy, Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate
    Shift, arXiv 1502.03167.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from gradwise.nets.inception_parts import Branches, Layers
from gradwise.nets.net import Net
from gradwise.nets.pixels import ImageShape, Pixels
from gradwise.nets.stems import refuse_smaller, stem_for
from gradwise.nets.style import Style, start_convolutions

FAMILY = "Inception v2"
SMALLEST = {False: 7, True: 2}  # pixels, by whether the stem is small: below, a pooling has nothing to take
EPSILON = 1e-5  # of batch norm; pretrained-models.pytorch's BNInception


class InceptionV2(nn.Module):
    """Ten Inception blocks, two of which halve the map, between a stem and one dense layer.

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
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        small = stem_for(stem, image, FAMILY)
        refuse_smaller(image, SMALLEST[small], FAMILY, small=small)
        layers = Layers(Style(activation, norm), EPSILON)
        self.pixels = Pixels(image)
        size, stride = (3, 1) if small else (7, 2)
        self.conv1 = layers.conv(image.channels, 64, size, stride=stride)  # (N, 64, 112, 112)
        self.maxpool1 = nn.Identity() if small else _halving()  # (N, 64, 56, 56)
        self.conv2 = layers.conv(64, 64)
        self.conv3 = layers.conv(64, 192, 3)
        self.maxpool2 = _halving()  # (N, 192, 28, 28)
        self.inception3a = _block(layers, 192, 64, (64, 64), (64, 96), 32)
        self.inception3b = _block(layers, 256, 64, (64, 96), (64, 96), 64)
        self.inception3c = _halving_block(layers, 320, (128, 160), (64, 96))  # (N, 576, 14, 14)
        self.inception4a = _block(layers, 576, 224, (64, 96), (96, 128), 128)
        self.inception4b = _block(layers, 576, 192, (96, 128), (96, 128), 128)
        self.inception4c = _block(layers, 576, 160, (128, 160), (128, 160), 128)
        self.inception4d = _block(layers, 608, 96, (128, 192), (160, 192), 128)
        self.inception4e = _halving_block(layers, 608, (128, 192), (192, 256))  # (N, 1056, 7, 7)
        self.inception5a = _block(layers, 1056, 352, (192, 320), (160, 224), 128)
        self.inception5b = _block(layers, 1024, 352, (192, 320), (192, 224), 128, largest=True)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.fc = nn.Linear(1024, outputs)
        start_convolutions(self, "fan_in")

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, C, H, W) uint8 -> (N, outputs)."""
        x = self.conv3(self.conv2(self.maxpool1(self.conv1(self.pixels(pixels)))))
        x = self.inception3c(self.inception3b(self.inception3a(self.maxpool2(x))))  # (N, 576, 14, 14)
        x = self.inception4d(self.inception4c(self.inception4b(self.inception4a(x))))  # (N, 608, 14, 14)
        x = self.inception5b(self.inception5a(self.inception4e(x)))  # (N, 1024, 7, 7)
        return self.fc(self.dropout(self.avgpool(x).flatten(1)))


class Halving(nn.Module):
    """The largest of 3 x 3 at every other place, at as many places as padded convolutions of stride 2 have.

    Even sides, all that the paper has, are pooled without padding, as in the published net, odd ones with it.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, ⌈h/2⌉, ⌈w/2⌉)."""
        height, width = x.shape[-2:]
        return functional.max_pool2d(x, 3, stride=2, padding=(height % 2, width % 2), ceil_mode=True)


def _block(
    layers: Layers,
    before: int,
    ones: int,
    threes: tuple[int, int],
    doubles: tuple[int, int],
    pooled: int,
    *,
    largest: bool = False,
) -> Branches:
    """An Inception block; of pairs the first number is that of the reduction; it pools means or maxima."""
    pool = nn.MaxPool2d(3, stride=1, padding=1) if largest else nn.AvgPool2d(3, stride=1, padding=1)
    return Branches(
        branch1=layers.conv(before, ones),
        branch2=_branch(layers, before, threes),
        branch3=_branch(layers, before, (*doubles, doubles[1])),
        branch4=nn.Sequential(pool, layers.conv(before, pooled)),
    )


def _halving_block(
    layers: Layers, before: int, threes: tuple[int, int], doubles: tuple[int, int]
) -> Branches:
    """The same without 1 x 1, its branches with stride 2; the pooled input passes through."""
    return Branches(
        branch2=_branch(layers, before, threes, stride=2),
        branch3=_branch(layers, before, (*doubles, doubles[1]), stride=2),
        branch4=Halving(),
    )


def _branch(layers: Layers, before: int, widths: tuple[int, ...], *, stride: int = 1) -> nn.Sequential:
    """A reduction of 1 x 1 to the first width, then 3 x 3 to each of the others, the last with the stride."""
    made: list[nn.Module] = [layers.conv(before, widths[0])]
    for number, (narrow, wide) in enumerate(pairwise(widths), start=2):
        made.append(layers.conv(narrow, wide, 3, stride=stride if number == len(widths) else 1))
    return nn.Sequential(*made)


def _halving() -> nn.MaxPool2d:
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)


NETS = (
    Net(
        "inception-v2",
        {"images": InceptionV2},
        "GoogLeNet with batch norm and two 3 x 3 for 5 x 5",
        aliases=("bn-inception", "inceptionv2", "inception2"),
    ),
)
