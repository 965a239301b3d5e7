"""What becomes of receptive fields in each function of torch that a model calls.

Norms count as acting on each position by itself, though some average over all of them: so fields are usually
given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from torch import Tensor

from gradwise.anatomy.reach import ALL, INPUT, UNKNOWN, Reach, Window, joined, regrouped
from gradwise.anatomy.sliding import Sliding


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function of torch.

    Args:
        name: of the function.
        args: by position.
        kwargs: by name.
        given: the tensors among its arguments whose reach is known, with it.
        made: first tensor that it returned.
        sliding: if it is a convolution or pooling.
    """

    name: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    given: Sequence[tuple[Tensor, Reach]]
    made: Tensor
    sliding: Sliding | None = None

    @property
    def source(self) -> tuple[Tensor, Reach]:
        """The largest of the tensors with windows, and what all of them see together."""
        shaped = [tensor for tensor, reach in self.given if reach.kind == "windows"]
        reach = joined([reach for _, reach in self.given])
        return max(shaped or [self.given[0][0]], key=lambda tensor: (tensor.dim(), tensor.numel())), reach

    def argument(self, place: int, *names: str, default: Any = None) -> Any:
        """An argument by name, else by position."""
        for name in names:
            if name in self.kwargs:
                return self.kwargs[name]
        return self.args[place] if len(self.args) > place else default

    def axes(self, place: int, *names: str, default: Any = None) -> list[int]:
        """An argument that names axes, counted from the front."""
        value = self.argument(place, *names, default=default)
        count = self.source[0].dim()
        several = value if isinstance(value, list | tuple) else [value]
        return [int(axis) % count for axis in several]


def follow(call: Call) -> Reach:
    """What the result of a call sees."""
    if call.sliding is not None:
        return _slid(call, call.sliding)
    reach = joined([reach for _, reach in call.given])
    if call.name in RULES:
        return RULES[call.name](call)
    return reach if reach.kind != "windows" else _same(call)


def _slid(call: Call, slid: Sliding) -> Reach:
    count = len(slid.axes)
    places = tuple(range(call.made.dim() - count, call.made.dim()))
    reach = next((reach for tensor, reach in call.given if tensor is slid.source), UNKNOWN)
    if reach.kind in ("all", "unknown"):
        return reach
    windows = reach.windows if reach.kind == "windows" else (Window(),) * count
    if reach.kind == "windows" and reach.axes != places:
        return UNKNOWN
    found = []
    for window, step in zip(windows, slid.axes, strict=True):
        if step.kind == "adaptive":
            return UNKNOWN
        if step.result == 1 and step.kernel == step.size > 1 and "adaptive" in call.name:
            return ALL
        move = window.spread if step.kind == "transposed" else window.slid
        found.append(move(step.kernel, step.stride, step.padding[0], step.dilation))
    return Reach("windows", tuple(found), places)


def _same(call: Call) -> Reach:
    """Anything that works on each position by itself: the spatial axes stay where they are."""
    source, reach = call.source
    if reach.kind == "windows" and call.made.dim() == source.dim():
        kept = all(call.made.shape[axis] == source.shape[axis] for axis in reach.axes)
        return reach if kept else UNKNOWN
    return UNKNOWN if reach.kind == "windows" else reach


def _mixing_last(call: Call) -> Reach:
    """Linear layers and products with weights: the last axis is mixed."""
    source, reach = call.source
    if sum(known.kind != "input" for _, known in call.given) > 1:
        return ALL  # a product of two things that were computed: attention
    if reach.kind == "input":
        return ALL if source.dim() <= 2 else INPUT
    if reach.kind == "windows":
        return ALL if source.dim() - 1 in reach.axes else _same(call)
    return reach


def _mixing_all(call: Call) -> Reach:
    return UNKNOWN if UNKNOWN in (reach for _, reach in call.given) else ALL


def _scattered(call: Call) -> Reach:
    reach = call.source[1]
    return UNKNOWN if reach.kind == "windows" else reach


def _reduced(call: Call) -> Reach:
    source, reach = call.source
    second = call.argument(1, "dim", "axis")
    if reach.kind != "windows" or isinstance(second, Tensor):  # torch.max of two tensors
        return reach if reach.kind != "windows" else _same(call)
    if second is None:
        return ALL
    gone = call.axes(1, "dim", "axis")
    if any(axis in gone for axis in reach.axes):
        return ALL
    if call.made.dim() == source.dim():
        return reach
    return reach.at(axis - sum(place < axis for place in gone) for axis in reach.axes)


def _along_axis(call: Call) -> Reach:
    """Softmax, sorting, sums so far: one axis is mixed."""
    reach = call.source[1]
    if reach.kind != "windows":
        return reach
    return ALL if any(axis in reach.axes for axis in call.axes(1, "dim", default=-1)) else _same(call)


def _reshaped(call: Call) -> Reach:
    source, reach = call.source
    if reach.kind != "windows":
        return reach
    return reach.at(regrouped(tuple(source.shape), tuple(call.made.shape), reach.axes))


def _permuted(call: Call) -> Reach:
    source, reach = call.source
    if reach.kind != "windows":
        return reach
    order = list(range(source.dim()))
    if call.name == "permute":
        listed = call.argument(1, "dims")
        several = listed if isinstance(listed, list | tuple) else call.args[1:]
        order = [int(axis) % source.dim() for axis in several]
    else:
        (one,), (other,) = call.axes(1, "dim0", "axis0"), call.axes(2, "dim1", "axis1")
        order[one], order[other] = order[other], order[one]
    return reach.at(order.index(axis) for axis in reach.axes)


def _strung(call: Call) -> Reach:
    """torch.cat: beside each other in channels they are joined, behind each other they cannot be."""
    source, reach = call.source
    if reach.kind != "windows":
        return reach
    (axis,) = call.axes(1, "dim", "axis", default=0)
    if axis in reach.axes:  # a class token before patches has no reach of its own
        return reach if len(call.given) == 1 else UNKNOWN
    return reach if call.made.dim() == source.dim() else UNKNOWN


def _stacked(call: Call) -> Reach:
    reach = call.source[1]
    place = int(call.argument(1, "dim", default=0)) % call.made.dim()
    return reach if reach.kind != "windows" else reach.at(axis + (axis >= place) for axis in reach.axes)


def _taken(call: Call) -> Reach:
    """``x[...]`` of slices, whole numbers, None and an ellipsis."""
    source, reach = call.source
    if reach.kind != "windows":
        return reach
    index = call.args[1] if isinstance(call.args[1], tuple) else (call.args[1],)
    plain = [item for item in index if item is not None and item is not Ellipsis]
    if not all(isinstance(item, int | slice) and not isinstance(item, bool) for item in plain):
        return UNKNOWN
    rest = [slice(None)] * (source.dim() - len(plain))
    at = next((place for place, item in enumerate(index) if item is Ellipsis), len(index))
    places: dict[int, int] = {}
    old = new = 0
    for item in (*index[:at], *rest, *index[at + 1 :]):
        if isinstance(item, slice) and item.step in (None, 1):
            places[old] = new
        old, new = old + (item is not None), new + (not isinstance(item, int))
    return reach.at(places.get(axis) for axis in reach.axes)


def _chunked(call: Call) -> Reach:
    """Pieces along an axis see what the whole saw."""
    source, reach = call.source
    return reach if reach.kind != "windows" or call.made.dim() == source.dim() else UNKNOWN


def _padded(call: Call) -> Reach:
    source, reach = call.source
    pads = call.argument(1, "pad")
    count = len(pads) // 2
    if reach.kind == "input" and count == source.dim() - 2:  # all but batch and channels
        reach = _begun(source, count)
    if reach.kind != "windows":
        return reach
    before = {source.dim() - 1 - place: int(pads[2 * place]) for place in range(count)}
    windows = [
        Window(window.jump, window.low - window.jump * moved, window.high - window.jump * moved)
        for window, moved in ((w, before.get(a, 0)) for w, a in zip(reach.windows, reach.axes, strict=True))
    ]
    return Reach("windows", tuple(windows), reach.axes)


def _begun(source: Tensor, count: int) -> Reach:
    """An input whose last axes are now known to be spatial."""
    return Reach("windows", (Window(),) * count, tuple(range(source.dim() - count, source.dim())))


NEIGHBOURS = {"linear": 1, "bilinear": 1, "trilinear": 1, "bicubic": 3}  # mixed into one beside the first


def _resized(call: Call) -> Reach:
    source, reach = call.source
    if reach.kind != "windows":
        return reach
    mode = str(call.argument(3, "mode", default="nearest"))
    if mode == "area":  # windows of unequal size
        return UNKNOWN
    more = NEIGHBOURS.get(mode, 0)
    windows = [
        window.resized(Fraction(int(call.made.shape[axis]), int(source.shape[axis])), more)
        for window, axis in zip(reach.windows, reach.axes, strict=True)
    ]
    return Reach("windows", tuple(windows), reach.axes)


def _shuffled(call: Call) -> Reach:
    source, reach = call.source
    factor = int(call.argument(1, "upscale_factor", "downscale_factor"))
    if reach.kind == "input":
        reach = _begun(source, 2)
    if reach.kind != "windows":
        return reach
    up = call.name == "pixel_shuffle"
    windows = [w.resized(Fraction(factor), 0) if up else w.slid(factor, factor) for w in reach.windows]
    return Reach("windows", tuple(windows), reach.axes)


def _rules(*groups: tuple[Callable[[Call], Reach], str]) -> dict[str, Callable[[Call], Reach]]:
    return {name: rule for rule, names in groups for name in names.split()}


RULES = _rules(
    (_mixing_last, "linear matmul __matmul__ __rmatmul__ mm addmm mv"),
    (_mixing_all, "bmm baddbmm bilinear scaled_dot_product_attention multi_head_attention_forward cdist"),
    (_mixing_all, "lstm gru rnn_tanh rnn_relu lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell"),
    (_scattered, "einsum tensordot flip roll rot90 gather scatter index_select take index_put grid_sample"),
    (_scattered, "unfold fold im2col col2im as_strided repeat_interleave tile repeat fractional_max_pool2d"),
    (_scattered, "fractional_max_pool3d max_unpool1d max_unpool2d max_unpool3d masked_select nonzero"),
    (
        _reduced,
        "mean sum amax amin max min std var var_mean std_mean norm logsumexp prod median argmax argmin",
    ),
    (_reduced, "any all nanmean nansum mode aminmax count_nonzero"),
    (_along_axis, "softmax log_softmax softmin cumsum cumprod cummax cummin sort argsort gumbel_softmax"),
    (_reshaped, "flatten reshape view unflatten squeeze unsqueeze view_as reshape_as ravel"),
    (_permuted, "permute transpose swapaxes swapdims"),
    (_strung, "cat concat concatenate"),
    (_stacked, "stack"),
    (_taken, "__getitem__"),
    (_chunked, "chunk split split_with_sizes tensor_split narrow unsafe_chunk unsafe_split"),
    (_padded, "pad constant_pad_nd"),
    (_resized, "interpolate upsample"),
    (_shuffled, "pixel_shuffle pixel_unshuffle"),
)


def name_of(function: Any) -> str:
    """The name of a function of torch, without the mark of those that write into their argument.

    >>> name_of(Tensor.relu_), name_of(Tensor.__getitem__)
    ('relu', '__getitem__')
    """
    name = str(getattr(function, "__name__", ""))
    return name if name.endswith("__") else name.rstrip("_")
