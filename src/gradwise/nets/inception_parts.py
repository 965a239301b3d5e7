"""What the Inception nets are made of: normed convolutions, and branches that are laid side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gradwise.nets import norms
from gradwise.nets.norms.norm import MAPS
from gradwise.nets.style import Style

EPSILON = 1e-3  # of batch norm; TensorFlow-Slim, in which these nets were published

Size = int | tuple[int, int]  # of a filter: side, or height and width
Step = nn.Module | tuple[nn.Module, ...]  # of a branch: a layer, or layers side by side


class Normed(nn.Module):
    """A convolution, its norm and its activation, with the keys ``conv`` and ``bn``."""

    def __init__(self, conv: nn.Conv2d, norm: nn.Module, activation: nn.Module) -> None:
        super().__init__()
        self.conv = conv
        self.bn = norm
        self.relu = activation

    def forward(self, x: Tensor) -> Tensor:
        """(N, before, H, W) -> (N, after, H / stride, W / stride)."""
        return self.relu(self.bn(self.conv(x)))


@dataclass(frozen=True, slots=True)
class Layers:
    """Makes the layers of a net.

    Args:
        style: of norms and activations.
        epsilon: of batch norm, where the style says nothing of it.
    """

    style: Style
    epsilon: float = EPSILON

    def conv(self, before: int, after: int, size: Size = 1, *, stride: int = 1, same: bool = True) -> Normed:
        """A normed convolution.

        Args:
            before: channels that come in.
            after: channels that go out.
            size: of its filters; odd.
            stride: in both directions.
            same: pad by half a filter, so that stride 1 keeps the map's size; else no padding.
        """
        height, width = (size, size) if isinstance(size, int) else size
        conv = nn.Conv2d(
            before,
            after,
            (height, width),
            stride=stride,
            padding=(height // 2, width // 2) if same else 0,
            bias=self.style.bias,
        )
        return Normed(conv, self._normed(after), self.style.activated())

    def _normed(self, channels: int) -> nn.Module:
        norm = self.style.norm
        found = norms.find(norm)
        if found is None or found.name != "batch-norm" or "eps" in norms.NORMS.parse(norm)[1]:
            return self.style.normed(channels)
        return norms.make(norm, channels, axes=MAPS, eps=self.epsilon)


class Branches(nn.Module):
    """Modules that see the same input, their channels one after the other.

    Args:
        **branches: by name, in the order of their channels.

    >>> Branches(a=nn.Identity(), b=nn.MaxPool2d(1))(torch.ones(1, 2, 3, 3)).shape
    torch.Size([1, 4, 3, 3])
    """

    def __init__(self, **branches: nn.Module) -> None:
        super().__init__()
        for name, branch in branches.items():
            self.add_module(name, branch)

    def forward(self, x: Tensor) -> Tensor:
        """(N, before, H, W) -> (N, sum of the branches' channels, h, w)."""
        return torch.cat([branch(x) for branch in self.children()], 1)


class Paths(nn.Module):
    """Branches whose layers bear the branch's name and a number, as published weights name them.

    A layer that stands alone, apart from poolings, which have no weights, bears the plain name; layers that
    share an input in the last step, a tuple, get letters: ``branch_1``, ``branch_2a``, ``branch_2b``.

    Args:
        first: number of a branch's first layer.
        **branches: the layers of every branch, in the order of their channels.

    >>> block = Paths(left=[nn.Conv2d(2, 3, 1)], right=[nn.MaxPool2d(1), nn.Conv2d(2, 4, 1)])
    >>> block(torch.ones(1, 2, 3, 3)).shape, list(block.state_dict())[::2]
    (torch.Size([1, 7, 3, 3]), ['left.weight', 'right.weight'])
    """

    def __init__(self, *, first: int = 1, **branches: Sequence[Step]) -> None:
        super().__init__()
        self._paths: list[list[list[str]]] = [
            self._placed(name, steps, first) for name, steps in branches.items()
        ]

    def forward(self, x: Tensor) -> Tensor:
        """(N, before, H, W) -> (N, sum of the branches' channels, h, w)."""
        return torch.cat([self._walk(path, x) for path in self._paths], 1)

    def _walk(self, path: list[list[str]], x: Tensor) -> Tensor:
        for names in path:
            found: list[Tensor] = [getattr(self, name)(x) for name in names]
            x = torch.cat(found, 1) if len(found) > 1 else found[0]
        return x

    def _placed(self, branch: str, steps: Sequence[Step], first: int) -> list[list[str]]:
        """The names that a branch's layers are kept by, step by step."""
        weighty = sum(not _is_pool(step) for step in steps)
        path, number = [], first
        for step in steps:
            if _is_pool(step):
                name = f"{branch}_pooled"
            elif weighty == 1:
                name = branch
            else:
                name, number = f"{branch}_{number}", number + 1
            layers = step if isinstance(step, tuple) else (step,)
            names = [name + letter for letter in ("ab" if len(layers) > 1 else ("",))]
            for each, layer in zip(names, layers, strict=True):
                self.add_module(each, layer)
            path.append(names)
        return path


def _is_pool(step: Step) -> bool:
    return isinstance(step, nn.MaxPool2d | nn.AvgPool2d)
