"""Ctrl-C during a search: at once where nothing is lost, later where a study is being written."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Raises KeyboardInterrupt for Ctrl-C and a polite kill, within `allowed` at once, elsewhere at `check`.

    The second one strikes at once wherever it comes.

    A context manager; in a thread that is not the main one signals are left alone.
    """

    def __init__(self) -> None:
        self.came = False
        self._open = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupts:
        """Listen."""
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._hear) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Listen no more."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Within the block an interruption strikes at once."""
        before, self._open = self._open, True
        try:
            self.check()
            yield
        finally:
            self._open = before

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Within the block an interruption waits for its end."""
        before, self._open = self._open, False
        try:
            yield
        finally:
            self._open = before
        if before:
            self.check()

    def check(self) -> None:
        """Raise what has waited.

        Raises:
            KeyboardInterrupt: a signal came.
        """
        if self.came:
            raise KeyboardInterrupt

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        again, self.came = self.came, True
        if self._open or again:  # who asks twice means it
            raise KeyboardInterrupt
