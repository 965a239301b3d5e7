"""Norms of our own making behind the hidden layers of a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from gradwise.remedies.patient.inside import RECURRENT, compiled, normalized

if TYPE_CHECKING:
    from gradwise.remedies.patient.handle import Patient

MakeNorm = Callable[[nn.Module], nn.Module | None]


def norm_behind(patient: Patient, word: str, make: MakeNorm) -> None:
    """Put a norm behind every hidden layer that a cure is meant for, before what follows it.

    Layers that are frozen, or that a norm follows already, stay as they are.

    Args:
        patient: whose ``where`` chooses layers.
        word: under which a layer holds its norm.
        make: the norm for a layer; None for a layer that gets none.
    """
    behind = patient.acting(leave=lambda layer, result: _normed(getattr(layer, word), layer, result))

    def at_root(root: nn.Module) -> None:
        already = made = 0
        for name, layer in patient.meant_layers(root):
            if normalized(root, layer) or not all(p.requires_grad for p in layer.parameters(recurse=False)):
                already += 1
                continue
            norm = make(layer)
            if norm is not None:
                patient.add_part(root, layer, word, norm)
                patient.mark(layer, behind)
                patient.did(f"{type(norm).__name__} behind {name}")
                made += 1
        if not made and not compiled(root) and next(root.parameters(), None) is not None:
            kind = type(root).__name__
            all_done = f"every hidden layer of {kind} is normalized or frozen"
            patient.could_not(all_done if already else f"{kind} has no hidden layer to normalize")

    patient.at("root", at_root)


def _normed(norm: Any, layer: Any, result: Any) -> Any:
    """What a layer gives, normalized; of a recurrent layer its outputs and not its state."""
    if isinstance(result, tuple) and isinstance(layer, RECURRENT):
        outputs = result[0]
        if isinstance(outputs, PackedSequence):
            return (outputs._replace(data=norm(outputs.data)), *result[1:])
        return (norm(outputs), *result[1:])
    if isinstance(norm, nn.LayerNorm):
        return norm(result)
    return _by_channel(norm, layer, result)


def _by_channel(norm: Any, layer: Any, value: Tensor) -> Tensor:
    """A norm over rows of features, or over samples of channels; single samples and long shapes fit too."""
    if isinstance(layer, nn.Linear):
        shaped = value if value.dim() == 2 else value.reshape(-1, value.shape[-1])
    else:
        shaped = value if value.dim() == layer.weight.dim() else value.unsqueeze(0)
    training = norm.training
    if isinstance(norm, nn.modules.batchnorm._BatchNorm) and shaped.numel() < 2 * shaped.shape[1]:  # noqa: SLF001
        norm.training = False  # torch refuses to average over one value
    try:
        made = norm(shaped)
    finally:
        norm.training = training
    assert isinstance(made, torch.Tensor)
    return made if shaped is value else made.reshape(value.shape)
