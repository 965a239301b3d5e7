"""Tensors that autograd saved, read without running anything.

What a hook packed (checkpointed blocks, tensors saved elsewhere) is left alone:
unpacking could compute a block again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from gradwise.watch.graph import MAX_NODES


@dataclass(frozen=True, slots=True)
class Kept:
    """What a node saved, kept beyond the backward that frees it; stands for the node."""

    title: str
    tensors: Mapping[str, Tensor]
    exponent: Any = None

    def name(self) -> str:
        """The node's name."""
        return self.title


def keep(node: Any, names: tuple[str, ...]) -> Kept:
    """Keep what a node saved under these names.  Cost: about 1 us."""
    found = {name: tensor for name in names if (tensor := saved(node, name)) is not None}
    return Kept(node.name(), found, option(node, "exponent") if "exponent" in names else None)


def saved(node: Any, name: str) -> Tensor | None:
    """What a node saved as ``name`` (``self``, ``other``, ``result``); None where it cannot be read.

    Args:
        node: an autograd node whose backward has not run.
        name: without the leading ``_saved_``.
    """
    if isinstance(node, Kept):
        return node.tensors.get(name)
    try:
        raw = getattr(node, f"_raw_saved_{name}", None)
        if raw is None or raw.unpack_hook is not None:
            return None
        value = getattr(node, f"_saved_{name}", None)
    except (RuntimeError, AttributeError):  # freed, or changed in place since
        return None
    return value.detach() if isinstance(value, Tensor) else None


def option(node: Any, name: str) -> Any:
    """A number that a node saved, such as the exponent of a power; None where it has none."""
    if isinstance(node, Kept):
        return node.exponent
    return getattr(node, f"_saved_{name}", None)


def stem(node: Any) -> str:
    """``Sqrt`` for ``SqrtBackward0``."""
    return str(node.name()).rsplit("::", 1)[-1].rsplit("Backward", 1)[0]


def breadth_first(root: Any) -> Iterator[tuple[Any, int, int]]:
    """Nodes behind a root node, each with the position it was reached from, and by which input.

    The order depends on the graph alone, so that the same graph of another
    step gives the same positions.  The root has the positions (-1, -1).
    """
    if root is None:
        return
    queue: list[tuple[Any, int, int]] = [(root, -1, -1)]
    seen = {root}
    for position, (node, _, _) in enumerate(queue):  # grows while it is walked
        yield queue[position]
        for index, (following, _) in enumerate(node.next_functions):
            if following is not None and following not in seen and len(seen) < MAX_NODES:
                seen.add(following)
                queue.append((following, position, index))


def forward_order(root: Any) -> list[Any]:
    """Nodes in an order in which each comes after all that it was computed from."""
    order: list[Any] = []
    seen = {root}
    stack: list[tuple[Any, int]] = [(root, 0)] if root is not None else []
    while stack:
        node, at = stack.pop()
        following = node.next_functions
        if at < len(following) and len(seen) < MAX_NODES:
            stack.append((node, at + 1))
            child = following[at][0]
            if child is not None and child not in seen:
                seen.add(child)
                stack.append((child, 0))
        else:
            order.append(node)
    return order
