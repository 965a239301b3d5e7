"""A fitted network as torch.export or ONNX, checked against the original."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gradwise.data.examples import Examples, Source
from gradwise.errors import MissingDependencyError, UsageError
from gradwise.fitting.network import Network, activate

CHECK_ROWS = 64  # compared with the original
TOLERANCE = 1e-4  # largest difference of float32 outputs that another order of summation explains


class _Answering(nn.Module):
    """The net with its last step: probabilities, or numbers in their own units."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.net = network.model
        self.task = network.task

    def forward(self, *inputs: Tensor) -> Tensor:
        return activate(self.task, self.net(*inputs))


def export(network: Network, file: Path, source: Source | None = None) -> str:
    """Write ``file`` (.pt2 or .onnx) and compare it with the original.

    Args:
        network: what to export.
        file: where to.
        source: data to compare on; None: random inputs of the right shape.

    Returns:
        A sentence with the largest difference.

    Raises:
        MissingDependencyError: ONNX needs packages that are not installed.
        UsageError: the exported file does not agree with the original; it is removed.
    """
    examples = _examples(network, source)
    inputs = tuple(torch.from_numpy(np.ascontiguousarray(array)) for array in examples.inputs.values())
    model = _Answering(network).eval()
    with torch.no_grad():
        expected = model(*inputs).numpy()
    rows = torch.export.Dim("rows", min=1, max=1 << 24)
    shapes = (tuple({0: rows} for _ in inputs),)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(model, inputs, dynamic_shapes=shapes)
        if file.suffix == ".onnx":
            got = _onnx(program, file, examples)
        else:
            torch.export.save(program, file)
            got = torch.export.load(file).module()(*inputs).detach().numpy()
    worst = float(np.abs(got - expected).max())
    if not worst <= TOLERANCE * max(1.0, float(np.abs(expected).max())):
        file.unlink(missing_ok=True)
        raise UsageError(
            f"the exported network differs from the original by {worst:.2g} (limit {TOLERANCE:g}); "
            "it was not kept; try the other format."
        )
    data = f"{len(examples)} rows of the data" if source is not None else f"{len(examples)} random rows"
    return f"{file} written; largest difference from the original on {data}: {worst:.2g}"


def _examples(network: Network, source: Source | None) -> Examples:
    if source is not None:
        return network.encoder.transform(source, np.arange(min(len(source), CHECK_ROWS)))
    shape, draw = network.encoder.shape(), np.random.default_rng(0)
    rows = 8
    if "channels" in shape:
        size = (rows, shape["channels"], shape["height"], shape["width"])
        return Examples({"pixels": draw.integers(0, 256, size, np.uint8)})
    lengths = np.full(rows, shape.get("length", 1), np.int64)
    if "vocabulary" in shape:
        tokens = draw.integers(1, max(shape["vocabulary"], 2), (rows, shape["length"]))
        return Examples({"tokens": tokens, "lengths": lengths})
    if "features" in shape:
        series = draw.normal(size=(rows, shape["length"], shape["features"])).astype(np.float32)
        return Examples({"series": series, "lengths": lengths})
    inputs: dict[str, NDArray[Any]] = {
        "numbers": draw.normal(size=(rows, shape["numbers"])).astype(np.float32)
    }
    if shape.get("categories"):
        inputs["categories"] = np.zeros((rows, len(shape["categories"])), np.int64)
    return Examples(inputs)


def _onnx(program: Any, file: Path, examples: Examples) -> NDArray[Any]:
    try:
        import onnxruntime
        import onnxscript  # type: ignore[import-not-found,unused-ignore]  # noqa: F401  torch's exporter needs it
    except ImportError as error:
        raise MissingDependencyError(
            f"ONNX export needs {error.name}; `pip install onnx onnxscript onnxruntime`, or export to .pt2."
        ) from error
    names = list(examples.inputs)
    torch.onnx.export(program, (), str(file), input_names=names, output_names=["output"], verbose=False)
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    feed = dict(zip((item.name for item in session.get_inputs()), examples.inputs.values(), strict=True))
    return np.asarray(session.run(None, feed)[0])
