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
from gradwise.data.imbalance import prior_corrected
from gradwise.data.opening import encoder_from
from gradwise.errors import TraceError, UsageError
from gradwise.fitting.deciding import Decision, class_ids, true_labels
from gradwise.fitting.ensemble import Ensemble, members_in
from gradwise.fitting.record import Record
from gradwise.fitting.reopening import reopen
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

    @property
    def members(self) -> tuple[Network, ...]:
        """The nets of an ensemble, each as a network of its own; of a single net this one."""
        if not isinstance(self.model, Ensemble):
            return (self,)
        return tuple(Network(self.directory, self.record, self.encoder, net) for net in self.model.members)

    def open(self, data: str | Path | Sequence[str | Path], *, with_target: bool = False) -> Source:
        """Read data as it was read for training.

        Raises:
            UsageError: it cannot be read, or a column is missing.
        """
        places = [data] if isinstance(data, str | Path) else list(data)
        return reopen(places, self.record.data.get("options", {}), self.task, with_target=with_target)

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
            return np.asarray(self.task.classes, dtype=object)[class_ids(outputs, self.decision)]
        return true_labels(outputs, self.decision) if self.task.kind == "labels" else outputs

    @property
    def decision(self) -> Decision | None:
        """The threshold of two classes or of labels; None: the most probable class, or above 0.5."""
        return Decision.of(self.record.imbalance.get("threshold"))

    def corrected(self, outputs: Array) -> Array:
        """Probabilities (N, K) of classes at the shares before resampling, balanced batches and weights.

        See `gradwise.data.imbalance.prior_corrected`; the same where nothing changed the shares.

        Raises:
            UsageError: it predicts no classes.
        """
        if self.task.kind != "classes":
            raise UsageError(
                f"probabilities of classes can be corrected; this net predicts {self.task.kind}."
            )
        shares = self.record.imbalance
        if "learnt" not in shares:
            return outputs
        return prior_corrected(outputs, learnt=shares["learnt"], true=shares["rows"])

    def evaluate(self, data: str | Path | Source | Examples) -> Scores:
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
        return score(self.task, np.concatenate(parts), np.concatenate(truths), self.decision)


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
    name, options = record.recipe["net"], record.recipe["options"]
    try:
        state = load_file(weights)
        count = members_in(state)  # 0: it is one net, no ensemble
        nets = [
            make(name, outputs=encoder.task.outputs, **encoder.shape(), **options)
            for _ in range(max(count, 1))
        ]
        model = Ensemble(nets, encoder.task.kind) if count else nets[0]
        model.load_state_dict(state)
    except Exception as error:
        raise TraceError(f"{weights} does not fit the net of run.json ({error}); fit again.") from error
    return Network(directory, record, encoder, model.eval())
