"""Residual blocks: what they compute is added to their input (He, Zhang, Ren, Sun, arXiv 1512.03385).

Two with norms and activations behind the convolutions, and two with them before (the same, arXiv 1603.05027).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from gradwise.nets.style import Style

BOTTLENECK = 4  # times more channels leave a bottleneck than a basic block of the same stage (table 1)
BASE_WIDTH = 64  # channels of the first stage, to which the width of a group refers


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of the 3 x 3 convolution of a bottleneck (Xie and others, arXiv 1611.05431).

    Args:
        number: the cardinality C.
        width: channels of each in a first stage of 64 channels, the d of "C x d".

    >>> Groups(32, 4).channels(64), Groups().channels(128)
    (128, 128)
    """

    number: int = 1
    width: int = BASE_WIDTH

    def channels(self, units: int) -> int:
        """Of all groups together in a stage of so many units; each group has one at least."""
        return max(units * self.width // BASE_WIDTH, 1) * self.number


@dataclass(frozen=True, slots=True)
class BlockStyle(Style):
    """Norm and activation of residual blocks, and the groups of their bottlenecks.

    Args:
        groups: of the 3 x 3 convolution.
    """

    groups: Groups = Groups()


class BasicBlock(nn.Module):
    """Two convolutions of 3 x 3 with a norm, added to their input.

    Args:
        before: channels that come in.
        units: channels that go out.
        stride: of the first convolution.
        style: of norms and activations.
    """

    expansion = 1

    def __init__(self, before: int, units: int, stride: int, style: BlockStyle) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, units, 3, stride=stride, padding=1, bias=style.bias)
        self.bn1 = style.normed(units)
        self.conv2 = nn.Conv2d(units, units, 3, padding=1, bias=style.bias)
        self.bn2 = style.normed(units)
        self.relu = style.activated()
        self.downsample = _projection(before, units, stride, style)

    def forward(self, x: Tensor) -> Tensor:
        """(N, before, H, W) -> (N, units, H / stride, W / stride)."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(x)) + shortcut)


class Bottleneck(nn.Module):
    """Convolutions of 1 x 1, 3 x 3 and 1 x 1 with a norm, added to their input.

    The 3 x 3 convolution has the stride (v1.5); in the paper the first one of 1 x 1 has it and sees every
    other place only.

    Args:
        before: channels that come in.
        units: a quarter of the channels that go out.
        stride: of the 3 x 3 convolution.
        style: of norms and activations.
    """

    expansion = BOTTLENECK

    def __init__(self, before: int, units: int, stride: int, style: BlockStyle) -> None:
        super().__init__()
        inner, after = style.groups.channels(units), BOTTLENECK * units
        self.conv1 = nn.Conv2d(before, inner, 1, bias=style.bias)  # (N, inner, H, W)
        self.bn1 = style.normed(inner)
        self.conv2 = nn.Conv2d(
            inner, inner, 3, stride=stride, padding=1, groups=style.groups.number, bias=style.bias
        )  # (N, inner, H / stride, W / stride)
        self.bn2 = style.normed(inner)
        self.conv3 = nn.Conv2d(inner, after, 1, bias=style.bias)  # (N, after, H / stride, W / stride)
        self.bn3 = style.normed(after)
        self.relu = style.activated()
        self.downsample = _projection(before, after, stride, style)

    def forward(self, x: Tensor) -> Tensor:
        """(N, before, H, W) -> (N, 4 units, H / stride, W / stride)."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.relu(self.bn3(self.conv3(x)) + shortcut)


class PreBasicBlock(nn.Module):
    """Two convolutions of 3 x 3, each after a norm and an activation, added to the block's input.

    Args:
        before: channels that come in.
        units: channels that go out.
        stride: of the first convolution.
        style: of norms and activations.
    """

    expansion = 1

    def __init__(self, before: int, units: int, stride: int, style: BlockStyle) -> None:
        super().__init__()
        self.downsample = _projection(before, units, stride, style, normed=False)
        self.norm1 = style.normed(before)
        self.conv1 = nn.Conv2d(before, units, 3, stride=stride, padding=1, bias=style.bias)
        self.norm2 = style.normed(units)
        self.conv2 = nn.Conv2d(units, units, 3, padding=1, bias=style.bias)
        self.relu = style.activated(free=style.copies)

    def forward(self, x: Tensor) -> Tensor:
        """(N, before, H, W) -> (N, units, H / stride, W / stride)."""
        active = self.relu(self.norm1(x))
        shortcut = x if self.downsample is None else self.downsample(active)
        return self.conv2(self.relu(self.norm2(self.conv1(active)))) + shortcut


class PreBottleneck(nn.Module):
    """Convolutions of 1 x 1, 3 x 3, 1 x 1, each after a norm and an activation, added to the block's input.

    Args:
        before: channels that come in.
        units: a quarter of the channels that go out.
        stride: of the 3 x 3 convolution.
        style: of norms and activations.
    """

    expansion = BOTTLENECK

    def __init__(self, before: int, units: int, stride: int, style: BlockStyle) -> None:
        super().__init__()
        after = BOTTLENECK * units
        self.downsample = _projection(before, after, stride, style, normed=False)
        self.norm1 = style.normed(before)
        self.conv1 = nn.Conv2d(before, units, 1, bias=style.bias)  # (N, units, H, W)
        self.norm2 = style.normed(units)
        self.conv2 = nn.Conv2d(
            units, units, 3, stride=stride, padding=1, bias=style.bias
        )  # (N, units, H / stride, W / stride)
        self.norm3 = style.normed(units)
        self.conv3 = nn.Conv2d(units, after, 1, bias=style.bias)  # (N, after, H / stride, W / stride)
        self.relu = style.activated(free=style.copies)

    def forward(self, x: Tensor) -> Tensor:
        """(N, before, H, W) -> (N, 4 units, H / stride, W / stride)."""
        active = self.relu(self.norm1(x))
        shortcut = x if self.downsample is None else self.downsample(active)
        inner = self.relu(self.norm2(self.conv1(active)))
        return self.conv3(self.relu(self.norm3(self.conv2(inner)))) + shortcut


Block = BasicBlock | Bottleneck | PreBasicBlock | PreBottleneck


@dataclass(frozen=True, slots=True)
class Form:
    """What a residual net is made of.

    Args:
        block: kind of block.
        blocks: of every stage.
        groups: of bottlenecks.
    """

    block: type[Block]
    blocks: Sequence[int]
    groups: Groups = Groups()

    def stages(self, units: int, style: BlockStyle) -> list[nn.Sequential]:
        """The blocks of every stage; each stage but the first halves the map and doubles the channels.

        Args:
            units: channels of the stem and of the first stage.
            style: of the blocks.
        """
        made, before = [], units
        for number, depth in enumerate(self.blocks):
            wide, stride = units * 2**number, 1 if number == 0 else 2
            first = self.block(before, wide, stride, style)
            before = self.block.expansion * wide
            others = (self.block(before, wide, 1, style) for _ in range(depth - 1))
            made.append(nn.Sequential(first, *others))
        return made

    def channels(self, units: int) -> int:
        """Channels of the last stage."""
        return self.block.expansion * units * 2 ** (len(self.blocks) - 1)


def _projection(
    before: int, after: int, stride: int, style: Style, *, normed: bool = True
) -> nn.Sequential | None:
    """The convolution on the shortcut where a block changes the shape; None where it does not."""
    if stride == 1 and before == after:
        return None
    conv = nn.Conv2d(before, after, 1, stride=stride, bias=style.bias)
    return nn.Sequential(conv, style.normed(after)) if normed else nn.Sequential(OrderedDict(conv=conv))
