"""What follows each layer of a model, by the best means at hand, and what had to be guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from gradwise.init.drawing import ALONE, Part
from gradwise.init.following import Flow, by_order, most_frequent
from gradwise.init.gains import LINEAR, Activation, of_call
from gradwise.init.outcome import some
from gradwise.init.tracing import on_sample, through_graph


@dataclass(frozen=True, slots=True)
class Seen:
    """What follows the layers.

    Args:
        followers: the activation after each layer, in the order in which they work where that is known.
        last: layers that no other layer follows.
        note: what had to be guessed; "".
    """

    followers: dict[str, Activation]
    last: frozenset[str]
    note: str = ""


def see(model: nn.Module, parts: Sequence[Part], sample: Any) -> Seen:
    """Walk the model on a sample, else as a torch.fx graph; what stays unseen goes by the order of modules.

    Args:
        model: left as it is.
        parts: its layers.
        sample: None: there is none.
    """
    layers = {part.name: part.tensors() for part in parts}
    flow = Flow(gated={part.name for part in parts if part.gated})
    if sample is not None:
        on_sample(model, sample, layers, flow)
    elif not through_graph(model, layers, flow):
        flow = Flow(gated=flow.gated)  # nothing of a half-drawn graph
    found = flow.told()
    if ALONE in layers and ALONE not in flow.gated:
        found = {}  # a single layer, of a larger model presumably
    missing = [name for name in layers if name not in found]
    if not missing:
        return Seen(found, frozenset(found) - flow.inner)
    ordered = by_order(model, {name: name for name in layers}, flow.gated)
    found |= {name: ordered[name] for name in missing if name in ordered}
    unseen = [name for name in missing if name not in found]
    usual = most_frequent(model) or of_call(torch.relu, (None,), {}) or LINEAR
    found |= dict.fromkeys(unseen, usual)
    found = {name: found[name] for name in layers}  # as they stand in the model
    if not unseen:
        return Seen(found, frozenset(list(layers)[-1:]))
    why = "the model's most frequent activation" if most_frequent(model) else "for want of another"
    cure = "" if sample is not None or ALONE in layers else "; give sample= to see"
    note = f"what follows {some(unseen)} is not seen: taken as {usual.name}, {why}{cure}"
    return Seen(found, frozenset(list(layers)[-1:]), note)
