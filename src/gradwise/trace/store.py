"""Writing a run file: one directory, one SQLite file, readable while it grows.

Everything given to a `TraceWriter` stays in memory until `flush`, which is one
transaction.  A process killed between two flushes loses what came after the
last one and nothing else.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gradwise.errors import TraceError
from gradwise.trace.buffers import Buffer, Segments, StepSignals
from gradwise.trace.events import Evaluations, Facts
from gradwise.trace.model import Fact, RunInfo, Segment
from gradwise.trace.process import this_process
from gradwise.trace.rows import SampleRows
from gradwise.trace.schema import APPLICATION_ID, FILE_NAME, SCHEMA_VERSION, TABLES, run_to_json

FLUSH_WAIT = 0.02  # s that a flush waits for another process that locked the file
CLOSE_WAIT = 5.0  # s that the last flush waits
WAL_BYTES = 8_000_000  # the write-ahead log is cut back to this after a checkpoint
WAL_PAGES = 8000  # of 4 kB, between checkpoints: each waits for the disk


class TraceWriter:
    """Records one run into ``directory/trace.sqlite``.

    May be called from several threads.  In a forked child every call does
    nothing: the file belongs to the process that opened it.

    Args:
        directory: the run directory; created, with its parents, if it is missing.
        run: what runs; its ``status`` is usually ``running``.

    Raises:
        TraceError: the directory holds a run already, is a file, or cannot be written.
    """

    def __init__(self, directory: Path, run: RunInfo) -> None:
        self.path = Path(directory) / FILE_NAME
        self._lock = threading.RLock()
        self._process = os.getpid()
        self._run: RunInfo | None = None  # not yet in the file
        self._segments = Segments()
        self._samples = SampleRows()
        self._steps = StepSignals()
        self._evaluations = Evaluations()
        self._facts = Facts()
        self._buffers: tuple[Buffer, ...] = (
            self._segments,
            self._samples,
            self._steps,
            self._evaluations,
            self._facts,
        )
        _claim(self.path)
        self._database: sqlite3.Connection | None = None
        try:
            self._database = _create(self.path, run)
        except sqlite3.Error as error:
            for suffix in ("", "-journal", "-wal", "-shm"):
                Path(f"{self.path}{suffix}").unlink(missing_ok=True)
            raise TraceError(_unwritable(self.path.parent, str(error))) from error

    @property
    def recording(self) -> bool:
        """False once the run is closed, could not be written, or in a forked child."""
        return self._database is not None and os.getpid() == self._process

    def run(self, run: RunInfo) -> None:
        """Replace the run info (status, steps, seconds, error)."""
        self._run = run

    def segment(self, index: int, segment: Segment) -> None:
        """Insert or replace the segment at ``index`` (0 is the first)."""
        with self._lock:
            self._segments.put(index, segment)

    def layout(self, columns: Sequence[tuple[str, str]]) -> int:
        """Declare what a packed vector holds.

        Args:
            columns: (signal, place) of each number, each pair once.

        Returns:
            An id for `sample`; the same columns give the same id.

        Raises:
            ValueError: a pair stands in it twice.
        """
        with self._lock:
            return self._samples.layout(columns)

    def sample(self, step: int, layout: int, values: NDArray[np.float32]) -> None:
        """Record one sampled step.

        Args:
            step: the training step, 0 for the first.
            layout: an id from `layout`.
            values: shape (C,), one number per column of the layout, NaN = not measured; copied.

        Raises:
            ValueError: unknown layout, or another shape than its columns.
        """
        if self.recording:
            with self._lock:
                self._samples.add(step, layout, values)

    def steps(self, signal: str, first_step: int, values: NDArray[np.float64]) -> None:
        """Record every-step values of consecutive steps.

        Args:
            signal: an every-step signal, e.g. ``loss``.
            first_step: step of the first value; not before the end of the last block.
            values: shape (N,); copied.

        Raises:
            ValueError: steps already given, or another shape.
        """
        if self.recording:
            with self._lock:
                self._steps.add(signal, first_step, values)

    def evaluation(self, step: int, signal: str, place: str, value: float) -> None:
        """Record one value of an evaluation phase that ran after ``step`` training steps."""
        if self.recording:
            with self._lock:
                self._evaluations.add(step, signal, place, value)

    def fact(self, fact: Fact) -> None:
        """Record a fact; its data must be what JSON can hold, other objects become text."""
        if self.recording:
            with self._lock:
                self._facts.add(fact)

    def flush(self) -> None:
        """Write everything given so far, in one transaction.

        Another process that has locked the file makes it wait at most 20 ms;
        what could not be written then goes with the next flush.

        Raises:
            TraceError: the disk is full or fails.  It is raised once; afterwards
                every call does nothing, and what was written stays readable.
        """
        with self._lock:
            if not self.recording or self._database is None:
                return
            if self._run is None and not any(buffer.changed for buffer in self._buffers):
                return
            run = self._run
            try:
                self._write(self._database, run)
            except sqlite3.Error as error:
                if _is_locked(error):
                    return
                self._abandon()
                raise TraceError(
                    f"the run can no longer be recorded in {self.path.parent} ({error}); what was written "
                    "until now stays readable; free some space, or choose another place with --out."
                ) from error
            for buffer in self._buffers:
                buffer.written()
            if self._run is run:
                self._run = None

    def close(self) -> None:
        """Flush, fold the write-ahead log into the file, and close it; a second call does nothing.

        Raises:
            TraceError: as `flush`.
        """
        with self._lock:
            if not self.recording or self._database is None:
                return
            self._database.execute(f"PRAGMA busy_timeout = {int(CLOSE_WAIT * 1000)}")
            try:
                self.flush()
                # One plain file that opens anywhere; a reader that holds it open makes it stay in WAL mode.
                with suppress(sqlite3.Error):
                    if self._database is not None:
                        self._database.execute("PRAGMA busy_timeout = 0")
                        self._database.execute("PRAGMA journal_mode = DELETE").fetchall()
            finally:
                self._abandon()

    def _write(self, database: sqlite3.Connection, run: RunInfo | None) -> None:
        try:
            database.execute("BEGIN IMMEDIATE")
            if run is not None:
                database.execute("INSERT OR REPLACE INTO run VALUES ('info', ?)", (run_to_json(run),))
            for buffer in self._buffers:
                if buffer.changed:
                    buffer.write(database)
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                with suppress(sqlite3.Error):
                    database.execute("ROLLBACK")
            raise

    def _abandon(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            with suppress(sqlite3.Error):
                database.close()


def _claim(path: Path) -> None:
    """Create the empty run file; only one process can."""
    directory = path.parent
    try:
        directory.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
    except (FileExistsError, NotADirectoryError) as error:
        if directory.is_dir():
            raise TraceError(
                f"run directory {directory} already holds a run; choose another with --out or remove it."
            ) from error
        raise TraceError(
            f"run directory {directory} cannot be made: a file is in its place; choose another with --out."
        ) from error
    except OSError as error:
        raise TraceError(_unwritable(directory, error.strerror or str(error))) from error


def _create(path: Path, run: RunInfo) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=FLUSH_WAIT, isolation_level=None, check_same_thread=False)
    try:
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        entries = {**this_process(), "info": run_to_json(run)}.items()
        process = "".join(f"INSERT INTO run VALUES ('{key}', {_quoted(value)});" for key, value in entries)
        database.executescript(f"BEGIN;{TABLES}{process}PRAGMA user_version = {SCHEMA_VERSION};COMMIT;")
        # After the tables, so that the file alone, without its log, is an (empty) run too.
        database.execute("PRAGMA journal_mode = WAL").fetchall()
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
        database.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
    except BaseException:
        database.close()
        raise
    return database


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _unwritable(directory: Path, reason: str) -> str:
    return f"run directory {directory} cannot be written ({reason}); choose another with --out."


def _is_locked(error: sqlite3.Error) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
