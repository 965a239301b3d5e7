"""What layers with a setting of their own do in training passes: dropout, batch-norm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from gradwise.trace.model import Fact
from gradwise.watch.graph import SHAPE_ONLY, operation
from gradwise.watch.pack import Pack

_BATCH_NORM = nn.modules.batchnorm._BatchNorm
_BIAS_CANCELLED = (_BATCH_NORM, nn.modules.instancenorm._InstanceNorm)
_DROPOUT = nn.modules.dropout._DropoutNd
_DEPTH = 4  # shape-only nodes between a layer and the norm that follows it


@dataclass
class LayersReader:
    """Dropout's shares, and which layer feeds which norm."""

    dropout: dict[str, float] = field(default_factory=dict)  # module → share of units dropped
    norms: dict[str, str] = field(default_factory=dict)  # batch-norm or instance-norm → what feeds it
    _told: tuple[Any, ...] = ()

    def note(
        self, name: str, module: nn.Module, inputs: tuple[Any, ...], owners: Mapping[int, str], pack: Pack
    ) -> None:
        """A leaf module ran in a training pass."""
        if isinstance(module, _DROPOUT):
            self.dropout[name] = float(module.p) if module.training else 0.0
        if not isinstance(module, _BIAS_CANCELLED) or not inputs or not isinstance(inputs[0], Tensor):
            return
        x = inputs[0]
        if isinstance(module, _BATCH_NORM) and module.training and x.dim() > 1 and x.shape[1]:
            pack.number("norm_values", name, x.numel() / x.shape[1])
        feeding = _owner(x.grad_fn, owners)
        if feeding:
            self.norms[name] = feeding

    def fact(self, step: int) -> Fact | None:
        """The layers met so far, when they differ from those told before."""
        state = (tuple(self.dropout.items()), tuple(self.norms.items()))
        if state == self._told or not (self.dropout or self.norms):
            return None
        self._told = state
        return Fact(step, "layers", "", {"dropout": dict(self.dropout), "norms": dict(self.norms)})


def _owner(node: Any, owners: Mapping[int, str]) -> str:
    for _ in range(_DEPTH):
        if node is None or id(node) in owners:
            break
        node = node.next_functions[0][0] if operation(node) in SHAPE_ONLY and node.next_functions else None
    return owners.get(id(node), "")
