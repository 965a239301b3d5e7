"""GoogLeNet as published weights have it: with batch norm, and 3 x 3 filters for the paper's 5 x 5.

What it is
    Nine Inception blocks: each looks at its input with filters of several sizes at once and lays the answers
    side by side.  Filters of 1 x 1 before the large ones reduce the channels, which is what makes this
    affordable; the mean of every map at the end takes the place of large dense layers.  Two classifiers on
    inner layers can help in training.

    It differs from the net of the paper of 2014, as the published weights that fit it do: batch norm behind
    every convolution stands for local response normalisation and biases, filters of 3 x 3 for those of 5 x 5,
    dropout is 0.2 where the paper has 0.4, and the last pooling before the mean is by 2 x 2.

Also called
    inception-v1, inception1

Formula
    - a block: ``y = [φ(W₁ x), φ(W₃ φ(R₃ x)), φ(W₃' φ(R₅ x)), φ(P max₃ₓ₃(x))]``, W₁, R and P of 1 x 1
    - ``loss = L(outputs) + 0.3 · (L(aux₁) + L(aux₂))``, with ``aux`` (`gradwise fit --net
      googlenet:aux=true`) and in training only: the validation loss is that of the outputs

Shapes
    pixels (N, C, H, W) -> (N, outputs).  Channels after the blocks: 256, 480, 512, 512, 512, 528, 832, 832,
    1024; maps of 28, 14 and 7 pixels from 224.  Weights: 6,624,904 for 1000 classes, 13,004,888 with ``aux``.
    The small stem, up to 64 pixels, has one 3 x 3 convolution and no first pooling: 32 pixels become maps of
    16, 8 and 4.  The smallest images: 15 pixels, 4 with the small stem.

Defaults
    ReLU, batch norm with ε 1e-3, dropout 0.2 and 0.7 before the auxiliary outputs (torchvision's; 0.7 is the
    paper's too).  ``aux`` false; their share of the loss is 0.3 (section 5).  He's initialisation.  Published
    weights expect inputs of mean 0.5 and deviation 0.5 in every channel (`PUBLISHED_INPUT`), and their
    auxiliary classifiers were not trained (torchvision says so when it loads them).

When
    - few weights and little arithmetic are wanted: 1.5 billion products per image of 224 pixels, a tenth of
      those of ``vgg16``
    - to compare with, or to fine-tune from, its published weights

When not
    - accuracy comes first: residual nets and `inception-v3` are better
    - a handful of classes on small pictures, where `cnn` does

Confused with
    - `inception-v2`: two 3 x 3 filters for 5 x 5, and other widths
    - the net of 2014 without batch norm: ``norm=none`` comes near it, with the filters named above

Example
    >>> import torch
    >>> from gradwise import nets
    >>> with torch.device("meta"):
    ...     net = nets.make("googlenet", outputs=1000, channels=3, height=224, width=224)
    >>> sum(weight.numel() for weight in net.parameters())
    6624904

Claims
    - auxiliary classifiers bring gradients to early layers; with batch norm there is less need of them

References
    Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke, Rabinovich, Going Deeper with Convolutions,
    arXiv 1409.4842.
    Ioffe, Szegedy, Batch Normalization, arXiv 1502.03167.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from gradwise.nets.auxiliary import Auxiliary
from gradwise.nets.inception_parts import Branches, Layers
from gradwise.nets.net import Net
from gradwise.nets.pixels import ImageShape, Pixels
from gradwise.nets.stems import refuse_smaller, stem_for
from gradwise.nets.style import Style, start_convolutions

FAMILY = "GoogLeNet"
SMALLEST = {False: 15, True: 4}  # pixels, by whether the stem is small: below, a pooling has nothing to take
AUX_SHARE = 0.3  # of the loss of each auxiliary classifier; paper, section 5
AUX_DROPOUT = 0.7  # paper, section 5
# Mean and deviation of every channel, from 0 to 1, in which published weights were trained.
PUBLISHED_INPUT: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "googlenet": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),  # torchvision's transform_input
}


class GoogLeNet(nn.Module):
    """Nine Inception blocks between a stem and one dense layer.

    Args:
        outputs: numbers per example.
        image: shape of the images.
        stem: ``small``, ``imagenet`` or ``auto``: by size.
        activation: by name.
        norm: of every convolution, by name.
        dropout: share of the averaged features dropped before the output.
        aux: have auxiliary classifiers, which help in training.

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
        aux: bool = False,
    ) -> None:
        super().__init__()
        small = stem_for(stem, image, FAMILY)
        refuse_smaller(image, SMALLEST[small], FAMILY, small=small)
        layers = Layers(Style(activation, norm))
        self.pixels = Pixels(image)
        size, stride = (3, 1) if small else (7, 2)
        self.conv1 = layers.conv(image.channels, 64, size, stride=stride)  # (N, 64, 112, 112)
        self.maxpool1 = nn.Identity() if small else _halving()  # (N, 64, 56, 56)
        self.conv2 = layers.conv(64, 64)
        self.conv3 = layers.conv(64, 192, 3)
        self.maxpool2 = _halving()  # (N, 192, 28, 28)
        self.inception3a = _block(layers, 192, 64, (96, 128), (16, 32), 32)
        self.inception3b = _block(layers, 256, 128, (128, 192), (32, 96), 64)
        self.maxpool3 = _halving()  # (N, 480, 14, 14)
        self.inception4a = _block(layers, 480, 192, (96, 208), (16, 48), 64)
        self.inception4b = _block(layers, 512, 160, (112, 224), (24, 64), 64)
        self.inception4c = _block(layers, 512, 128, (128, 256), (24, 64), 64)
        self.inception4d = _block(layers, 512, 112, (144, 288), (32, 64), 64)
        self.inception4e = _block(layers, 528, 256, (160, 320), (32, 128), 128)
        self.maxpool4 = nn.MaxPool2d(2, stride=2, ceil_mode=True)  # (N, 832, 7, 7)
        self.inception5a = _block(layers, 832, 256, (160, 320), (32, 128), 128)
        self.inception5b = _block(layers, 832, 384, (192, 384), (48, 128), 128)
        self.aux1 = Classifier(layers, 512, outputs) if aux else None
        self.aux2 = Classifier(layers, 528, outputs) if aux else None
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.fc = nn.Linear(1024, outputs)
        start_convolutions(self, "fan_in")

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, C, H, W) uint8 -> (N, outputs)."""
        x = self.conv3(self.conv2(self.maxpool1(self.conv1(self.pixels(pixels)))))
        x = self.inception3b(self.inception3a(self.maxpool2(x)))  # (N, 480, 28, 28)
        x = self.inception4a(self.maxpool3(x))  # (N, 512, 14, 14)
        if self.training and self.aux1 is not None:
            self.aux1(x)  # the loss takes what it puts out, see Auxiliary
        x = self.inception4d(self.inception4c(self.inception4b(x)))  # (N, 528, 14, 14)
        if self.training and self.aux2 is not None:
            self.aux2(x)
        x = self.inception5a(self.maxpool4(self.inception4e(x)))  # (N, 832, 7, 7)
        x = self.inception5b(x)  # (N, 1024, 7, 7)
        return self.fc(self.dropout(self.avgpool(x).flatten(1)))


class Classifier(Auxiliary):
    """An auxiliary classifier: 4 x 4 means, a convolution of 1 x 1, two dense layers.

    Args:
        layers: makes the convolution.
        before: channels that come in.
        outputs: numbers per example.
    """

    def __init__(self, layers: Layers, before: int, outputs: int) -> None:
        super().__init__(AUX_SHARE)
        self.pool = nn.AdaptiveAvgPool2d(4)
        self.conv = layers.conv(before, 128)
        self.fc1 = nn.Linear(4 * 4 * 128, 1024)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(AUX_DROPOUT)
        self.fc2 = nn.Linear(1024, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(N, before, h, w) -> (N, outputs)."""
        x = self.relu(self.fc1(self.conv(self.pool(x)).flatten(1)))
        return self.fc2(self.dropout(x))


def _block(
    layers: Layers, before: int, ones: int, threes: tuple[int, int], fives: tuple[int, int], pooled: int
) -> Branches:
    """An Inception block; of pairs the first number is that of the reduction."""
    return Branches(
        branch1=layers.conv(before, ones),
        branch2=nn.Sequential(layers.conv(before, threes[0]), layers.conv(threes[0], threes[1], 3)),
        branch3=nn.Sequential(layers.conv(before, fives[0]), layers.conv(fives[0], fives[1], 3)),
        branch4=nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), layers.conv(before, pooled)),
    )


def _halving() -> nn.MaxPool2d:
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)


NETS = (
    Net(
        "googlenet",
        {"images": GoogLeNet},
        "Inception v1: filters of several sizes side by side, few weights",
        aliases=("inception-v1", "inception1"),
    ),
)
