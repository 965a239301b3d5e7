"""The weights of a model, kind by kind: which are drawn, gate by gate, and which are left."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.utils.parametrize import is_parametrized

from gradwise.errors import UsageError
from gradwise.init.initialiser import Fans

# Matrices that torch stacks in one weight of a recurrent layer.
GATES: dict[type[nn.Module], int] = {nn.LSTM: 4, nn.LSTMCell: 4, nn.GRU: 3, nn.GRUCell: 3}
NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
ALONE = "(model)"  # name of a layer that is the whole model
Fill = Callable[[Tensor, Fans], object]


@dataclass
class Part:
    """A layer with weights to draw.

    Args:
        name: of the layer: its module's.
        kind: class of the module.
        module: that holds the weights.
        weights: their names in the module, and in how many gates each is cut.
        biases: their names in the module.
        gated: no activation after it matters.
    """

    name: str
    kind: str
    module: nn.Module
    weights: dict[str, int]
    biases: list[str] = field(default_factory=list)
    gated: bool = False

    def tensors(self) -> list[Tensor]:
        """The weights themselves."""
        return [getattr(self.module, word) for word in self.weights]


def parts_of(model: nn.Module) -> list[Part]:
    """All layers of a model that have weights to draw, in the order in which they stand in it.

    Raises:
        UsageError: a lazy layer whose shape is not known yet.
    """
    found: list[Part] = []
    for name, module in model.named_modules():
        if any(nn.parameter.is_lazy(weight) for weight in module.parameters(recurse=False)):
            raise UsageError(
                f"layer {name!r} has no shape before its first batch; call the model once, or give sample=."
            )
        part = _part(name or ALONE, module)
        if part is not None:
            found.append(part)
    taken = {id(t) for part in found if not isinstance(part.module, nn.Embedding) for t in part.tensors()}
    tied = [p for p in found if isinstance(p.module, nn.Embedding) and id(p.module.weight) in taken]
    return [part for part in found if part not in tied]


def _part(name: str, module: nn.Module) -> Part | None:
    kind = "Linear" if isinstance(module, nn.Linear) else type(module).__name__
    if isinstance(module, nn.Linear | _ConvNd | nn.Bilinear):
        return Part(name, kind, module, {"weight": 1}, ["bias"] if module.bias is not None else [])
    if isinstance(module, nn.Embedding | nn.EmbeddingBag):
        return Part(name, kind, module, {"weight": 1}, gated=True)
    if isinstance(module, nn.RNNBase | nn.RNNCellBase):
        names = [word for word, _ in module.named_parameters(recurse=False)]
        gates = GATES.get(type(module), 1)
        weights = {w: 1 if w.startswith("weight_hr") else gates for w in names if w.startswith("weight")}
        return Part(name, kind, module, weights, [w for w in names if w.startswith("bias")], gated=True)
    if isinstance(module, nn.MultiheadAttention):
        words = ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight")
        weights = {w: 3 if w == words[0] else 1 for w in words if getattr(module, w, None) is not None}
        biases = ["in_proj_bias"] if module.in_proj_bias is not None else []
        return Part(name, kind, module, weights, biases, gated=True)
    return None


@torch.no_grad()
def draw(part: Part, fill: Fill, gain: float) -> bool:
    """Draw a layer's weights, and let its biases be zero but for an LSTM's forget gate; False: it cannot be.

    Args:
        part: changed in place.
        fill: called with each matrix, gate by gate.
        gain: of the activation that follows.
    """
    for word, gates in part.weights.items():
        weight = getattr(part.module, word)
        turned = isinstance(part.module, _ConvTransposeNd)
        shape = weight.transpose(0, 1).shape if turned else weight.shape
        wide = weight.dtype if weight.dtype == torch.float64 else torch.float32
        fresh = torch.empty(shape, dtype=wide, device=weight.device)
        for gate in fresh.chunk(gates):
            fill(gate, _fans(part.module, gate, gain))
        if isinstance(part.module, nn.Embedding | nn.EmbeddingBag) and part.module.padding_idx is not None:
            fresh[part.module.padding_idx] = 0.0
        if not _put(part.module, word, fresh.transpose(0, 1) if turned else fresh):
            return False
    for word in part.biases:
        _zero(part, getattr(part.module, word))
    return True


def reset_norms(model: nn.Module) -> int:
    """Scale 1 and shift 0 for every norm layer that learns them; how many there are."""
    done = 0
    for module in model.modules():
        if isinstance(module, NORMS) and getattr(module, "weight", None) is not None:
            nn.init.ones_(module.weight)
            if isinstance(bias := getattr(module, "bias", None), Tensor):
                nn.init.zeros_(bias)
            done += 1
    return done


def left_out(model: nn.Module, parts: list[Part]) -> Iterator[str]:
    """Names of parameters that belong to no layer known here: those of a model's own making."""
    known = {id(getattr(part.module, word)) for part in parts for word in (*part.weights, *part.biases)}
    for name, module in model.named_modules():
        if isinstance(module, (*NORMS, nn.PReLU)) or is_parametrized(module):
            continue
        for word, weight in module.named_parameters(recurse=False):
            if id(weight) not in known and not (isinstance(module, nn.Embedding) and word == "weight"):
                yield f"{name}.{word}" if name else word


def _fans(module: nn.Module, weight: Tensor, gain: float) -> Fans:
    """Of (out, in, kernel ...), where a transposed convolution's is turned."""
    places = math.prod(weight.shape[2:])  # of a kernel; for Bilinear: second inputs
    inputs, outputs = weight.shape[1] * places, weight.shape[0] * places
    if isinstance(module, nn.Bilinear):
        outputs = weight.shape[0]
    if isinstance(module, _ConvTransposeNd):
        # an output is met by every stride-th place of the kernel only
        return Fans(inputs / module.groups / math.prod(module.stride), outputs, gain)
    groups = module.groups if isinstance(module, _ConvNd) else 1
    return Fans(inputs, outputs / groups, gain)


def _put(module: nn.Module, word: str, value: Tensor) -> bool:
    """Store a weight, also where it is computed from others by a parametrization that can be turned back."""
    if is_parametrized(module, word):
        try:
            setattr(module, word, value.to(getattr(module, word).dtype))
        except (RuntimeError, NotImplementedError, ValueError):
            return False
        return True
    if word not in module._parameters:  # noqa: SLF001  old weight_norm and spectral_norm keep it elsewhere
        return False
    getattr(module, word).copy_(value)
    return True


def _zero(part: Part, bias: Tensor) -> None:
    quarter = len(bias) // 4  # gates i, f, g, o
    forget = bias[quarter : 2 * quarter].clone()
    bias.zero_()
    if isinstance(part.module, nn.LSTM | nn.LSTMCell):
        bias[quarter : 2 * quarter] = forget
