"""What is trained: one record for each line of the table, and whether every family has one."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch

from gradwise import nets
from gradwise.handbook.techniques import Technique, techniques

# Shapes of the image sets, for the weights of nets that are only built to be counted.
IMAGES = {
    "fashion": {"channels": 1, "height": 28, "width": 28},
    "cifar10": {"channels": 3, "height": 32, "width": 32},
}
CLASSES = 10


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Args:
        net: by name, with options.
        data: name of a set in `benchmarks.nets.data`.
        batch: rows per step.
        rate: of `gradwise fit`'s usual optimizer, given so that no trial takes from the budget.
        settings: more of `gradwise.fit`.
    """

    net: str
    data: str
    batch: int = 64
    rate: float = 0.001
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What ``--only`` takes."""
        return f"{self.net}-{self.data}"


# Widths that a fit would choose by the number of rows are given, so that pilot and fit have the same.
NARROW = {"width": 64}
# Small nets on Fashion-MNIST; those whose papers trained on CIFAR-10, and what came after them, on that.
ROWS = (
    Row("perceptron", "fashion"),
    Row("mlp", "fashion"),
    Row("mlp", "adult", batch=256, rate=0.003, settings={"width": 128}),
    Row("lenet-5", "fashion", rate=0.003),
    Row("cnn", "fashion"),
    Row("alexnet", "fashion", rate=0.0003),  # no norm: at 0.001 a plain stack of layers may not start
    Row("vgg11", "fashion", rate=0.0003),
    Row("googlenet", "fashion"),
    Row("inception-v2", "fashion"),
    Row("inception-v3", "fashion"),
    Row("inception-v4", "fashion"),
    Row("resnet18", "cifar10"),
    Row("preresnet18", "cifar10"),
    Row("resnext29-32x4d", "cifar10"),
    Row("densenet-bc-100-12", "cifar10"),
    Row("cnn1d", "crop", rate=0.003, settings=NARROW),
    Row("lstm", "crop", rate=0.003, settings=NARROW),
    Row("gru", "crop", rate=0.003, settings=NARROW),
    Row("rnn", "crop", settings=NARROW),
    Row("lstm", "adding", rate=0.003, settings=NARROW),
    Row("gru", "adding", rate=0.003, settings=NARROW),
    Row("cnn1d", "imdb"),
    Row("lstm", "imdb", rate=0.002),
)


def families() -> tuple[Technique, ...]:
    """The families of nets, each by its page."""
    return tuple(page for page in techniques() if page.kind == "net")


def members(family: Technique) -> list[str]:
    """Names of the nets of a family."""
    return [net.name for net in importlib.import_module(family.module).NETS]


def faults(rows: Sequence[Row] = ROWS) -> list[str]:
    """What the table lacks: families without a row, or without one of their smallest member."""
    return [fault for family in families() for fault in _faults(family, rows)]


def _faults(family: Technique, rows: Sequence[Row]) -> Iterator[str]:
    own = members(family)
    held = [row for row in rows if row.net.partition(":")[0] in own]
    if not held:
        yield f"family {family.name!r} has no row: add its smallest member, {smallest(own, 'fashion')}"
    pictured = [row for row in held if row.data in IMAGES]
    if pictured:
        least = smallest(own, pictured[0].data)
        if least not in {row.net for row in pictured}:
            yield f"family {family.name!r} has no row of its smallest member, {least}"


def smallest(names: Sequence[str], data: str) -> str:
    """The net with the fewest weights on the images of a set; the first name where none takes images."""
    counted = {name: _weights(name, data) for name in names if "images" in nets.NETS[name].makers}
    return min(counted, key=lambda name: counted[name], default=names[0])


@cache
def _weights(name: str, data: str) -> int:
    with torch.device("meta"):
        net = nets.make(name, outputs=CLASSES, **IMAGES[data])
    return sum(weight.numel() for weight in net.parameters())


def chosen(words: Sequence[str], rows: Sequence[Row] = ROWS) -> list[Row]:
    """The rows whose name, net or data is one of the words; all without words.

    Raises:
        ValueError: a word that fits none.
    """
    for word in words:
        if not any(word in (row.name, row.net, row.data) for row in rows):
            known = ", ".join(row.name for row in rows)
            raise ValueError(f"no row is called {word!r}; there are {known} (or a net, or a data set).")
    return [row for row in rows if not words or {row.name, row.net, row.data} & set(words)]
