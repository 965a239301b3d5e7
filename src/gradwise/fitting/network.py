"""A fitted network, loaded from its run directory: predict and score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from gradwise.data.examples import Encoder, Examples, Source, Task
from gradwise.data.opening import encoder_from, open_source
from gradwise.errors import TraceError, UsageError
from gradwise.fitting.record import Record
from gradwise.fitting.scores import Scores, score
from gradwise.nets import make
from gradwise.train.batches import Batches
from gradwise.train.outputs import outputs

Array = NDArray[Any]

CHUNK_ROWS = 65_536  # rows encoded at a time, so that large files need little memory
BATCH_ROWS = 1024  # rows in one forward pass
WEIGHTS = "model.safetensors"


class Network:
    """A fitted network with its preprocessing.

    Args:
        directory: the run directory.
        record: its ``run.json``.
        encoder: its preprocessing.
        model: in evaluation mode, on the CPU.
    """

    def __init__(self, directory: Path, record: Record, encoder: Encoder, model: nn.Module) -> None:
        self.directory, self.record, self.encoder, self.model = directory, record, encoder, model

    @property
    def task(self) -> Task:
        """What it predicts."""
        return self.encoder.task

    def open(self, data: str | Path | Sequence[str], *, with_target: bool = False) -> Source:
        """Read data as it was read for training.

        Raises:
            UsageError: it cannot be read, or a column is missing.
        """
        options = dict(self.record.data.get("options", {}))
        options["target"] = list(self.task.targets) if with_target else None
        options["task"] = self.task.kind
        return open_source(data, **options)

    def outputs(self, data: Source | Examples) -> Array:
        """Probabilities (N, K) of classes or labels, or numbers (N, K) in the target's own units."""
        parts = [self._outputs(examples) for examples in self._chunks(data)]
        return np.concatenate(parts) if parts else np.zeros((0, self.task.outputs), np.float32)

    def _chunks(self, data: Source | Examples) -> Iterator[Examples]:
        for start in range(0, len(data), CHUNK_ROWS):
            rows = np.arange(start, min(start + CHUNK_ROWS, len(data)))
            yield data.take(rows) if isinstance(data, Examples) else self.encoder.transform(data, rows)

    def _outputs(self, examples: Examples) -> Array:
        raw = outputs(self.model, Batches(examples, BATCH_ROWS, shuffle=False))
        return np.asarray(activate(self.task, raw).numpy())

    def predict(self, data: str | Path | Source | Examples) -> Array:
        """The predicted class name of every row, labels as (N, K) booleans, or numbers (N, K).

        Raises:
            UsageError: the data cannot be read, or a column is missing.
        """
        source = self.open(data) if isinstance(data, str | Path) else data
        return self.decide(self.outputs(source))

    def decide(self, outputs: Array) -> Array:
        """Class names, labels or numbers from what `outputs` gives."""
        if self.task.kind == "classes":
            return np.asarray(self.task.classes, dtype=object)[outputs.argmax(axis=1)]
        return outputs > 0.5 if self.task.kind == "labels" else outputs

    def evaluate(self, data: str | Path | Source) -> Scores:
        """Scores on data that has the target.

        Raises:
            UsageError: the data cannot be read, or it lacks the target.
        """
        source = self.open(data, with_target=True) if isinstance(data, str | Path) else data
        parts: list[Array] = []
        truths: list[Array] = []
        for examples in self._chunks(source):
            if examples.target is None:
                raise UsageError(
                    f"the data lacks the target {', '.join(self.task.targets)}; give data that has it."
                )
            parts.append(self._outputs(examples))
            truths.append(own_units(self.task, examples.target))
        return score(self.task, np.concatenate(parts), np.concatenate(truths))


def activate(task: Task, raw: Tensor) -> Tensor:
    """Probabilities, or numbers in their own units, from a net's raw outputs (N, K)."""
    if task.kind == "classes":
        return raw.softmax(dim=1)
    if task.kind == "labels":
        return raw.sigmoid()
    return raw * raw.new_tensor(task.scale) + raw.new_tensor(task.shift)


def own_units(task: Task, target: Array) -> Array:
    """Targets as `Examples` holds them, in their own units."""
    if task.kind != "numbers":
        return target
    return target * np.asarray(task.scale, np.float32) + np.asarray(task.shift, np.float32)


def load(directory: str | Path) -> Network:
    """Load a fitted network from its run directory.

    Raises:
        TraceError: there is none, or it is damaged or unfinished.
    """
    directory = Path(directory)
    record = Record.read(directory)
    weights = directory / WEIGHTS
    if not weights.exists():
        raise TraceError(
            f"{directory} holds no finished network ({record.status}); "
            f"go on with `gradwise fit --resume {directory}`."
        )
    encoder = encoder_from(record.encoder)
    model = make(
        record.recipe["net"], outputs=encoder.task.outputs, **encoder.shape(), **record.recipe["options"]
    )
    try:
        model.load_state_dict(load_file(weights))
    except Exception as error:
        raise TraceError(f"{weights} does not fit the net of run.json ({error}); fit again.") from error
    return Network(directory, record, encoder, model.eval())
