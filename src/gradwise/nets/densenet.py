"""Convolutional net whose every layer sees the maps of all layers before it in its block.

What it is
    In a dense block each layer puts k new maps beside those that it was given, and the next layer sees them
    all.  Nothing has to be learnt twice, so layers are narrow and weights few.  Between blocks a transition
    halves channels and pixels.

Also called
    densenet121, densenet-121, densenet161, densenet-161, densenet169, densenet-169, densenet201,
    densenet-201, densenet-bc-100-12, densenet100, densenet-100
    (densenet alone is densenet121)

Formula
    - layer: ``xᵢ = [xᵢ₋₁, W₂ φ(N(W₁ φ(N(xᵢ₋₁))))]``: W₁ of 1 x 1 makes 4 k maps, W₂ of 3 x 3 makes k
    - transition: ``W φ(N(x))`` with half the channels, then a mean over 2 x 2 places
    - k is the growth rate; a block of L layers adds L · k channels

Shapes
    - imagenet stem: (N, 3, 224, 224), stem (N, 64, 56, 56), blocks of 56, 28, 14 and 7 pixels
    - small stem, one 3 x 3 convolution that keeps the size: (N, 3, 32, 32), blocks of 32, 16, 8 and 4 pixels
    - densenet121 ends in 1024 maps; then the mean over all places and one dense layer
    - 8.0, 28.7, 14.1 and 20.0 million weights at 121, 161, 169 and 201 layers and 1000 classes; 0.77 million
      for densenet-bc-100-12 and 10

Defaults
    layers per block 6 12 24 16, 6 12 36 24, 6 12 32 32 and 6 12 48 32 with k 32, of 161 layers 48 (table 1 of
    the paper and its authors' code); densenet-bc-100-12 has three blocks of 16 layers and k 12 (section 3);
    2 k maps from the stem; bottlenecks of 4 k; transitions halve; dropout 0 (in the paper 0.2 after each
    layer where images are not augmented); stem by size; start by He's fan-in.

When
    - weights must be few: a half to a third of those of a `resnet` of the same accuracy
    - little data: reuse of maps regularises

When not
    - memory or time is short: maps are copied into ever longer ones, which moves more bytes than it computes
    - few multiplications are wanted: densenet121 makes 2.8 billion at 224 pixels, `resnet18` 1.8

Confused with
    - `resnet`: blocks are added to their input
    - DenseNet without "BC": no bottlenecks, and transitions that keep all channels

Example
    >>> import torch
    >>> from gradwise import nets
    >>> with torch.device("meta"):
    ...     net = nets.make("densenet121", outputs=1000, channels=3, height=224, width=224)
    >>> f"{sum(weight.numel() for weight in net.parameters()):,}"
    '7,978,856'

Claims
    - it reaches the accuracy of a residual net with fewer weights

References
    Huang, Liu, van der Maaten, Weinberger, Densely Connected Convolutional Networks, arXiv 1608.06993.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from gradwise.nets.net import Net
from gradwise.nets.pixels import ImageShape, Pixels
from gradwise.nets.stems import refuse_smaller, stem_for
from gradwise.nets.style import Style, start_convolutions

BOTTLENECK = 4  # times k maps between the two convolutions of a layer (section 3)
STEM = 2  # times k maps come from the stem (section 3)


@dataclass(frozen=True, slots=True)
class Form:
    """What a net is made of.

    Args:
        blocks: layers of each dense block.
        growth: maps that each layer adds.
    """

    blocks: tuple[int, ...]
    growth: int


class DenseLayer(nn.Module):
    """A bottleneck whose maps are put beside its input.

    Args:
        before: channels that come in.
        growth: maps that are added.
        dropout: share of the added numbers dropped.
        style: of norms and activations.
    """

    def __init__(self, before: int, growth: int, dropout: float, style: Style) -> None:
        super().__init__()
        self.norm1 = style.normed(before)
        self.relu1 = style.activated(free=style.copies)
        self.conv1 = nn.Conv2d(before, BOTTLENECK * growth, 1, bias=style.bias)  # (N, 4 k, H, W)
        self.norm2 = style.normed(BOTTLENECK * growth)
        self.relu2 = style.activated()
        self.conv2 = nn.Conv2d(BOTTLENECK * growth, growth, 3, padding=1, bias=style.bias)  # (N, k, H, W)
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(N, before, H, W) -> (N, before + k, H, W)."""
        inner = self.relu2(self.norm2(self.conv1(self.relu1(self.norm1(x)))))
        return torch.cat([x, self.dropout(self.conv2(inner))], 1)


class DenseNet(nn.Module):
    """Dense blocks with transitions between them, and one norm after the last.

    Args:
        outputs: numbers per example.
        image: shape of the images: 8 x 8 pixels or more with four blocks and the small stem, 29 x 29 with
            that for ImageNet.
        form: layers and growth rate.
        units: growth rate k: maps that each layer adds; None: the net's own.
        dropout: share of the numbers that each layer adds dropped.
        stem: ``small``, ``imagenet`` or ``auto``: by size.
        activation: by name.
        norm: before every convolution but the first, by name.

    Raises:
        UsageError: no such stem, or the image is too small.
    """

    def __init__(
        self,
        outputs: int,
        image: ImageShape,
        *,
        form: Form,
        units: int | None = None,
        dropout: float = 0.0,
        stem: str = "auto",
        activation: str = "relu",
        norm: str = "batch-norm",
    ) -> None:
        super().__init__()
        small = stem_for(stem, image, "DenseNet")
        last = 2 ** (len(form.blocks) - 1)  # pixels of the first map of which one is left in the last
        refuse_smaller(image, last if small else 4 * (last - 1) + 1, "DenseNet", small=small)
        style, growth = Style(activation, norm), form.growth if units is None else units
        self.pixels = Pixels(image)
        channels = STEM * growth
        parts = _stem(image.channels, channels, style, small=small)
        for number, depth in enumerate(form.blocks, 1):
            if number > 1:
                parts[f"transition{number - 1}"] = _transition(channels, style)
                channels //= 2
            layers = (DenseLayer(channels + done * growth, growth, dropout, style) for done in range(depth))
            names = (f"denselayer{place}" for place in range(1, depth + 1))
            parts[f"denseblock{number}"] = nn.Sequential(OrderedDict(zip(names, layers, strict=True)))
            channels += depth * growth
        parts["norm5"] = style.normed(channels)
        parts["relu5"] = style.activated()
        self.features = nn.Sequential(parts)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(channels, outputs)
        nn.init.zeros_(self.classifier.bias)
        start_convolutions(self, "fan_in")

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, C, H, W) uint8 -> (N, outputs)."""
        return self.classifier(self.avgpool(self.features(self.pixels(pixels))).flatten(1))


def _stem(channels: int, units: int, style: Style, *, small: bool) -> OrderedDict[str, nn.Module]:
    """The modules before the first block, by name."""
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    if small:
        parts["conv0"] = nn.Conv2d(channels, units, 3, padding=1, bias=style.bias)  # (N, 2 k, H, W)
        return parts  # the first layer begins with norm and activation
    parts["conv0"] = nn.Conv2d(channels, units, 7, stride=2, padding=3, bias=style.bias)  # (N, 2 k, H/2, W/2)
    parts["norm0"] = style.normed(units)
    parts["relu0"] = style.activated()
    parts["pool0"] = nn.MaxPool2d(3, stride=2, padding=1)  # (N, 2 k, H/4, W/4)
    return parts


def _transition(channels: int, style: Style) -> nn.Sequential:
    """(N, channels, H, W) -> (N, channels / 2, H / 2, W / 2)."""
    return nn.Sequential(
        OrderedDict(
            norm=style.normed(channels),
            relu=style.activated(),
            conv=nn.Conv2d(channels, channels // 2, 1, bias=style.bias),
            pool=nn.AvgPool2d(2),
        )
    )


_FORMS = (
    ("densenet121", Form((6, 12, 24, 16), 32), ("densenet", "densenet-121")),
    ("densenet161", Form((6, 12, 36, 24), 48), ("densenet-161",)),
    ("densenet169", Form((6, 12, 32, 32), 32), ("densenet-169",)),
    ("densenet201", Form((6, 12, 48, 32), 32), ("densenet-201",)),
    ("densenet-bc-100-12", Form((16, 16, 16), 12), ("densenet100", "densenet-100")),
)

NETS = tuple(
    Net(
        name,
        {"images": partial(DenseNet, form=form)},
        f"densely connected net of {2 * sum(form.blocks) + len(form.blocks) + 1} layers",
        aliases=aliases,
    )
    for name, form, aliases in _FORMS
)
