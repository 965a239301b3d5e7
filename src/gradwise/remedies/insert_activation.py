"""Put a non-linearity between linear layers.

What it does
    Places a ReLU (or another activation) after each hidden layer. Two linear
    layers in a row are one linear layer with more parameters; only what lies
    between lets a network bend.

When
    Linear layers or convolutions follow each other with nothing but shapes,
    dropout or averages between, in the whole network.

When not
    The linear product is meant: low-rank factors (LoRA, matrix factorisation),
    the narrow layers of linear bottlenecks and autoencoders, a single linear
    layer such as logistic regression.

Grade
    changes-model: the network computes another function.

The edit
    One activation after every layer but the last.

    At run time a ReLU is put before every dense layer or convolution that is given what
    another one has put out, unchanged but for its shape, dropout, norms and averages
    between; in a Sequential it comes right behind the first of the two, as in the edit.
    Places name the first of two layers. Nothing is trained in addition and names in
    `state_dict` stay. Undone, the layers are in a row again. Not reached: layers in
    different models, compiled models, rows broken by functions other than reshapes and
    dropout.

References
    Goodfellow, Bengio, Courville, Deep Learning, 2016, section 6.1 on why a
    linear network cannot learn XOR; NeuraLint, arXiv 2004.05300.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="insert-activation",
    grade="changes-model",
    summary="put a non-linearity between linear layers",
    edit=Edit(
        before="""\
model = nn.Sequential(nn.Linear(2, 64), nn.Linear(64, 2))
""",
        after="""\
model = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 2))
""",
    ),
    undo="exact",
    places=True,
)


BETWEEN = (
    "Dropout", "Dropout1d", "Dropout2d", "BatchNorm1d", "BatchNorm2d", "LayerNorm", "GroupNorm", "AvgPool1d",
    "AvgPool2d", "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "Flatten", "Unflatten", "Identity", "ZeroPad2d",
)  # fmt: skip


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Put a ReLU between affine layers that follow each other."""
    del dose
    affine = patient.affine
    row = _Row(patient)
    source = patient.acting(leave=row.source)
    between = patient.acting(row.passing, row.passed)
    target = patient.acting(row.target)

    def at_root(root: Any) -> None:
        first = {id(m): name for name, m in patient.meant_layers(root) if isinstance(m, affine)}
        row.holders = {id(module): holder for module, holder in _in_rows(root, affine)}
        for name, module in root.named_modules():
            if isinstance(module, affine):
                patient.mark(module, target)
            elif type(module).__name__ in BETWEEN:
                patient.mark(module, between)
            if id(module) in first:
                row.names[id(module)] = name
                patient.mark(module, source)

    patient.at("root", at_root)
    patient.at("left", row.over)


def _in_rows(root: Any, kinds: tuple[type, ...]) -> Iterator[tuple[Any, Any]]:
    """Layers in a Sequential that another one follows there, and the Sequential."""
    from torch import nn

    for holder in root.modules():
        if isinstance(holder, nn.Sequential):
            parts = [part for part in holder if not _keeps(part)]
            for one, other in itertools.pairwise(parts):
                if isinstance(one, kinds) and isinstance(other, kinds):
                    yield one, holder


def _keeps(part: Any) -> bool:
    """Whether rows go through a module, which does not write over what it is given."""
    return type(part).__name__ in BETWEEN and not getattr(part, "inplace", False)


class _Row:
    """What affine layers put out, until something is made of it."""

    def __init__(self, patient: Patient) -> None:
        self.patient = patient
        self.names: dict[int, str] = {}  # by id of the layer
        self.open: list[tuple[Any, int, str]] = []  # outputs, their version, and whose they are
        self.holders: dict[
            int, Any
        ] = {}  # by id of the layer: the Sequential in which another one follows it
        self.inner: list[str] = []  # by depth: whose output a module between is given, or ""

    def source(self, layer: Any, result: Any) -> Any:
        """A layer has put something out; in a Sequential the next one is given it for sure."""
        name = self.names.get(id(layer), type(layer).__name__)
        caller = self.patient.run.models.running[-2:][0]
        if self.holders.get(id(layer)) is not caller:
            self._remember(result, name)
            return None
        self._did(name)
        return result.relu()

    def passing(self, _module: Any, args: tuple[Any, ...]) -> None:
        """A module that keeps rows is entered."""
        self.inner.append(self._whose(args[0]))

    def passed(self, _module: Any, result: Any) -> None:
        """It is left."""
        name = self.inner.pop() if self.inner else ""
        if name:
            self._remember(result, name)

    def target(self, _layer: Any, args: tuple[Any, ...]) -> Any:
        """A layer is given something."""
        name = self._whose(args[0])
        if not name:
            return None
        self._did(name)
        return (args[0].relu(), *args[1:])

    def over(self, _model: Any) -> None:
        """The model has run."""
        self.open.clear()
        self.inner.clear()

    def _remember(self, result: Any, name: str) -> None:
        self.open.append((result, _version(result), name))

    def _whose(self, value: Any) -> str:
        name: str
        for out, version, name in reversed(self.open):
            same = value is out or getattr(value, "_base", None) is out
            if same and _version(value) == version:
                return name
        return ""

    def _did(self, name: str) -> None:
        self.patient.did(f"ReLU behind {name}")


def _version(value: Any) -> int:
    """How often a tensor was changed in place; inference tensors do not tell."""
    return -1 if value.is_inference() else int(value._version)  # noqa: SLF001
