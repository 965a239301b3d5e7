"""Where a prediction comes from: the operations behind it, one after the other, as far as there is one way.

Where ways meet (a residual sum, inputs side by side) what lies behind is told as
a set, and how many layers follow each other there.  Nodes are read, never run,
and no saved tensor is unpacked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from gradwise.watch.graph import SHAPE_ONLY, operation

MAX_OPERATIONS = 64  # behind a prediction that are told
_DEPTH = 400  # nodes looked at
_WIDTH = 1500  # nodes looked at behind a branch
_TO_LEAF = 4  # nodes between an operation and the weight it takes
_MAPS = ("linear", "conv")
# Moves of a weight that leave it (out, in); a linear map that gets its weight bare multiplies by (in, out).
_TURNS = ("T", "Transpose")


def lineage(node: Any, owners: Mapping[int, str]) -> list[dict[str, Any]]:
    """The operations behind a prediction, nearest first; the list ends where ways meet, or at the input.

    Args:
        node: autograd node that made the prediction.
        owners: id of autograd node → module that made its output.

    Returns:
        Per operation ``operation`` and ``module`` ("" when a function did it); for
        linear maps and convolutions with a trained weight also ``out`` and ``in``
        (units or channels), ``tied`` (the weight was met before) and for
        convolutions ``groups``; the last is ``{"operation": "input"}`` or
        ``{"operation": "branch"}`` where the list ends.  A branch also has
        ``beyond``, such steps of everything behind it, each kind once but every
        layer, and ``deep``, the most layers on one way from there to an input;
        neither where that is too much to tell.
    """
    found: list[dict[str, Any]] = []
    owner, seen = "", set[int]()
    for _ in range(_DEPTH):
        name = operation(node) if node is not None else "unknown"
        owner = owners.get(id(node), owner)
        leaves, ways = _sides(node) if node is not None else ([], [])
        if name not in SHAPE_ONLY:
            step: dict[str, Any] = {"operation": name, "module": owner}
            if name in _MAPS:
                step |= _sizes(name, node, leaves, seen)
            found.append(step)
            owner = ""
        if len(ways) != 1 or len(found) >= MAX_OPERATIONS:
            break
        node = ways[0]
    if not ways:
        return [*found, {"operation": "input"}]
    return [*found, {"operation": "branch"} | _beyond(ways, owners, seen)]


def _beyond(ways: list[Any], owners: Mapping[int, str], seen: set[int]) -> dict[str, Any]:
    """What lies behind several ways; nothing where that is more than is told."""
    steps: dict[Any, dict[str, Any]] = {}
    deep: dict[int, int] = {}
    stack: list[tuple[Any, str]] = [(way, "") for way in ways]
    open_: dict[int, list[Any]] = {}
    while stack:
        node, owner = stack[-1]
        if id(node) in deep:
            stack.pop()
            continue
        name, owner = operation(node), owners.get(id(node), owner)
        if id(node) in open_:  # all that lies behind it is known
            stack.pop()
            behind = max((deep.get(id(way), 0) for way in open_[id(node)]), default=0)
            deep[id(node)] = behind + (name in _MAPS)
            continue
        leaves, open_[id(node)] = _sides(node)
        if name not in SHAPE_ONLY:
            step: dict[str, Any] = {"operation": name, "module": owner}
            step |= _sizes(name, node, leaves, seen) if name in _MAPS else {}
            steps.setdefault(id(node) if name in _MAPS else (name, owner), step)
            owner = ""
        if len(open_) > _WIDTH or len(steps) > MAX_OPERATIONS:
            return {}
        stack += [(way, owner) for way in open_[id(node)]]
    return {"beyond": list(steps.values()), "deep": max(deep[id(way)] for way in ways)}


def _sides(node: Any) -> tuple[list[tuple[Any, bool]], list[Any]]:
    """Weights (and whether each is turned) that an operation takes, and the nodes of what else it takes."""
    leaves: list[tuple[Any, bool]] = []
    ways: list[Any] = []
    for fn, _ in node.next_functions:
        if fn is None:
            continue
        leaf = _leaf(fn)
        if leaf is None:
            ways.append(fn)
        else:
            leaves.append(leaf)
    return leaves, ways


def _leaf(node: Any) -> tuple[Any, bool] | None:
    turned = False
    for _ in range(_TO_LEAF):
        name = operation(node)
        if name == "AccumulateGrad":
            return node.variable, turned
        if name not in SHAPE_ONLY or len(node.next_functions) != 1 or node.next_functions[0][0] is None:
            return None
        turned = turned or name in _TURNS
        node = node.next_functions[0][0]
    return None


def _sizes(name: str, node: Any, leaves: list[tuple[Any, bool]], seen: set[int]) -> dict[str, Any]:
    matrices = [leaf for leaf in leaves if leaf[0].dim() >= 2]
    trained = [leaf for leaf in matrices if isinstance(leaf[0], nn.Parameter)] or matrices[-1:]
    if len(trained) != 1:
        return {}
    weight, turned = trained[0]
    out, inner = int(weight.shape[0]), int(weight.shape[1])
    told: dict[str, Any] = {"tied": id(weight) in seen}
    seen.add(id(weight))
    if name == "conv":
        told["groups"] = int(getattr(node, "_saved_groups", 1))
        if getattr(node, "_saved_transposed", False):
            out, inner = inner, out
    elif not turned:
        out, inner = inner, out
    return told | {"out": out, "in": inner}


def softmax_width(node: Any) -> int | None:
    """Over how many values the softmax that made a prediction runs; None where none did."""
    for _ in range(_TO_LEAF):
        if node is None:
            return None
        name = operation(node)
        if name in ("softmax", "log_softmax"):
            metadata = getattr(node, "_input_metadata", None)
            dim = getattr(node, "_saved_dim", None)
            if not metadata or dim is None:
                return None
            shape = tuple(metadata[0].shape)
            dim = dim - 2**64 if dim >= 2**63 else dim  # autograd keeps -1 as an unsigned number
            return int(shape[dim]) if -len(shape) <= dim < len(shape) else None
        if name not in SHAPE_ONLY:
            return None
        node = node.next_functions[0][0] if node.next_functions else None
    return None
