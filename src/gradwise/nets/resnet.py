"""Residual nets of basic blocks: ResNet-18 and ResNet-34 (He, Zhang, Ren, Sun, arXiv 1512.03385).

Weights have the names that published weights have (``conv1``, ``layer1.0.bn2``, ``fc``), so that those can be
loaded. Images of up to 64 pixels get the stem that the paper uses on 32 pixels (section 4.2): one convolution
of 3 x 3 that keeps the size, where the ImageNet stem shrinks them to a quarter at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn

from gradwise.errors import UsageError
from gradwise.nets import norms
from gradwise.nets.activations import ACTIVATIONS
from gradwise.nets.activations import activation as make_activation
from gradwise.nets.net import Net
from gradwise.nets.norms.norm import MAPS
from gradwise.nets.pixels import ImageShape, Pixels

SMALL_IMAGE = 64  # pixels of the shorter side, up to which the small stem is taken
STEMS = ("auto", "small", "imagenet")


@dataclass(frozen=True, slots=True)
class Style:
    """Norm and activation of a residual net.

    Args:
        activation: by name.
        norm: of every convolution, by name.
    """

    activation: str
    norm: str

    @property
    def bias(self) -> bool:
        """Whether convolutions have one."""
        return norms.needs_bias(self.norm)

    def normed(self, channels: int) -> nn.Module:
        """A norm layer."""
        return norms.make(self.norm, channels, axes=MAPS)

    def activated(self) -> nn.Module:
        """An activation; ReLU writes over its input, which saves a map."""
        if ACTIVATIONS.name(self.activation) == "relu":
            return nn.ReLU(inplace=True)
        return make_activation(self.activation)


class BasicBlock(nn.Module):
    """Two convolutions of 3 x 3 with a norm, added to their input.

    Args:
        before: channels that come in.
        after: channels that go out.
        stride: of the first convolution.
        style: of norms and activations.
    """

    def __init__(self, before: int, after: int, stride: int, style: Style) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=style.bias)
        self.bn1 = style.normed(after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=style.bias)
        self.bn2 = style.normed(after)
        self.relu = style.activated()
        self.downsample: nn.Module | None = None
        if stride != 1 or before != after:
            self.downsample = nn.Sequential(
                nn.Conv2d(before, after, 1, stride=stride, bias=style.bias), style.normed(after)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N, before, H, W) -> (N, after, H / stride, W / stride)."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(x)) + shortcut)


class ResNet(nn.Module):
    """Four stages of residual blocks; each but the first halves the map and doubles the channels.

    Args:
        outputs: numbers per example.
        image: shape of the images.
        blocks: per stage.
        units: channels of the first stage.
        dropout: share of the averaged features dropped before the output.
        stem: ``small``, ``imagenet`` or ``auto``: by size.
        activation: by name; where it has weights (``prelu``), one set serves a whole block.
        norm: of every convolution, by name.

    Raises:
        UsageError: no such stem.
    """

    def __init__(
        self,
        outputs: int,
        image: ImageShape,
        *,
        blocks: Sequence[int],
        units: int = 64,
        dropout: float = 0.0,
        stem: str = "auto",
        activation: str = "relu",
        norm: str = "batch-norm",
    ) -> None:
        super().__init__()
        if stem not in STEMS:
            raise UsageError(f"the stem of a ResNet is one of {', '.join(STEMS)}, not {stem!r}.")
        small = stem == "small" or (stem == "auto" and min(image.height, image.width) <= SMALL_IMAGE)
        style = Style(activation, norm)
        self.pixels = Pixels(image)
        self.conv1: nn.Module
        self.maxpool: nn.Module
        if small:
            self.conv1 = nn.Conv2d(image.channels, units, 3, padding=1, bias=style.bias)  # (N, 64, H, W)
            self.maxpool = nn.Identity()
        else:
            self.conv1 = nn.Conv2d(
                image.channels, units, 7, stride=2, padding=3, bias=style.bias
            )  # (N, 64, H/2, W/2)
            self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)  # (N, 64, H/4, W/4)
        self.bn1 = style.normed(units)
        self.relu = style.activated()
        self.layer1 = _stage(units, units, blocks[0], style, stride=1)
        self.layer2 = _stage(units, 2 * units, blocks[1], style, stride=2)
        self.layer3 = _stage(2 * units, 4 * units, blocks[2], style, stride=2)
        self.layer4 = _stage(4 * units, 8 * units, blocks[3], style, stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.fc = nn.Linear(8 * units, outputs)
        _start(self)

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, C, H, W) uint8 -> (N, outputs)."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(self.pixels(pixels)))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))  # (N, 512, h, w)
        return self.fc(self.dropout(self.avgpool(x).flatten(1)))


def _stage(before: int, after: int, blocks: int, style: Style, *, stride: int) -> nn.Sequential:
    first = BasicBlock(before, after, stride, style)
    return nn.Sequential(first, *(BasicBlock(after, after, 1, style) for _ in range(blocks - 1)))


def _start(net: nn.Module) -> None:
    """He's initialisation by fan-out (arXiv 1502.01852), as published ResNets were started."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


NETS = (
    Net(
        "resnet18",
        {"images": partial(ResNet, blocks=(2, 2, 2, 2))},
        "residual net of 18 layers",
        aliases=("resnet-18", "resnet"),
    ),
    Net(
        "resnet34",
        {"images": partial(ResNet, blocks=(3, 4, 6, 3))},
        "residual net of 34 layers",
        aliases=("resnet-34",),
    ),
)
