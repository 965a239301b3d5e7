"""Residual net with norm and activation before each convolution (ResNet v2).

What it is
    A `resnet` whose blocks take norm and activation first and the convolution after them, so that nothing
    stands behind the sum: from any block to any later one the input passes unchanged, and so do gradients.

Also called
    preresnet18, preresnet-18, resnetv2-18, preresnet34, preresnet-34, resnetv2-34, preresnet50,
    preresnet-50, resnetv2-50, preresnet101, preresnet-101, resnetv2-101, preresnet152, preresnet-152,
    resnetv2-152
    (preresnet alone is preresnet18)

Formula
    - block: ``y = x + F(a)`` with ``a = φ(N(x))``; where the shape changes ``y = W a + F(a)``
    - basic: ``F(a) = W₂ φ(N(W₁ a))``
    - bottleneck: ``F(a) = W₃ φ(N(W₂ φ(N(W₁ a))))``; W₁ takes a quarter of the channels, W₃ gives them back
    - one last ``φ(N(x))`` before the mean over all places

Shapes
    - maps and channels as those of `resnet`: stages of 56, 28, 14 and 7 pixels for 224, of 32, 16, 8 and 4
      for 32 with the small stem
    - 11.7, 21.8, 25.5, 44.5 and 60.2 million weights at 18, 34, 50, 101 and 152 layers and 1000 classes

Defaults
    blocks per stage as `resnet`; the stem is a convolution without norm and activation, the stride of a
    bottleneck is in its 3 x 3 convolution, and the first bottleneck of every stage has a projection, as
    published weights (timm's resnetv2) have it; 64 units, stem by size, dropout 0; start by He's fan-out.
    Published weights expect inputs of mean 0.5 and deviation 0.5 in every channel (`PUBLISHED_INPUT`).

When
    - a residual net of a hundred layers and more

When not
    - 50 layers or fewer: `resnet` does as well, and more weights are published for it
    - ``norm="none"`` with many layers: nothing then holds the sum small

Confused with
    - `resnet`: activation after the sum
    - BiT's ResNet v2: the same blocks with group norm and standardised weights

Example
    >>> import torch
    >>> from gradwise import nets
    >>> with torch.device("meta"):
    ...     net = nets.make("preresnet50", outputs=1000, channels=3, height=224, width=224)
    >>> f"{sum(weight.numel() for weight in net.parameters()):,}"
    '25,549,352'

Claims
    - activations before the weights let residual nets train deeper than activations after the sum

References
    He, Zhang, Ren, Sun, Identity Mappings in Deep Residual Networks, arXiv 1603.05027.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import Any

from torch import Tensor, nn

from gradwise.nets.net import Net
from gradwise.nets.pixels import ImageShape, Pixels
from gradwise.nets.residual import BlockStyle, Form, PreBasicBlock, PreBottleneck
from gradwise.nets.stems import stem_for
from gradwise.nets.style import start_convolutions


class PointLinear(nn.Linear):
    """A linear layer that keeps its weight in files as (outputs, inputs, 1, 1), as published weights have it.

    It loads both forms.

    >>> layer = PointLinear(3, 2)
    >>> layer.weight.shape, layer.state_dict()["weight"].shape
    (torch.Size([2, 3]), torch.Size([2, 3, 1, 1]))
    """

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if not keep_vars:  # else the parameter itself is asked for
            destination[prefix + "weight"] = destination[prefix + "weight"][:, :, None, None]

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        weight = state_dict.get(prefix + "weight")
        if weight is not None and weight.ndim == 4:
            state_dict[prefix + "weight"] = weight.flatten(1)
        super()._load_from_state_dict(state_dict, prefix, *rest)


class PreResNet(nn.Module):
    """Four stages of residual blocks with norms and activations first, and one norm after the last.

    Args:
        outputs: numbers per example.
        image: shape of the images.
        form: kind of blocks, and how many.
        units: channels of the first stage.
        dropout: share of the averaged features dropped before the output.
        stem: ``small``, ``imagenet`` or ``auto``: by size.
        activation: by name; where it has weights (``prelu``), one set serves a whole block.
        norm: before every convolution but the first, by name.

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
        style = BlockStyle(activation, norm)
        self.pixels = Pixels(image)
        self.stem = _stem(image.channels, units, style, small=stem_for(stem, image, "pre-activation ResNet"))
        stages, channels = form.stages(units, style), form.channels(units)
        self.stages = nn.Sequential(*(nn.Sequential(OrderedDict(blocks=stage)) for stage in stages))
        self.norm = style.normed(channels)
        self.relu = style.activated()
        self.head = nn.Sequential(
            OrderedDict(
                pool=nn.AdaptiveAvgPool2d(1),
                flatten=nn.Flatten(),  # (N, 512 or 2048)
                dropout=nn.Dropout(dropout) if dropout else nn.Identity(),
                fc=PointLinear(channels, outputs),
            )
        )
        start_convolutions(self)

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, C, H, W) uint8 -> (N, outputs)."""
        x = self.stages(self.stem(self.pixels(pixels)))  # (N, 512 or 2048, h, w)
        return self.head(self.relu(self.norm(x)))


def _stem(channels: int, units: int, style: BlockStyle, *, small: bool) -> nn.Sequential:
    """One convolution; with images above the small ones it and a pooling halve the map."""
    if small:
        return nn.Sequential(OrderedDict(conv=nn.Conv2d(channels, units, 3, padding=1, bias=style.bias)))
    conv = nn.Conv2d(channels, units, 7, stride=2, padding=3, bias=style.bias)  # (N, 64, H/2, W/2)
    return nn.Sequential(OrderedDict(conv=conv, pool=nn.MaxPool2d(3, stride=2, padding=1)))


_FORMS = (
    (18, Form(PreBasicBlock, (2, 2, 2, 2))),
    (34, Form(PreBasicBlock, (3, 4, 6, 3))),
    (50, Form(PreBottleneck, (3, 4, 6, 3))),
    (101, Form(PreBottleneck, (3, 4, 23, 3))),
    (152, Form(PreBottleneck, (3, 8, 36, 3))),
)

NETS = tuple(
    Net(
        f"preresnet{depth}",
        {"images": partial(PreResNet, form=form)},
        f"residual net of {depth} layers, activations first",
        aliases=(f"preresnet-{depth}", f"resnetv2-{depth}", *(("preresnet",) if depth == 18 else ())),
    )
    for depth, form in _FORMS
)

# Mean and deviation of every channel, from 0 to 1, in which published weights were trained.
PUBLISHED_INPUT = {f"preresnet{depth}": ((0.5,) * 3, (0.5,) * 3) for depth, _ in _FORMS}  # timm's
