"""One sentence for a model that cannot take what it was given: which module, what it takes, what it got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.utils import _pytree as pytree

MOST_SHAPES = 3  # tensors spelled out


@dataclass(frozen=True, slots=True)
class Failure:
    """A forward pass that ended in an error.

    Args:
        name: of the innermost module that raised.
        module: that module.
        inputs: what it was given.
        error: what was raised.
        before: the last module that had ended well, and what it gave, e.g. ``fc1 gave (8, 64)``; "".
        own: whether the error was raised in the module's own code, behind parts of it that ended well.
    """

    name: str
    module: nn.Module
    inputs: Any
    error: Exception
    before: str = ""
    own: bool = False

    def sentence(self) -> str:
        """What happened, for the person whose model it is."""
        reason = (str(self.error).strip() or type(self.error).__name__).splitlines()[0].rstrip(".")
        place = named(self.name, self.module)
        after = f" after {self.before}" if self.before else ""
        if self.own:
            return f"the forward pass fails in the code of {place}{after}: {reason}."
        wants = takes(self.module)
        expected = f" takes {wants} and" if wants else ""
        return f"the forward pass fails: {place}{expected} got {shapes(self.inputs)}{after}: {reason}."


def named(name: str, module: nn.Module) -> str:
    """A module as messages name it.

    >>> named("fc", nn.Linear(512, 10)), named("", nn.Sequential())
    ('fc (Linear, 512 -> 10)', 'the model (Sequential)')
    """
    facts = ", ".join(filter(None, [type(module).__name__, _sizes(module)]))
    return f"{name or 'the model'} ({facts})"


def _sizes(module: nn.Module) -> str:
    if isinstance(module, nn.Linear):
        return f"{module.in_features} -> {module.out_features}"
    if isinstance(module, nn.modules.conv._ConvNd):  # noqa: SLF001  the base of all convolutions
        return f"{module.in_channels} -> {module.out_channels}"
    if isinstance(module, nn.RNNBase | nn.RNNCellBase):
        return f"{module.input_size} -> {module.hidden_size}"
    if isinstance(module, nn.Embedding):
        return f"{module.num_embeddings} x {module.embedding_dim}"
    return ""


def takes(module: nn.Module) -> str:
    """What a module of torch's own can be given; "" where that is not known.

    >>> takes(nn.Linear(512, 10)), takes(nn.Conv2d(3, 8, 3)), takes(nn.ReLU())
    ('(..., 512)', '(N, 3, H, W)', '')
    """
    places = {1: "T", 2: "H, W", 3: "D, H, W"}
    if isinstance(module, nn.Linear):
        return f"(..., {module.in_features})"
    if isinstance(module, nn.modules.conv._ConvNd):  # noqa: SLF001
        return f"(N, {module.in_channels}, {places[len(module.kernel_size)]})"
    if isinstance(module, nn.BatchNorm1d):
        return f"(N, {module.num_features}) or (N, {module.num_features}, T)"
    if isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d):
        axes = places[2 if isinstance(module, nn.BatchNorm2d) else 3]
        return f"(N, {module.num_features}, {axes})"
    if isinstance(module, nn.LayerNorm):
        return f"(..., {', '.join(map(str, module.normalized_shape))})"
    if isinstance(module, nn.GroupNorm):
        return f"(N, {module.num_channels}, ...)"
    if isinstance(module, nn.RNNBase):
        return f"(N, T, {module.input_size})" if module.batch_first else f"(T, N, {module.input_size})"
    if isinstance(module, nn.RNNCellBase):
        return f"(N, {module.input_size})"
    if isinstance(module, nn.Embedding):
        return f"whole numbers from 0 to {module.num_embeddings - 1}"
    if isinstance(module, nn.MultiheadAttention):
        first = "(N, T" if module.batch_first else "(T, N"
        return f"{first}, {module.embed_dim})"
    return ""


def shapes(value: Any) -> str:
    """The tensors in a value, by shape, with the type of those that hold no float32.

    >>> import torch
    >>> shapes((torch.zeros(2, 3), {"ids": torch.zeros(2, dtype=torch.int64)}))
    '(2, 3) and (2) int64 from 0 to 0'
    """
    found = [leaf for leaf in pytree.tree_leaves(value) if isinstance(leaf, Tensor)]
    texts = [_shape(tensor) for tensor in found[:MOST_SHAPES]]
    if len(found) > MOST_SHAPES:
        texts.append(f"{len(found) - MOST_SHAPES} more tensors")
    return " and ".join(texts) or "no tensor"


def _shape(tensor: Tensor) -> str:
    kind = str(tensor.dtype).removeprefix("torch.")
    sizes: Sequence[int] = tensor.shape
    span = ""
    if not tensor.is_floating_point() and not tensor.is_complex() and tensor.numel() and not tensor.is_meta:
        span = f" from {int(tensor.min())} to {int(tensor.max())}" if kind not in ("bool", "uint8") else ""
    return f"({', '.join(map(str, sizes))})" + ("" if kind == "float32" else f" {kind}{span}")
