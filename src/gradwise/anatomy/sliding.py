"""Convolutions and poolings as torch's functions are told of them, read into one form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from gradwise.anatomy.facts import Arithmetic

_CONV = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
_TRANSPOSED = ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation")
_MAX = ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")
_AVERAGE = ("input", "kernel_size", "stride", "padding", "ceil_mode")
_POWER = ("input", "norm_type", "kernel_size", "stride", "ceil_mode")
_ADAPTIVE = ("input", "output_size")

Kind = Literal["window", "transposed", "adaptive"]


def _signatures() -> dict[str, tuple[Kind, int, tuple[str, ...]]]:
    found: dict[str, tuple[Kind, int, tuple[str, ...]]] = {}
    for axes in (1, 2, 3):
        found[f"conv{axes}d"] = ("window", axes, _CONV)
        found[f"conv_transpose{axes}d"] = ("transposed", axes, _TRANSPOSED)
        found[f"avg_pool{axes}d"] = ("window", axes, _AVERAGE)
        found[f"lp_pool{axes}d"] = ("window", axes, _POWER)
        for ending in ("", "_with_indices"):
            found[f"max_pool{axes}d{ending}"] = ("window", axes, _MAX)
            found[f"adaptive_max_pool{axes}d{ending}"] = ("adaptive", axes, _ADAPTIVE)
        found[f"adaptive_avg_pool{axes}d"] = ("adaptive", axes, _ADAPTIVE)
    return found


SIGNATURES = _signatures()


@dataclass(frozen=True, slots=True)
class Sliding:
    """A convolution or pooling, axis by axis.

    Args:
        source: the tensor that it slides over.
        axes: its arithmetic, one entry per spatial axis.
    """

    source: Tensor
    axes: tuple[Arithmetic, ...]

    @property
    def kind(self) -> Kind:
        """``window``, ``transposed`` or ``adaptive``."""
        return self.axes[0].kind


def sliding(name: str, args: Sequence[Any], kwargs: Mapping[str, Any], result: Tensor) -> Sliding | None:
    """What a call of a function of torch slides; None where it is no convolution or pooling.

    Args:
        name: of the function.
        args: by position.
        kwargs: by name.
        result: what it returned.
    """
    if name not in SIGNATURES:
        return None
    kind, count, names = SIGNATURES[name]
    given: dict[str, Any] = {**dict(zip(names, args, strict=False)), **kwargs}
    source: Tensor = given["input"]
    sizes = list(zip(source.shape[-count:], result.shape[-count:], strict=True))
    if kind == "adaptive":
        return Sliding(source, tuple(_adaptive(before, after) for before, after in sizes))
    kernel = given["weight"].shape[2:] if "weight" in given else _each(given["kernel_size"], count)
    stride = kernel if given.get("stride") in (None, [], ()) else _each(given["stride"], count)
    dilation = _each(given.get("dilation", 1), count)
    pads = _pads(given.get("padding", 0), kernel, dilation)
    extra = _each(given.get("output_padding", 0), count)
    axes = tuple(
        Arithmetic(
            kind,
            before,
            after,
            kernel=int(kernel[axis]),
            stride=int(stride[axis]),
            padding=pads[axis],
            dilation=int(dilation[axis]),
            extra=int(extra[axis]),
            ceil=bool(given.get("ceil_mode", False)),
        )
        for axis, (before, after) in enumerate(sizes)
    )
    return Sliding(source, axes)


def _adaptive(before: int, after: int) -> Arithmetic:
    """Equal windows where the size divides, else windows of unequal size."""
    if after and before % after == 0:
        return Arithmetic("window", before, after, kernel=before // after, stride=before // after)
    return Arithmetic("adaptive", before, after)


def _each(value: Any, count: int) -> list[int]:
    if isinstance(value, Sequence):
        return [int(number) for number in value] if len(value) == count else [int(value[0])] * count
    return [int(value)] * count


def _pads(value: Any, kernel: Sequence[int], dilation: Sequence[int]) -> list[tuple[int, int]]:
    """Positions added before and after, per axis; ``same`` puts the odd one behind."""
    if value == "valid":
        return [(0, 0)] * len(kernel)
    if value == "same":
        spans = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return [(span // 2, span - span // 2) for span in spans]
    return [(pad, pad) for pad in _each(value, len(kernel))]
