"""Predictions of many rows, a block at a time, as tables ready to be written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gradwise.data import cells
from gradwise.data.examples import Examples, Source
from gradwise.data.images import ImageSource
from gradwise.data.series import SeriesSource
from gradwise.data.table_encoder import TableEncoder
from gradwise.data.tables import TableSource
from gradwise.errors import UsageError
from gradwise.fitting.deciding import class_ids
from gradwise.fitting.network import Network

Array = NDArray[Any]

BLOCK_ROWS = 65_536  # predicted at a time: what large data needs in memory beside itself
SHOWN = 3  # words in a note


@dataclass(slots=True)
class Predictions:
    """What a network says of every row, in the order of the rows.

    Args:
        network: that predicts.
        source: of rows.
        place: folder that file names are told from.
        probabilities: whether those of every class or label stand beside the prediction.
        written: rows handed out so far.
        unknown: of each column of categories, the rows whose cell training did not see, and some such cells.
        blank: rows without a single cell; their predictions are empty.
        first_blank: number of the first of them, from 1.

    Raises:
        UsageError: probabilities of numbers.
    """

    network: Network
    source: Source
    place: Path = Path()
    probabilities: bool = False
    written: int = 0
    unknown: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    blank: int = 0
    first_blank: int = 0

    def __post_init__(self) -> None:
        if self.probabilities and self.network.task.kind == "numbers":
            told = ", ".join(self.network.task.targets)
            raise UsageError(
                f"--probabilities is for classes and labels, but this network predicts numbers ({told})."
            )

    def blocks(self) -> Iterator[pl.DataFrame]:
        """One table after the other.

        Raises:
            UsageError: a cell or a column that the network cannot take, with its place.
        """
        before = 0  # number of the last row handed out, from 1
        for start in range(0, len(self.source), BLOCK_ROWS):
            rows = np.arange(start, min(start + BLOCK_ROWS, len(self.source)))
            examples = self.network.encoder.transform(self.source, rows)
            self._count_unknown(examples, rows)
            frame = pl.DataFrame([*self._names(rows), *self._columns(self.network.outputs(examples))])
            if isinstance(self.source, TableSource):
                numbers = self.source.rows[rows]
                frame = self._with_blanks(frame, numbers - before - 1)
                before = int(numbers[-1])
            self.written += frame.height
            yield frame

    def notes(self) -> list[str]:
        """What the user should know of the rows; call it after the last block."""
        lines = []
        for name, (count, examples) in self.unknown.items():
            told = ", ".join(repr(word) if word else "empty cells" for word in examples)
            lines.append(
                f"column {name!r}: {count:,} of {len(self.source):,} rows hold categories that training "
                f"saw too seldom or never (e.g. {told}); they are handled as unknown"
            )
        if self.blank:
            lines.append(
                f"{self.blank:,} rows hold nothing (first: row {self.first_blank}); "
                "their predictions are empty"
            )
        if isinstance(self.source, ImageSource):
            left = [choice for choice in self.source.choices if choice.name == "broken-images"]
            lines += [f"images left out: {choice.reason}" for choice in left]
        return lines

    def _columns(self, outputs: Array) -> list[pl.Series]:
        task = self.network.task
        if task.kind == "classes":
            classes = pl.Series(task.targets[0], task.classes, dtype=pl.String)
            columns = [classes.gather(pl.Series(class_ids(outputs, self.network.decision)))]
        else:
            decided = self.network.decide(outputs)
            columns = [pl.Series(name, decided[:, at]) for at, name in enumerate(task.targets)]
        if self.probabilities:
            names = task.classes if task.kind == "classes" else task.targets
            columns += [pl.Series(f"p({name})", outputs[:, at]) for at, name in enumerate(names)]
        return columns

    def _names(self, rows: Array) -> list[pl.Series]:
        """Which image or series each row is, where the data names them."""
        source, taken = self.source, self.network.task.targets
        if isinstance(source, ImageSource) and source.files:
            names = [_seen_from(source.files[row], self.place) for row in rows]
            return [pl.Series(_free("file", taken), names, dtype=pl.String)]
        column = self.network.record.data.get("options", {}).get("ids")
        if column is not None and isinstance(source, SeriesSource) and len(source.names):
            names = [source.names[row] for row in rows]
            return [pl.Series(_free(column, taken), names, dtype=pl.String)]
        return []

    def _count_unknown(self, examples: Examples, rows: Array) -> None:
        encoder, source = self.network.encoder, self.source
        if not isinstance(encoder, TableEncoder) or not isinstance(source, TableSource):
            return
        for at, code in enumerate(encoder.categories):
            unseen = rows[examples.inputs["categories"][:, at] == 0]
            if len(unseen):
                count, words = self.unknown.get(code.name, (0, []))
                if len(words) < SHOWN:
                    found = cells.words(source.frame[code.name].gather(unseen)).fill_null("")
                    words = list(dict.fromkeys([*words, *found.unique(maintain_order=True).head(SHOWN)]))
                self.unknown[code.name] = (count + len(unseen), words[:SHOWN])

    def _with_blanks(self, frame: pl.DataFrame, places: Array) -> pl.DataFrame:
        """The table with an empty row for every row of the data that held nothing.

        Args:
            frame: M rows.
            places: (M,) where each belongs among the rows that follow the block before, from 0.
        """
        count = int(places[-1]) + 1
        if count == frame.height:
            return frame
        at = np.full(count, -1)
        at[places] = np.arange(frame.height)
        if not self.blank:
            self.first_blank = self.written + int(np.argmin(at)) + 1
        self.blank += count - frame.height
        wanted = pl.Series(at)
        return frame.select(pl.all().gather(wanted.set(wanted < 0, None)))


def _free(name: str, taken: Sequence[str]) -> str:
    """``name``, or one like it that no target has."""
    while name in taken:
        name += "_"
    return name


def _seen_from(file: Path, place: Path) -> str:
    try:
        return str(file.relative_to(place))
    except ValueError:
        pass
    try:
        return str(file.relative_to(place.resolve()))
    except ValueError:
        return str(file)
