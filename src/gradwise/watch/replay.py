"""The batch that broke a run, kept in the run directory, to be run again.

    from gradwise.watch.replay import load_batch

    saved = load_batch(".gradwise/runs/20261121-102833-train")
    model.load_state_dict(saved.weights)        # as they were when it happened
    x, y = saved.batch["batch.0"], saved.batch["batch.1"]
    with torch.autograd.detect_anomaly():       # slow, but of one step only
        criterion(model(x), y).backward()

What dropout drew is not kept; everything else of the step is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from gradwise.errors import UsageError
from gradwise.watch.evaluation import OWN_FRAMES, TORCH_FRAMES

FILE = "nonfinite.safetensors"
MAX_BYTES = 64 << 20  # of the batch, and again of the weights; what is larger is left out
MAX_NAMES = 32  # tensors of a batch
_DEPTH = 4  # lists within dicts within tuples


@dataclass(frozen=True, slots=True)
class SavedBatch:
    """What went in when a loss or a gradient was first not finite.

    Args:
        batch: tensors by name: ``batch.0`` from a DataLoader, ``x`` from the
            loop's own names, ``input.fc1`` from what a first layer got.
        weights: parameters and buffers of the model before the step, for
            ``load_state_dict``; empty when they were too large to keep.
        step: the training step.
        what: ``loss`` or ``gradient``.
    """

    batch: dict[str, Tensor]
    weights: dict[str, Tensor]
    step: int
    what: str


def load_batch(run: str | Path) -> SavedBatch:
    """Read what `gradwise check` kept at the first non-finite loss or gradient.

    Args:
        run: the run directory.

    Raises:
        UsageError: the run kept no batch.
    """
    file = Path(run) / FILE
    if not file.is_file():
        raise UsageError(f"{run} keeps no batch: its loss and gradients stayed finite, or it was too large.")
    batch: dict[str, Tensor] = {}
    weights: dict[str, Tensor] = {}
    with safe_open(str(file), "pt") as opened:
        told = opened.metadata() or {}
        for key in opened.keys():  # noqa: SIM118  not a dict
            kind, _, name = key.partition("/")
            (weights if kind == "weights" else batch)[name] = opened.get_tensor(key)
    return SavedBatch(batch, weights, int(told.get("step", 0)), str(told.get("what", "loss")))


def save_batch(
    folder: Path, batch: Mapping[str, Tensor], model: nn.Module | None, step: int, what: str
) -> dict[str, Any]:
    """Write batch and weights; returns what was written, for the fact.

    Cost: one copy to the host and one write, once in a run.
    """
    kept = dict(list(_within(batch).items())[:MAX_NAMES])
    if not kept:
        return {}
    whole = {f"batch/{name}": _host(t) for name, t in kept.items()}
    weights = model.state_dict() if model is not None else {}
    fitting = _within(weights)
    if all(name in fitting for name, value in weights.items() if _plain(value)):  # all or none
        whole |= {f"weights/{name}": _host(t) for name, t in fitting.items()}
    save_file(whole, str(folder / FILE), {"step": str(step), "what": what})
    return {"file": FILE, "tensors": {name: list(t.shape) for name, t in kept.items()}}


def _host(tensor: Tensor) -> Tensor:
    return tensor.detach().cpu().contiguous().clone()


def _plain(value: Any) -> bool:
    return (
        isinstance(value, Tensor)
        and value.layout == torch.strided
        and not value.is_meta
        and not value.is_complex()
        and value.numel() > 0
    )


def _within(tensors: Mapping[str, Any]) -> dict[str, Tensor]:
    """Those that fit, the first first."""
    kept: dict[str, Tensor] = {}
    left = MAX_BYTES
    for name, tensor in tensors.items():
        if not _plain(tensor):
            continue
        size = tensor.numel() * tensor.element_size()
        if size <= left:
            kept[name] = tensor
            left -= size
    return kept


def flattened(value: Any, name: str, depth: int = 0) -> Iterator[tuple[str, Tensor]]:
    """Tensors within a batch of any form, by names such as ``batch.0`` and ``batch.image``."""
    if isinstance(value, Tensor):
        yield name, value
    elif depth < _DEPTH and isinstance(value, Mapping):
        for key, part in value.items():
            yield from flattened(part, f"{name}.{key}", depth + 1)
    elif depth < _DEPTH and isinstance(value, tuple | list):
        for index, part in enumerate(value[:MAX_NAMES]):
            yield from flattened(part, f"{name}.{index}", depth + 1)


def local_tensors(rows: int | None) -> dict[str, Tensor]:
    """Tensors with that many rows (None: any) in the user's function that called backward.

    Those with a history (losses, outputs) and parameters are left out.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if not frame.f_code.co_filename.startswith((OWN_FRAMES, TORCH_FRAMES)):
            found = {
                name: value
                for name, value in frame.f_locals.items()
                if isinstance(value, Tensor)
                and not value.requires_grad
                and value.dim() > 0
                and (rows is None or len(value) == rows)
            }
            if found:
                return found
        frame = frame.f_back
    return {}
