"""What enters each loss, as the watcher told it, and what was measured there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwise.rules.learning import outcome
from gradwise.trace.model import Fact, Floats, Trace

# Different calls told of one loss above which its numbers belong to nobody in particular.
MOST_KINDS = 3
# What may stand between the last layer and a loss without changing what the scores are.
_LIMITERS = ("Clamp", "ClampMin", "ClampMax")
_DROPOUTS = ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout")


@dataclass(frozen=True, slots=True)
class Call:
    """A loss that training calls.

    Args:
        place: the loss function.
        since: first step at which it was called in this way.
        data: the latest fact on it.
        all: data of every way in which it was called.
        mixed: several calls share the name, so that its numbers may be of any of them.
    """

    place: str
    since: int
    data: Mapping[str, Any]
    all: tuple[Mapping[str, Any], ...]
    mixed: bool

    @property
    def function(self) -> str:
        """Name of the loss function in torch.nn.functional."""
        return str(self.data.get("function") or self.place)

    @property
    def classes(self) -> int:
        """Number of classes among which scores are compared; 0 when there are none."""
        return int(self.data.get("classes") or 0)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the prediction, batch first."""
        return tuple(self.data.get("input_shape") or ())

    @property
    def lineage(self) -> list[Mapping[str, Any]]:
        """Operations behind the prediction, nearest first."""
        return list(self.data.get("lineage") or ())

    @property
    def maker(self) -> tuple[str, str]:
        """Operation that made the prediction and its module; what only limits values is looked through."""
        for step in self.lineage:
            if step.get("operation") not in _LIMITERS:
                return str(step.get("operation") or ""), str(step.get("module") or "")
        return str(self.data.get("producer") or ""), str(self.data.get("producer_module") or "")


def loss_calls(trace: Trace) -> list[Call]:
    """Every loss that training calls, one for each loss function."""
    places: dict[str, list[Fact]] = {}
    for fact in trace.facts_of("loss-call"):
        places.setdefault(fact.where, []).append(fact)
    calls = []
    for place, facts in places.items():
        at_once = max(Counter(fact.step for fact in facts).values())
        mixed = at_once > 1 or len(facts) > MOST_KINDS
        told = tuple(fact.data for fact in facts)
        latest = {**facts[-1].data, "lineage": _whole_layers(trace, facts[-1].data.get("lineage") or ())}
        calls.append(Call(place, facts[0].step, latest, told, mixed))
    return calls


def _whole_layers(trace: Trace, lineage: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The same operations, with product and bias as one where a layer makes two (over three dimensions)."""
    whole: list[Mapping[str, Any]] = []
    for step in lineage:
        before = whole[-1] if whole else {}
        info = trace.module(str(before.get("module") or ""))
        adds = before.get("operation") == "Add" and info is not None and info.type == "Linear"
        if adds and step.get("operation") == "linear" and not step.get("module"):
            whole[-1] = {**step, "module": before["module"]}
        else:
            whole.append(step)
    return whole


def measured(trace: Trace, signal: str, place: str) -> Floats:
    """Values of a sampled signal at one place, NaN left out, shape (S,); infinite ones stay."""
    table = trace.sampled(signal)
    if place not in table.places:
        return np.zeros(0)
    column = table.column(place)
    return column[~np.isnan(column)]


def is_dropout(trace: Trace, name: str) -> bool:
    """Whether the module of that name is a dropout."""
    module = trace.module(name) if name else None
    return module is not None and module.type in _DROPOUTS


def best_reached(trace: Trace) -> float:
    """The better of training (skill or lift) and of any evaluation; NaN where neither is known."""
    trivial, losses = trace.sampled("trivial"), trace.sampled("val_loss")
    known = [outcome(trace).reached]
    for place in losses.places:
        function = place.partition(" (")[0]
        if function in trivial.places:
            reference = trivial.column(function)
            reference = reference[np.isfinite(reference)]
            column = losses.column(place)
            column = column[np.isfinite(column)]
            if len(reference) and len(column) and reference[-1] > 0:
                known.append(1 - float(column.min()) / float(reference[-1]))
    known = [value for value in known if np.isfinite(value)]
    return max(known) if known else float("nan")
