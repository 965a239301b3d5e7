"""Silence random units while training.

What it does
    Sets each unit to zero with probability p in every training pass and scales the
    others by 1 / (1 - p), so that no unit can rely on another one being there. It
    does nothing in evaluation mode.

When
    Validation gets worse while training gets better, in networks with wide fully
    connected layers.

When not
    Networks that underfit, right before the output, and next to batch-norm, whose
    statistics it disturbs.

Grade
    changes-model: adds layers, and makes training and evaluation mode differ.

The edit
    After the activations of wide layers, with p from 0.2 to 0.5. Mind
    `model.train()` and `model.eval()` from now on.

    At run time what enters each dense layer that follows another one is dropped in
    training mode, which is the same as dropping behind the activation before it; a
    model with one dense layer alone gets it there. Where a model drops already, its
    smaller shares are raised instead. What is dropped comes from a stream of its own,
    of the script's seed and the layer's name, so that the script's random numbers stay
    what they are. Undone, nothing is dropped. Not reached: compiled models, layers
    inside torch's own attention blocks.

References
    Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, Dropout, JMLR 15,
    2014.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="dropout",
    grade="changes-model",
    summary="silence random units while training",
    edit=Edit(
        before="""\
model = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 10))
""",
        after="""\
model = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 10))
""",
    ),
    doses=(Dose("share", "share of units that is dropped", 0.5, 0.01, 0.95, (0.5, 0.2, 0.3)),),
    undo="exact",
    places=True,
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Drop what enters dense layers behind hidden ones."""
    share = dose["share"]

    def at_root(root: Any) -> None:
        from torch import nn

        held = [(n, m) for n, m in patient.places(root) if isinstance(m, nn.modules.dropout._DropoutNd)]  # noqa: SLF001
        for name, module in held:
            if module.p < share:
                patient.did(f"{name or type(module).__name__} drops {module.p:g} → {share:g}")
                patient.later(partial(setattr, module, "p", module.p))
                module.p = share
        if held:
            return
        for name, layer in patient.meant_dense(root):
            patient.mark(layer, patient.acting(_Silence(share, zlib.crc32(name.encode()))))
            patient.did(f"{share:g} of what enters {name} was dropped")

    patient.at("root", at_root)


class _Silence:
    """Drops units before a layer, by random numbers of its own."""

    def __init__(self, share: float, name: int) -> None:
        self.kept, self.name = 1.0 - share, name
        self._streams: dict[
            Any, tuple[Any, Any]
        ] = {}  # by device: the stream, and its state before the latest use

    def __call__(self, layer: Any, args: tuple[Any, ...]) -> Any:
        """What enters the layer, with units missing and the others enlarged."""
        value = args[0]
        if not layer.training or not value.is_floating_point():
            return None
        return (value * self._noise(value), *args[1:])

    def _noise(self, value: Any) -> Any:
        import torch

        stream, before = self._streams.get(value.device, (None, None))
        if stream is None:
            stream = torch.Generator(value.device)
            stream.manual_seed((torch.initial_seed() ^ self.name << 8) % 2**63)
        again = torch._C._current_graph_task_id() != -1 and before is not None  # noqa: SLF001  checkpointed: the same mask
        now = stream.get_state()
        if again:
            stream.set_state(before)
        noise = torch.empty_like(value).bernoulli_(self.kept, generator=stream).div_(self.kept)
        if again:
            stream.set_state(now)
        else:
            self._streams[value.device] = (stream, now)
        return noise
