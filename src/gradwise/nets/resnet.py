"""Residual net: blocks of convolutions that are added to their input.

What it is
    A convolutional net whose blocks learn what is to be added to their input instead of a new output.  The
    sum lets signals and gradients pass a hundred layers unhindered.  18 and 34 layers are made of blocks of
    two 3 x 3 convolutions, 50 and more of bottlenecks: 1 x 1, 3 x 3, 1 x 1.

Also called
    resnet18, resnet-18, resnet34, resnet-34, resnet50, resnet-50, resnet101, resnet-101, resnet152,
    resnet-152
    (resnet alone is resnet18)

Formula
    - block: ``y = φ(F(x) + x)``, with ``W x`` in place of ``x`` where the shape changes (a 1 x 1 convolution)
    - basic: ``F(x) = N(W₂ φ(N(W₁ x)))``; N is batch norm
    - bottleneck: ``F(x) = N(W₃ φ(N(W₂ φ(N(W₁ x)))))``; W₁ takes a quarter of the channels, W₃ gives them back

Shapes
    - imagenet stem: (N, 3, 224, 224), stem (N, 64, 56, 56), stages of 56, 28, 14 and 7 pixels
    - small stem, one 3 x 3 convolution that keeps the size: (N, 3, 32, 32), stages of 32, 16, 8 and 4 pixels
    - channels of the stages: 64, 128, 256, 512; of bottlenecks four times as many; then the mean over all
      places and one dense layer
    - 11.7, 21.8, 25.6, 44.5 and 60.2 million weights at 18, 34, 50, 101 and 152 layers and 1000 classes

Defaults
    blocks per stage 2 2 2 2, 3 4 6 3, 3 4 6 3, 3 4 23 3 and 3 8 36 3 (table 1 of the paper); 64 units in the
    first stage; the stride of a bottleneck in its 3 x 3 convolution, as published weights have it; stem by
    size: small up to 64 pixels (section 4.2 keeps 32 pixels so); dropout 0; start by He's fan-out.

When
    - images, and 10,000 of them or weights that were trained before
    - the first deep net to try: it trains at nearly any depth, rate and batch size

When not
    - a few hundred images and no trained weights: `cnn` has fewer weights to learn by heart
    - batches of 1 to 4 images: take ``norm="group-norm"``

Confused with
    - `preresnet`: norm and activation stand before each convolution, and nothing after the sum
    - `resnext`: the 3 x 3 convolutions of the bottlenecks have groups
    - `densenet`: blocks are put beside their input instead of added to it
    - the nets of 20 to 110 layers that the paper trains on CIFAR: three stages of 16, 32 and 64 channels

Example
    >>> import torch
    >>> from gradwise import nets
    >>> with torch.device("meta"):
    ...     net = nets.make("resnet50", outputs=1000, channels=3, height=224, width=224)
    >>> f"{sum(weight.numel() for weight in net.parameters()):,}"
    '25,557,032'

Claims
    - far deeper than plain nets it still trains; its form with activations first trains deeper yet

References
    He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition, arXiv 1512.03385.
"""

from __future__ import annotations

from functools import partial

from torch import Tensor, nn

from gradwise.nets.net import Net
from gradwise.nets.pixels import ImageShape, Pixels
from gradwise.nets.residual import BasicBlock, BlockStyle, Bottleneck, Form
from gradwise.nets.stems import stem_for
from gradwise.nets.style import start_convolutions


class ResNet(nn.Module):
    """Four stages of residual blocks (or three); each but the first halves the map and doubles the channels.

    Weights have the names that published weights have (``conv1``, ``layer1.0.bn2``, ``fc``).

    Args:
        outputs: numbers per example.
        image: shape of the images.
        form: kind of blocks, and how many in three or four stages.
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
        form: Form,
        units: int = 64,
        dropout: float = 0.0,
        stem: str = "auto",
        activation: str = "relu",
        norm: str = "batch-norm",
    ) -> None:
        super().__init__()
        small = stem_for(stem, image, "ResNet" if form.groups.number == 1 else "ResNeXt")
        style = BlockStyle(activation, norm, form.groups)
        self.pixels = Pixels(image)
        size, stride, margin = (3, 1, 1) if small else (7, 2, 3)
        self.conv1 = nn.Conv2d(
            image.channels, units, size, stride=stride, padding=margin, bias=style.bias
        )  # (N, 64, H/2, W/2); small: (N, 64, H, W)
        self.bn1 = style.normed(units)
        self.relu = style.activated()
        self.maxpool: nn.Module = nn.Identity() if small else nn.MaxPool2d(3, stride=2, padding=1)
        stages = form.stages(units, style)
        self.layer1, self.layer2, self.layer3 = stages[:3]
        self.layer4: nn.Module = stages[3] if len(stages) > 3 else nn.Identity()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.fc = nn.Linear(form.channels(units), outputs)
        start_convolutions(self)

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, C, H, W) uint8 -> (N, outputs)."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(self.pixels(pixels)))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))  # (N, 512 or 2048, h, w)
        return self.fc(self.dropout(self.avgpool(x).flatten(1)))


_FORMS = (
    (18, Form(BasicBlock, (2, 2, 2, 2))),
    (34, Form(BasicBlock, (3, 4, 6, 3))),
    (50, Form(Bottleneck, (3, 4, 6, 3))),
    (101, Form(Bottleneck, (3, 4, 23, 3))),
    (152, Form(Bottleneck, (3, 8, 36, 3))),
)

NETS = tuple(
    Net(
        f"resnet{depth}",
        {"images": partial(ResNet, form=form)},
        f"residual net of {depth} layers",
        aliases=(f"resnet-{depth}", *(("resnet",) if depth == 18 else ())),
    )
    for depth, form in _FORMS
)
