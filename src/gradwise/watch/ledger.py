"""The every-step numbers and their way into the run file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gradwise.errors import TraceError
from gradwise.trace.model import Fact, RunInfo, Segment
from gradwise.trace.store import TraceWriter
from gradwise.watch.guard import Guard
from gradwise.watch.pack import Key
from gradwise.watch.pulse import NAN

BLOCK = 2048  # steps whose numbers are buffered before they go to the writer
FLUSH_SECONDS = 1.0  # shortest time between two transactions
FLUSH_SHARE = 0.001  # of wall time that transactions may take
COLUMNS = ("loss", "rate", "step_seconds", "data_seconds")


class Ledger:
    """Buffers what every step tells, and hands everything to the writer.

    A disk that fails ends the recording, never the run: ``lost`` then says why.

    Args:
        writer: where the trace goes.
        run: what is known of the run at its start.
    """

    def __init__(self, writer: TraceWriter, run: RunInfo) -> None:
        self.writer: TraceWriter | None = writer
        self.info = run
        self.guard = Guard(self.fact)
        self.rows: list[tuple[float, float, float, float]] = []  # one per step, see COLUMNS
        self.pending: list[Any] = []  # losses of the backwards since the last step
        self.train_seconds = 0.0
        self.has_loss = False
        self.lost = ""
        self.started = perf_counter()
        self._carried = NAN  # loss of the last step written
        self._counted = 0  # rows whose time is in train_seconds
        self._device_losses: list[tuple[int, Tensor]] = []
        self._block_start = 0
        self._last_flush = perf_counter()
        self._flush_gap = FLUSH_SECONDS
        self._layouts: dict[tuple[Key, ...], int] = {}
        self._told: set[Any] = set()

    @property
    def previous_loss(self) -> float:
        """Loss of the last finished step."""
        return self.rows[-1][0] if self.rows else self._carried

    def take_loss(self) -> float:
        """The loss of the step that ends: the mean over its backwards.

        One on another device is read when the block is written; a step without
        a backward (gradients that came another way) repeats the one before.
        """
        pending = self.pending.copy()
        self.pending.clear()
        if not pending:
            return self.previous_loss
        self.has_loss = True
        numbers = [p for p in pending if type(p) is float]
        if len(numbers) == len(pending):
            return float(sum(numbers) / len(numbers))
        tensors = [p.float().reshape(()) for p in pending if isinstance(p, Tensor)]
        mean = tensors[0] if len(tensors) == 1 else torch.stack(tensors).mean()
        self._device_losses.append((len(self.rows), mean))
        return NAN

    def count_time(self) -> None:
        """Add the time of the steps since the last call to ``train_seconds``."""
        for row in self.rows[self._counted :]:
            if row[2] == row[2]:
                self.train_seconds += row[2]
        self._counted = len(self.rows)

    def sample(self, step: int, values: dict[Key, float]) -> None:
        """One sampled step."""
        if self.writer is None or not values:
            return
        columns = tuple(values)
        layout = self._layouts.get(columns)
        if layout is None:
            layout = self._layouts[columns] = self.writer.layout(columns)
        self.writer.sample(step, layout, np.fromiter(values.values(), np.float32, len(values)))

    def evaluation(self, step: int, signal: str, place: str, value: float) -> None:
        """One mean over an evaluation phase."""
        if self.writer is not None:
            self.writer.evaluation(step, signal, place, value)

    def segment(self, index: int, segment: Segment) -> None:
        """What is trained from ``segment.first_step`` on."""
        if self.writer is not None:
            self.writer.segment(index, segment)

    def fact(self, fact: Fact) -> None:
        """One fact."""
        if self.writer is not None:
            self.writer.fact(fact)

    def fact_once(self, step: int, kind: str, data: dict[str, Any]) -> None:
        """A fact that is not repeated while its data stay the same."""
        key = (kind, tuple(sorted(data.items())))
        if key not in self._told:
            self._told.add(key)
            self.fact(Fact(step, kind, "", data))

    def flush_if_due(self, step: int) -> None:
        """Write a transaction when the last one is long enough ago."""
        if perf_counter() - self._last_flush >= self._flush_gap:
            self.flush(step)

    def flush(self, step: int, prepare: Callable[[], None] | None = None) -> None:
        """Write what is buffered in one transaction."""
        begin = perf_counter()
        try:
            if prepare is not None:
                prepare()
            self.write_block()
            if self.writer is not None:
                self.writer.run(self._run_info(step, "running", ""))
                self.writer.flush()
        except TraceError as error:
            self._lose(error)
        except Exception as error:  # noqa: BLE001
            self.guard.contain("trace", error, step)
        end = perf_counter()
        self._last_flush = end
        self._flush_gap = max(FLUSH_SECONDS, (end - begin) / FLUSH_SHARE)

    def write_block(self) -> None:
        """Hand the buffered every-step numbers to the writer."""
        if not self.rows:
            return
        self.count_time()
        block = np.asarray(self.rows, np.float64)  # (steps, 4)
        if self._device_losses:
            indices: Sequence[int] = [index for index, _ in self._device_losses]
            block[indices, 0] = torch.stack([t for _, t in self._device_losses]).cpu().numpy()
            self._device_losses = []
        if self.writer is not None:
            for column, name in enumerate(COLUMNS):
                if name != "loss" or self.has_loss:
                    self.writer.steps(name, self._block_start, np.ascontiguousarray(block[:, column]))
        self._block_start += len(block)
        self._carried = float(block[-1, 0])
        self.rows.clear()
        self._counted = 0

    def close(self, step: int, status: str, error: str) -> None:
        """Write everything and how the run ended."""
        self.flush(step)
        if self.writer is None:
            return
        try:
            self.writer.run(self._run_info(step, status, error))
            self.writer.close()
        except TraceError as problem:
            self._lose(problem)

    def _lose(self, error: TraceError) -> None:
        self.lost = str(error)
        self.writer = None

    def _run_info(self, step: int, status: str, error: str) -> RunInfo:
        seconds = perf_counter() - self.started
        return replace(self.info, steps=step, seconds=seconds, status=status, error=error)
