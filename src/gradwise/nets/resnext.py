"""Residual net whose 3 x 3 convolutions are split into many groups.

What it is
    A `resnet` of bottlenecks whose 3 x 3 convolution works in C groups that do not see each other: each block
    adds up C small paths of one shape.  At the same cost more paths do better than deeper or wider blocks.

Also called
    resnext50-32x4d, resnext50, resnext-50, resnext101-32x8d, resnext101, resnext-101, resnext101-64x4d,
    resnext29-8x64d, resnext29, resnext-29, resnext29-32x4d
    (resnext alone is resnext50-32x4d)

Formula
    - block: ``y = φ(x + Σᵢ Tᵢ(x))``, i from 1 to C; each Tᵢ is a bottleneck of d channels
    - computed as one bottleneck of C · d channels, its 3 x 3 convolution in C groups
    - d doubles with the channels of the stage: "32x4d" is C = 32 groups of 4 channels in the first stage

Shapes
    - maps, stem and channels of the stages as those of `resnet` 50 and 101: 256, 512, 1024, 2048
    - inside a block of resnext50-32x4d: 128, 256, 512, 1024 channels
    - resnext29: three stages of 3 blocks on 32, 16 and 8 pixels, 256, 512 and 1024 channels
    - 25.0, 88.8 and 83.5 million weights for 50-32x4d, 101-32x8d and 101-64x4d with 1000 classes; 34.4
      million for 29-8x64d and 4.8 million for 29-32x4d with 10

Defaults
    resnext50-32x4d and resnext101-64x4d are those of the paper (tables 1 and 5), 101-32x8d is known by the
    weights published for it; resnext29-8x64d is the paper's net for CIFAR (section 5.3), 29-32x4d the same
    with narrower groups and a seventh of the weights.  64 units in the first stage, stem by size, dropout 0.

When
    - a `resnet` of 50 layers or more is about to be taken: as many weights, a little more accuracy
    - trained weights are at hand

When not
    - speed on a CPU: convolutions in groups do less work per byte that is moved
    - little data: `resnet18` or `cnn`

Confused with
    - `resnet`: one group
    - inception nets: their paths differ from each other and are put side by side
    - depthwise convolutions: as many groups as channels

Example
    >>> import torch
    >>> from gradwise import nets
    >>> with torch.device("meta"):
    ...     net = nets.make("resnext50-32x4d", outputs=1000, channels=3, height=224, width=224)
    >>> net.layer1[0].conv2.groups, f"{sum(weight.numel() for weight in net.parameters()):,}"
    (32, '25,028,904')

Claims
    - at equal cost more groups buy more accuracy than more width or depth

References
    Xie, Girshick, Dollár, Tu, He, Aggregated Residual Transformations for Deep Neural Networks,
    arXiv 1611.05431.
"""

from __future__ import annotations

from functools import partial

from gradwise.nets.net import Net
from gradwise.nets.residual import Bottleneck, Form, Groups
from gradwise.nets.resnet import ResNet

_FORMS = (
    (50, Form(Bottleneck, (3, 4, 6, 3), Groups(32, 4)), ("resnext", "resnext50", "resnext-50")),
    (101, Form(Bottleneck, (3, 4, 23, 3), Groups(32, 8)), ("resnext101", "resnext-101")),
    (101, Form(Bottleneck, (3, 4, 23, 3), Groups(64, 4)), ()),
    (29, Form(Bottleneck, (3, 3, 3), Groups(8, 64)), ("resnext29", "resnext-29")),
    (29, Form(Bottleneck, (3, 3, 3), Groups(32, 4)), ()),
)

NETS = tuple(
    Net(
        f"resnext{depth}-{form.groups.number}x{form.groups.width}d",
        {"images": partial(ResNet, form=form)},
        f"residual net of {depth} layers with {form.groups.number} groups",
        aliases=aliases,
    )
    for depth, form, aliases in _FORMS
)
