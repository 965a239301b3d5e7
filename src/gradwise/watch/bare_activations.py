"""Sigmoids, tanhs and ReLUs called as functions on what is no module's output: at their ends, or silent.

What a module puts out is measured where it is put out.  ``tanh(beta * layer(x))``,
``relu(layer(x) - threshold)`` and networks made of bare parameters have only the
graph to tell of them.  So have softmaxes between layers (attention, gates): their
end is one entry that takes all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from gradwise.watch.activations import (
    BOUND_MARGIN,
    BOUNDS,
    CALLS_MEASURED,
    ModuleRecord,
    share_active,
    silent,
    thin,
)
from gradwise.watch.graph import MAX_NODES, SHAPE_ONLY, operation
from gradwise.watch.pack import Pack
from gradwise.watch.saved import option, saved

BOUNDED = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0)}
MAPS = ("linear", "conv")
SHARP = 0.99  # largest entry of a softmax row that takes all
CHOICES = 4  # entries of a row, fewer are sure too easily; a masked entry is none
SCALED = {"Mul", "Div", "Neg"}  # with moves of shape, all that lies between a map and scores without a mask
SEQUENCE = 3  # dimensions of which nobody knows whether the second or the last holds units
MOST = 24  # activations measured in one sampled step
BEHIND = 10  # nodes between an activation and the module that it is named after


def measure_bare(
    root: Tensor,
    owners: Mapping[int, str],
    known: Mapping[str, nn.Module | None],
    records: dict[str, ModuleRecord],
    pack: Pack,
) -> None:
    """Put shares of outputs at the ends, or of silent units, into the pack, by function and module before it.

    Args:
        root: the loss; what lies between it and the last map of a layer is left out.
        owners: id of autograd node → module that made its output.
        known: modules that are measured themselves, by name.
        records: what is remembered of ReLUs between sampled steps, by place.
        pack: takes ``saturated_share``, of softmaxes the share of rows, of ReLUs ``silent_share``.  Cost: a
            pass over each thinned output.
    """
    calls: dict[str, int] = {}
    for count, node in enumerate(_bare(root.grad_fn, owners, known)):
        if count >= MOST:
            return
        function = operation(node)
        place = _place(function, node, owners)
        calls[place] = calls.get(place, 0) + 1
        result = saved(node, "result")
        if place == "relu":  # no module anywhere: a net of plain tensors, layer by layer
            place = f"relu {calls['relu']} before the loss"
        elif calls[place] > CALLS_MEASURED:
            continue
        if result is None or result.dim() < 2 or result.numel() < 2:
            continue
        if function == "softmax":
            _measure_rows(result, node, place, pack)
            continue
        if function == "relu":
            if result.dim() != SEQUENCE:
                silent(
                    place, share_active(thin(result, 1), 1), records.setdefault(place, ModuleRecord()), pack
                )
            continue
        low, high = BOUNDED[function]
        margin = BOUND_MARGIN * (high - low)
        x = thin(result, result.dim() - 1)
        ends = torch.count_nonzero((x < low + margin) | (x > high - margin))
        pack.scalar("saturated_share", place, ends / x.numel())


def _measure_rows(result: Tensor, node: Any, place: str, pack: Pack) -> None:
    """The share of a softmax's rows in which one entry takes all."""
    along = option(node, "dim")
    if not isinstance(along, int):
        return
    along = (along + 2**63) % 2**64 - 2**63  # kept as an unsigned number
    along %= result.dim()
    x = thin(result, along)
    if x.shape[along] < CHOICES:
        return
    taken = x.amax(along) > SHARP
    if _unmasked(node):
        pack.scalar("saturated_share", place, torch.count_nonzero(taken) / taken.numel())
    else:  # a row with one entry left is sure of it; NaN where all are such
        free = torch.count_nonzero(x, along) >= CHOICES
        pack.scalar("saturated_share", place, torch.count_nonzero(taken & free) / torch.count_nonzero(free))


def _unmasked(node: Any) -> bool:
    """Whether a softmax's scores are a map's output, at most scaled: no mask can have made its zeros."""
    for _ in range(BEHIND):
        node = next((following for following, _ in node.next_functions if following is not None), None)
        if node is None or operation(node) in MAPS:
            return node is not None
        if operation(node) not in SHAPE_ONLY | SCALED:
            return False
    return False


def _bare(start: Any, owners: Mapping[int, str], known: Mapping[str, nn.Module | None]) -> Iterator[Any]:
    """Activations behind the last map of a layer that no module is measured for."""
    queue: list[tuple[Any, bool]] = [(start, False)]
    seen = {(id(start), False)}  # again where another way to a node leads through a layer
    for position, (node, hidden) in enumerate(queue):  # grows while it is walked
        if node is None or position >= MAX_NODES:
            return
        name = operation(node)
        if hidden and name == "softmax":
            yield node
        elif hidden and (name in BOUNDED or name == "relu"):
            own = known.get(owners.get(id(node), ""))
            if not isinstance(own, (*BOUNDS, nn.ReLU)) and owners.get(id(_before(node))) not in known:
                yield node
        for following, _ in node.next_functions:
            inner = hidden or name in MAPS
            if following is not None and not {(id(following), True), (id(following), inner)} & seen:
                seen.add((id(following), inner))
                queue.append((following, inner))


def _before(node: Any) -> Any:
    behind = node.next_functions[0][0] if node.next_functions else None
    while behind is not None and operation(behind) in SHAPE_ONLY and behind.next_functions:
        behind = behind.next_functions[0][0]
    return behind


def _place(function: str, node: Any, owners: Mapping[int, str]) -> str:
    for _ in range(BEHIND):
        node = node.next_functions[0][0] if node is not None and node.next_functions else None
        if node is None:
            break
        if id(node) in owners:
            return f"{function} after {owners[id(node)]}"
    return function
