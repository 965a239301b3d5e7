"""Defaults that follow from the number of rows and the shape of the input."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from gradwise.nets.embeddings import embedding_width

SMALL_IMAGE = 28  # pixels: digits and clothes of MNIST's kind, where a small net does as well as a deep one
DEEP_FROM = 10_000  # images: with fewer a net of 11 million weights learns them by heart
LONG = 100  # steps: beyond, an LSTM forgets (handbook claim 38) and runs step by step; convolutions do not
TABLE_UNITS = (32, 64, 128, 256, 512)
SERIES_UNITS = ((1_000, 32), (10_000, 64))  # below so many rows: units of a recurrent layer; 128 above
BATCHES_PER_EPOCH = 128  # aimed at; the batch is the power of two below
SMALLEST_BATCH = (
    16  # rows: fewer cost more time per row and starve batch-norm; Masters, Luschi 1804.07612 use 2-32
)
LARGEST_BATCH = {"table": 1024, "images": 128, "series": 64, "text": 64}  # rows, on a CPU
ACCELERATOR = 4  # times larger: a GPU's lanes must be filled
STEPS = 3_000  # of the optimizer, aimed at
EPOCHS = (10, 200)  # fewest and most
# Families of deep nets on images, by how their names begin.
DEEP = ("alexnet", "vgg", "googlenet", "inception", "resnet", "resnext", "preresnet", "densenet")
DEEP_EPOCHS = 30  # fewest of a deep net: about the length of DAWNBench's winning CIFAR-10 trainings


def net_for(kind: str, shape: Mapping[str, Any], rows: int) -> tuple[str, str]:
    """Name of a net for this input, and why.

    >>> net_for("images", {"channels": 1, "height": 28, "width": 28}, 60_000)[0]
    'cnn'
    """
    if kind == "table":
        return "mlp", "columns of a table have no order that a net could use"
    if kind == "images":
        side = min(shape["height"], shape["width"])
        size = f"{rows:,} images of {shape['height']} x {shape['width']}"
        if rows >= DEEP_FROM and side > SMALL_IMAGE:
            return (
                "resnet18",
                f"{size}: enough for a deep net (from {DEEP_FROM:,} above {SMALL_IMAGE} pixels)",
            )
        return "cnn", f"{size}: a deep net takes {DEEP_FROM:,} above {SMALL_IMAGE} pixels"
    length = shape["length"]
    if kind == "text":
        return "cnn1d", f"texts of up to {length:,} words: the words near each other tell most"
    if length > LONG:
        return "cnn1d", f"up to {length:,} steps: more than an LSTM remembers well (limit {LONG})"
    return "lstm", f"up to {length:,} steps: few enough to remember (limit {LONG})"


def units_for(
    net: str, shape: Mapping[str, Any], outputs: int, rows: int, *, depth: int | None
) -> tuple[int, str] | None:
    """Width of a net for so many rows, and why; None where the net's own width serves.

    >>> units_for("mlp", {"numbers": 4}, 3, 120, depth=2)[0]
    32
    """
    if net == "mlp" and "numbers" in shape:
        inputs = shape["numbers"] + sum(embedding_width(c) for c in shape.get("categories", ()))
        return _dense_units(inputs, outputs, rows, depth or 1)
    if net in ("lstm", "gru", "rnn", "cnn1d") and "features" in shape:
        for below, units in SERIES_UNITS:
            if rows < below:
                return units, f"{rows:,} rows, fewer than {below:,}"
    return None


def _dense_units(inputs: int, outputs: int, rows: int, depth: int) -> tuple[int, str]:
    """The widest net with no more weights than fit any targets.

    Zhang, Bengio, Hardt, Recht, Vinyals, arXiv 1611.03530, theorem 1: 2 n + d weights suffice for n rows of d
    numbers; the smallest width is taken where even that has more.
    """
    enough = 2 * rows + inputs
    fitting = [units for units in TABLE_UNITS if dense_weights(inputs, units, depth, outputs) <= enough]
    units = max(fitting, default=TABLE_UNITS[0])
    weights = dense_weights(inputs, units, depth, outputs)
    if fitting:
        return units, f"{weights:,} weights; {enough:,} can fit any {rows:,} rows"
    return units, f"{weights:,} weights, the fewest tried, on {rows:,} rows"


def dense_weights(inputs: int, units: int, depth: int, outputs: int) -> int:
    """Weights and biases of ``depth`` hidden layers and an output.

    >>> dense_weights(4, 16, 1, 3)
    131
    """
    return (inputs + 1) * units + (depth - 1) * (units + 1) * units + (units + 1) * outputs


def batch_size_for(kind: str, rows: int, device: str) -> tuple[int, str]:
    """Examples per step, a power of two, and why.

    >>> [batch_size_for("table", rows, "cpu")[0] for rows in (8, 120, 39_000, 1_000_000)]
    [8, 16, 256, 1024]
    """
    largest = LARGEST_BATCH[kind] * (1 if device == "cpu" else ACCELERATOR)
    aimed = 2 ** int(math.log2(max(1.0, rows / BATCHES_PER_EPOCH)))
    size = min(rows, max(SMALLEST_BATCH, min(aimed, largest)))
    return size, f"{math.ceil(rows / size):,} steps per epoch on {rows:,} rows"


def epochs_for(net: str, rows: int, steps: int) -> tuple[int, str]:
    """Passes over the rows at most, and why.

    >>> [epochs_for("mlp", rows, steps)[0] for rows, steps in ((120, 8), (39_000, 153), (1_000_000, 977))]
    [200, 20, 10]
    """
    fewest = DEEP_EPOCHS if net.startswith(DEEP) else EPOCHS[0]
    epochs = min(EPOCHS[1], max(fewest, math.ceil(STEPS / steps)))
    return (
        epochs,
        f"{epochs * steps:,} steps on {rows:,} rows (about {STEPS:,} wanted, {fewest} epochs at least)",
    )
