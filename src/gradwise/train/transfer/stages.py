"""The stages of a net from its input to its output, which are frozen, thawed and slowed down as a whole.

A stage is a layer with weights, or a block that has a forward pass of its own, or a row of equal blocks, such
as ``layer3`` of a ResNet.  What has no matrix (norms, activations with weights) goes with the stage before
it.  The last layer is always a stage by itself, and auxiliary classifiers go with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from torch import nn

from gradwise.init.matching import MATRICES_FROM, last_layer
from gradwise.nets.auxiliary import Auxiliary

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)  # plain ones; classes made of them are blocks


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a net.

    Args:
        name: of its first module.
        modules: all its modules.
        parameters: their weights; none stands in two stages.
    """

    name: str
    modules: tuple[nn.Module, ...]
    parameters: tuple[nn.Parameter, ...]

    @property
    def size(self) -> int:
        """How many weights it has."""
        return sum(weight.numel() for weight in self.parameters)


def stages(net: nn.Module) -> tuple[Stage, ...]:
    """All stages of a net in the order in which it declares them, which is that of its forward pass.

    Args:
        net: its modules are not changed.

    >>> from gradwise import nets
    >>> net = nets.make("resnet18", outputs=10, channels=3, height=32, width=32)
    >>> [stage.name for stage in stages(net)]
    ['conv1', 'layer1', 'layer2', 'layer3', 'layer4', 'fc']
    """
    groups: list[tuple[str, list[nn.Module]]] = []
    beside: list[nn.Module] = []
    seen: set[int] = set()
    for name, module in _parts("", net, last_layer(net)):
        if isinstance(module, Auxiliary):
            beside.append(module)
            continue
        weights = [weight for weight in module.parameters() if id(weight) not in seen]
        seen |= {id(weight) for weight in weights}
        if groups and (not weights or all(weight.ndim < MATRICES_FROM for weight in weights)):
            groups[-1][1].append(module)
        else:
            groups.append((name, [module]))
    groups[-1][1].extend(beside)
    while len(groups) > 1 and _small(groups[0][1]):  # e.g. a norm before the first layer
        (_, first), (name, second) = groups[:2]
        groups[:2] = [(name, [*first, *second])]
    taken: dict[int, nn.Parameter] = {}
    found = []
    for name, modules in groups:
        own = {id(weight): weight for module in modules for weight in module.parameters()}
        own = {key: weight for key, weight in own.items() if key not in taken}
        taken |= own
        found.append(Stage(name, tuple(modules), tuple(own.values())))
    # Weights of containers themselves, e.g. a token that is put in front, belong to the start.
    rest = tuple(weight for weight in net.parameters() if id(weight) not in taken)
    return (replace(found[0], parameters=(*rest, *found[0].parameters)), *found[1:])


def _small(modules: list[nn.Module]) -> bool:
    return all(weight.ndim < MATRICES_FROM for module in modules for weight in module.parameters())


def _parts(name: str, module: nn.Module, last: str) -> Iterator[tuple[str, nn.Module]]:
    """Modules to be grouped: containers are opened, and whatever holds the last layer."""
    inside = not name or last.startswith(f"{name}.")
    if not inside and (type(module) not in CONTAINERS or _is_row(module)):
        yield name, module
        return
    children = list(module.named_children())
    if not children:
        yield name, module
    for child, part in children:
        yield from _parts(f"{name}.{child}" if name else child, part, last)


def _is_row(module: nn.Module) -> bool:
    """Whether a container holds equal blocks, none of which holds such a row itself."""
    if type(module) not in CONTAINERS:
        return False
    kinds = {type(child) for child in module.children()}
    blocks = all(any(True for _ in child.children()) for child in module.children())
    if len(kinds) != 1 or not blocks or kinds & set(CONTAINERS):
        return False
    return not any(_is_row(part) for child in module.children() for part in child.modules())
