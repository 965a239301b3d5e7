"""Which activation follows each layer: signals told from layer to layer, however the model is walked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from torch import nn

from gradwise.init.gains import LINEAR, Activation, of_module

LINKS = ("sigmoid", "tanh", "softplus", "log-sigmoid", "hard-sigmoid", "hard-tanh")


@dataclass(frozen=True, slots=True)
class Signal:
    """A value on its way through the model.

    Args:
        open: layers whose output it is, with no activation since.
        shut: layers whose output it is, behind an activation.
    """

    open: frozenset[str] = frozenset()
    shut: frozenset[str] = frozenset()


@dataclass
class Flow:
    """What is known of each layer while a model is walked in the order of its work.

    Args:
        gated: layers that need no activation after them: recurrent ones, embeddings, those of attention.
    """

    gated: Collection[str] = ()
    followers: dict[str, Activation] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    inner: set[str] = field(default_factory=set)  # layers that another layer follows

    def layer(self, name: str, signals: Iterable[Signal]) -> Signal:
        """A layer takes the signals; a new one begins."""
        for signal in signals:
            for before in signal.open:
                self.followers.setdefault(before, LINEAR)
            self.inner |= signal.open | signal.shut
        if name not in self.order:
            self.order.append(name)
        return Signal(shut=frozenset([name])) if name in self.gated else Signal(frozenset([name]))

    def activation(self, found: Activation, signals: Iterable[Signal]) -> Signal:
        """An activation takes the signals."""
        shut: frozenset[str] = frozenset()
        for signal in signals:
            for before in signal.open:
                self.followers.setdefault(before, found)
            shut |= signal.open | signal.shut
        return Signal(shut=shut)

    def other(self, signals: Iterable[Signal]) -> Signal:
        """Anything else takes the signals and hands them on together."""
        found = list(signals)
        return Signal(
            frozenset().union(*(signal.open for signal in found)),
            frozenset().union(*(signal.shut for signal in found)),
        )

    def told(self) -> dict[str, Activation]:
        """The activation after each layer that was met; see `at_the_end` for the last ones."""
        found = {name: self.followers.get(name, LINEAR) for name in self.order}
        return {name: after if name in self.inner else at_the_end(after) for name, after in found.items()}


def at_the_end(activation: Activation) -> Activation:
    """What counts as following a last layer: a link that turns sums into answers counts as none.

    >>> at_the_end(Activation("sigmoid", 1.8)).name, at_the_end(Activation("relu", 1.4)).name
    ('none', 'relu')
    """
    return LINEAR if activation.name in LINKS else activation


def by_order(model: nn.Module, layers: Mapping[str, str], gated: Collection[str]) -> dict[str, Activation]:
    """What follows each layer if modules worked in the order in which they stand in the model.

    Layers with no activation module behind them, but another layer, are left out: a function may follow.

    Args:
        model: whose modules are read.
        layers: name of the layer by the name of the module that holds it.
        gated: see `Flow`.
    """
    found: dict[str, Activation] = {}
    waiting, last = "", ""
    for name, module in model.named_modules():
        activation = of_module(module)
        if name in layers:
            waiting = last = layers[name]
        elif activation is not None and waiting:
            found[waiting], waiting = activation, ""
    if last:
        found[last] = at_the_end(found.get(last, LINEAR))
    return {**found, **dict.fromkeys(gated, LINEAR)}


def most_frequent(model: nn.Module) -> Activation | None:
    """The activation that most modules of the model are; None where none is one."""
    found = [activation for activation in map(of_module, model.modules()) if activation not in (None, LINEAR)]
    return Counter(found).most_common(1)[0][0] if found else None
