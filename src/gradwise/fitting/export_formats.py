"""A net as the content of a file: a torch.export archive or an ONNX model, and how it is run."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gradwise.data.examples import Examples
from gradwise.errors import MissingDependencyError

Array = NDArray[Any]
Runner = Callable[[list[Array]], Array]

FORMATS = {"torch": ".pt2", "onnx": ".onnx"}
SEQUENCES = ("series", "tokens")  # inputs whose second axis is time
MOST_ROWS = 1 << 24  # of a batch; torch wants a limit
NOTES = "gradwise.json"  # in a .pt2; the same is under "gradwise" in the metadata of an .onnx


def arrays_of(examples: Examples) -> dict[str, Array]:
    """The inputs as the exported net takes them; no categories where there are none."""
    named = {name: np.ascontiguousarray(array) for name, array in examples.inputs.items()}
    if "categories" in named and not named["categories"].shape[1]:
        del named["categories"]
    return named


def as_torch(model: nn.Module, inputs: Mapping[str, Array], notes: str) -> tuple[bytes, Runner]:
    """A .pt2 archive, loaded again; recurrent layers are traced for the length of ``inputs`` only.

    Args:
        model: in evaluation mode.
        inputs: two rows or more by name, in order.
        notes: JSON that goes along.
    """
    recurrent = any(isinstance(layer, nn.RNNBase) for layer in model.modules())
    tensors = tuple(map(torch.from_numpy, inputs.values()))
    program = torch.export.export(model, tensors, dynamic_shapes=(_free(inputs, any_length=not recurrent),))
    archive = io.BytesIO()
    torch.export.save(program, archive, extra_files={NOTES: notes})
    loaded = torch.export.load(io.BytesIO(archive.getvalue())).module()
    return archive.getvalue(), lambda arrays: loaded(*map(torch.from_numpy, arrays)).detach().numpy()


def as_onnx(model: nn.Module, inputs: Mapping[str, Array], notes: str) -> tuple[bytes, Runner]:
    """An ONNX model and its answers in onnxruntime; plain RNN layers are unrolled for one length.

    Args:
        model: in evaluation mode.
        inputs: two rows or more by name, in order.
        notes: JSON that goes along, in the metadata.

    Raises:
        MissingDependencyError: ONNX needs packages that are not installed.
    """
    onnxruntime = _onnxruntime()
    unrolled = any(isinstance(layer, nn.RNN) for layer in model.modules())  # LSTM and GRU are not
    program = torch.onnx.export(
        model,
        tuple(map(torch.from_numpy, inputs.values())),
        input_names=list(inputs),
        output_names=["output"],
        dynamic_shapes=(_free(inputs, any_length=not unrolled),),
        verbose=False,
    )
    assert program is not None
    for node in program.model.graph.all_nodes():
        node.metadata_props.clear()  # places in source files of this machine
    program.model.metadata_props["gradwise"] = notes
    content = program.model_proto.SerializeToString()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # fatal only: a length that it cannot take is found out by trying
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    names = [item.name for item in session.get_inputs()]

    def run(arrays: list[Array]) -> Array:
        return np.asarray(session.run(None, dict(zip(names, arrays, strict=True)))[0])

    return content, run


def _onnxruntime() -> Any:
    try:
        import onnxruntime
        import onnxscript  # noqa: F401  torch's exporter needs it
    except ImportError as error:
        raise MissingDependencyError(
            f"ONNX export needs {error.name}; `pip install gradwise[onnx]`, or export to .pt2."
        ) from error
    return onnxruntime


def _free(inputs: Mapping[str, Array], *, any_length: bool) -> tuple[dict[int, Any], ...]:
    """Which axes of each input may change: rows always, moments of a sequence where tracing allows."""
    rows = torch.export.Dim("rows", min=1, max=MOST_ROWS)
    sequence = {0: rows, 1: torch.export.Dim.AUTO} if any_length else {0: rows}
    return tuple(sequence if name in SEQUENCES else {0: rows} for name in inputs)


@contextmanager
def quiet() -> Iterator[None]:
    """Hides what the exporter says of itself: deprecations of its own, packages that it could also use."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
