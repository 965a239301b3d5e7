"""A fitted network as torch.export or ONNX, checked against the original."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gradwise.data.examples import Examples, Source
from gradwise.errors import UsageError
from gradwise.fitting.export_formats import FORMATS, SEQUENCES, Runner, arrays_of, as_onnx, as_torch, quiet
from gradwise.fitting.network import Network, activate
from gradwise.train.files import publish

Array = NDArray[Any]

CHECK_ROWS = 64  # compared with the original
MADE_UP_ROWS = 8  # made up where there is no data; also what the export is traced with
TOLERANCE = 1e-4  # largest difference of float32 outputs that another order of summation explains


@dataclass(frozen=True, slots=True)
class Exported:
    """An exported network that agrees with its original.

    Args:
        file: where it is.
        inputs: names of the arrays that it takes, in order.
        rows: that were compared.
        real: whether these were rows of data; made up otherwise.
        worst: largest difference of an output.
        steps: moments or words that a sequence must be padded to; None: any number, or no sequences.
    """

    file: Path
    inputs: tuple[str, ...]
    rows: int
    real: bool
    worst: float
    steps: int | None

    def __str__(self) -> str:
        what = "rows of the data" if self.real else "random rows"
        text = f"{self.file} written; takes {', '.join(self.inputs)} of any number of rows"
        if self.steps is not None:
            text += f", padded to {self.steps} steps (recurrent layers are traced for one length)"
        return f"{text}; largest difference from the original on {self.rows} {what}: {self.worst:.2g}"


class _Answering(nn.Module):
    """The net with its last step: probabilities, or numbers in their own units."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.net = network.model
        self.task = network.task

    def forward(self, *inputs: Tensor) -> Tensor:
        return activate(self.task, self.net(*inputs))


def export(network: Network, file: Path, source: Source | None = None) -> Exported:
    """Write ``file`` (.pt2 or .onnx) and compare it with the original; one that is there is replaced.

    Beside the net the file holds, as JSON, what is predicted and how its inputs were prepared.

    Args:
        network: what to export.
        file: where to.
        source: data to compare on; None: random inputs of the right shape.

    Raises:
        MissingDependencyError: ONNX needs packages that are not installed.
        UsageError: the file cannot be written, or does not agree with the original and was not kept.
    """
    model = _Answering(network).eval()
    traced = _made_up(network, MADE_UP_ROWS, seed=0)
    examples = traced if source is None else _real(network, source)
    write = as_onnx if file.suffix == FORMATS["onnx"] else as_torch
    with quiet(), torch.no_grad():
        content, run = write(model, arrays_of(traced), _notes(network))
        _difference(model, run, _made_up(network, 3, seed=1))  # another number of rows than was traced
        steps = _steps(model, run, traced)
        compared = examples if steps is None else _of_length(examples, steps) or traced
        worst = _difference(model, run, compared)
    try:
        publish(file, content)
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written ({error.strerror or error}); choose another place."
        ) from error
    real = source is not None and compared is not traced
    return Exported(file, tuple(arrays_of(traced)), len(compared), real, worst, steps)


def _difference(model: nn.Module, run: Runner, examples: Examples) -> float:
    """Largest difference of the exported net from the original.

    Raises:
        UsageError: it is more than rounding explains.
    """
    arrays = list(arrays_of(examples).values())
    expected = model(*map(torch.from_numpy, arrays)).numpy()
    worst = float(np.abs(run(arrays) - expected).max())
    if not worst <= TOLERANCE * max(1.0, float(np.abs(expected).max())):
        raise UsageError(
            f"the exported network differs from the original by {worst:.2g} (limit {TOLERANCE:g}); "
            "it was not kept; try the other format."
        )
    return worst


def _steps(model: nn.Module, run: Runner, traced: Examples) -> int | None:
    """The length that sequences must have, found by trying another one; None where it is free."""
    if "lengths" not in traced.inputs:
        return None
    longer = {
        name: np.concatenate([array, array], axis=1) if name in SEQUENCES else array
        for name, array in traced.inputs.items()
    }
    try:
        _difference(model, run, Examples(longer))
    except Exception:  # noqa: BLE001 -- each runtime has errors of its own for a wrong shape
        return next(array.shape[1] for name, array in traced.inputs.items() if name in SEQUENCES)
    return None


def _of_length(examples: Examples, steps: int) -> Examples | None:
    """The sequences that fit, padded to ``steps``; None when all are longer."""
    kept = examples.take(np.flatnonzero(examples.inputs["lengths"] <= steps))
    inputs = {name: array[:, :steps] if array.ndim > 1 else array for name, array in kept.inputs.items()}
    return Examples(inputs) if len(kept) else None


def _notes(network: Network) -> str:
    """What a user of the file must know: what comes out, and how inputs are prepared."""
    task = network.task
    document: dict[str, Any] = {"task": task.kind, "targets": task.targets, "classes": task.classes}
    if network.decision is not None:
        document["threshold"] = network.decision.as_dict()
    return json.dumps({**document, "preparation": network.encoder.state()})


def _real(network: Network, source: Source) -> Examples:
    return network.encoder.transform(source, np.arange(min(len(source), CHECK_ROWS)))


def _made_up(network: Network, rows: int, *, seed: int) -> Examples:
    """Random inputs of the right shape; sequences of all lengths."""
    shape, draw = network.encoder.shape(), np.random.default_rng(seed)
    if "channels" in shape:
        size = (rows, shape["channels"], shape["height"], shape["width"])
        return Examples({"pixels": draw.integers(0, 256, size, np.uint8)})
    if "length" in shape:
        lengths = draw.integers(1, shape["length"] + 1, rows)
        lengths[0] = shape["length"]
        if "vocabulary" in shape:
            tokens = draw.integers(1, max(shape["vocabulary"], 2), (rows, shape["length"]))
            inside = np.arange(shape["length"]) < lengths[:, None]
            return Examples({"tokens": np.where(inside, tokens, 0), "lengths": lengths})
        series = draw.normal(size=(rows, shape["length"], shape["features"])).astype(np.float32)
        return Examples({"series": series, "lengths": lengths})
    sizes = np.asarray(shape.get("categories", ()), np.int64)
    return Examples({
        "numbers": draw.normal(size=(rows, shape["numbers"])).astype(np.float32),
        "categories": draw.integers(0, sizes, (rows, len(sizes)), np.int64),
    })  # fmt: skip
