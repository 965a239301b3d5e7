"""Which module an operation of the autograd graph belongs to, also at steps without hooks.

At sampled steps hooks tell which node is which module's output.  The graph of
another step lists its nodes in the same order when the model takes the same
way, so positions carry the names over.  Where the graph differs, layers with
weights are known by their weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from gradwise.watch.saved import breadth_first, stem
from gradwise.watch.structure import Structure

_HOPS = 200  # nodes looked at on the way to the next module


@dataclass(frozen=True, slots=True)
class Place:
    """Where an operation is.

    Args:
        module: the module that it is part of; "" where it stands in a forward or in the loss.
        after: the module whose output it works on; "" where none is known.
        in_loss: no module's output lies between it and the loss.
    """

    module: str
    after: str
    in_loss: bool

    def words(self) -> str:
        """``in norm``, ``in the loss, after fc2``, ``after fc2``."""
        if self.module:
            return f"in {self.module}"
        after = f"after {self.after}" if self.after else ""
        return ", ".join(part for part in ("in the loss" if self.in_loss else "", after) if part)


@dataclass
class Names:
    """Module names by position in the graph of the last sampled step that was walked."""

    stems: list[str] = field(default_factory=list)
    owners: dict[int, str] = field(default_factory=dict)  # position → module

    def learn(self, root: Any, owners: Mapping[int, str]) -> None:
        """Remember which positions are outputs of which modules.

        Args:
            root: autograd node of the loss.
            owners: id of node → module, from hooks; valid while the step lasts.
        """
        self.stems, self.owners = [], {}
        for position, (node, _, _) in enumerate(breadth_first(root)):
            self.stems.append(stem(node))
            name = owners.get(id(node))
            if name:
                self.owners[position] = name

    def place(self, root: Any, node: Any, structure: Structure | None) -> Place:
        """Where a node of this graph is."""
        rows = list(breadth_first(root))
        if [stem(n) for n, _, _ in rows] == self.stems:
            owned = {rows[position][0]: name for position, name in self.owners.items()}
        else:
            owned = _by_weights(rows, structure)
        if node in owned:
            return Place(owned[node], "", in_loss=False)
        after = _upstream(node, owned)
        before = _downstream(rows, node, owned)
        inside = before if before and _is_whole(before, structure) else ""
        return Place(inside, after, in_loss=not before)


def _by_weights(rows: list[tuple[Any, int, int]], structure: Structure | None) -> dict[Any, str]:
    """Nodes that take a weight directly (linear, convolution) → the module that has the weight."""
    owned: dict[Any, str] = {}
    known = structure.parameter_names if structure is not None else {}
    for node, _, _ in rows:
        for following, _ in node.next_functions:
            turned = following is not None and stem(following) == "T"  # a linear layer's weight is transposed
            leaf = following.next_functions[0][0] if turned else following
            variable = getattr(leaf, "variable", None)
            name = known.get(id(variable), "") if variable is not None else ""
            if "." in name:
                owned[node] = name.rpartition(".")[0]
    return owned


def _upstream(node: Any, owned: Mapping[Any, str]) -> str:
    """The nearest module on the way to the input."""
    for position, (near, _, _) in enumerate(breadth_first(node)):
        if near in owned:
            return owned[near]
        if position > _HOPS:
            break
    return ""


def _downstream(rows: list[tuple[Any, int, int]], node: Any, owned: Mapping[Any, str]) -> str:
    """The next module on the way to the loss; "" when there is none."""
    at = next((i for i, row in enumerate(rows) if row[0] == node), -1)
    while at >= 0:
        at = rows[at][1]
        if at >= 0 and rows[at][0] in owned:
            return owned[rows[at][0]]
    return ""


def _is_whole(name: str, structure: Structure | None) -> bool:
    """Whether a module is the user's own and has no parts, so that what ends in it happened in it."""
    ref = structure.modules.get(name) if structure is not None else None
    module = ref() if ref else None
    if module is None or type(module).__module__.startswith("torch."):
        return False
    return not any(isinstance(part, nn.Module) for part in module.children())
