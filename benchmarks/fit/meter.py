"""The clock that every peer's loop ticks: samples per second, time to the target, memory."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

WARM_STEPS = 5  # steps before the window opens: allocator, threads and kernels of torch are warm by then
CLOCKS = {
    "wall": perf_counter,
    "cpu": process_time,
}  # cpu: of all threads; steadier on a machine shared with others
WARM_SHARE = 0.2  # of the window's length, likewise


class Done(Exception):
    """Raised into a peer's loop when everything has been measured."""


@dataclass(frozen=True)
class Result:
    """One peer on one workload.

    Args:
        samples_per_second: trained rows per second once warm, accuracy measurements not counted.
        seconds_to_target: training time from the first line of the peer to the target; None: not reached.
        samples_to_target: rows trained by then.
        accuracy: last measured.
        steps: in the window.
        peak_memory_bytes: highest resident memory while training, data included.
        start_memory_bytes: resident memory just before it.
        peak_device_bytes: highest memory on an accelerator; 0 without one.
        trained_seconds: all training time.
        sought: whether a target was waited for.
        doctor_ratio: samples/s with over without the doctor, where both were run by turns.
    """

    samples_per_second: float
    seconds_to_target: float | None
    samples_to_target: int | None
    accuracy: float
    steps: int
    peak_memory_bytes: int
    start_memory_bytes: int
    peak_device_bytes: int
    trained_seconds: float
    sought: bool
    doctor_ratio: float | None = None


class Meter:
    """Counts rows; a peer calls `start` first and `tick` after each step.

    Args:
        seconds: length of the steady-state window.
        limit: training seconds after which a target that was not reached is given up.
        target: accuracy to reach; None: only the window counts.
        check_rows: training rows between two measurements of accuracy.
        wait: waits until an accelerator is idle; called where time is read at a mark, not at each step.
        clock: of `CLOCKS`.
    """

    def __init__(
        self,
        seconds: float,
        limit: float,
        target: float | None,
        check_rows: int,
        wait: Callable[[], None],
        clock: str = "wall",
    ) -> None:
        self.seconds, self.limit, self.target = seconds, limit, target
        self.check_rows, self.wait, self.clock = check_rows, wait, CLOCKS[clock]
        self.ended = 0.0
        self.doctor_ratio: float | None = None
        self.rows = self.steps = 0
        self.paused = 0.0
        self.accuracy = 0.0
        self.reached: tuple[float, int] | None = None
        self._next_check = check_rows
        self._window: tuple[float, int, int] | None = None  # trained seconds, rows, steps where it opened
        self._closed: tuple[float, int, int] | None = None
        self.score: Callable[[], float] = float
        self.start_memory = 0

    def start(self, score: Callable[[], float]) -> None:
        """The clock runs from here; ``score`` measures the accuracy of the net as it is."""
        self.score = score
        _forget_peak()
        self.start_memory = _status("VmRSS")
        self.begin = self.clock()

    def only_time(self) -> None:
        """No accuracy until the end: it would leave the caches cold for what comes after it."""
        self.target, self._next_check = None, sys.maxsize

    def trained(self) -> float:
        """Seconds spent in the peer's own code so far."""
        return self.clock() - self.begin - self.paused

    def tick(self, rows: int) -> None:
        """``rows`` more were trained on.

        Raises:
            Done: window and target are through, or the limit is.
        """
        self.rows += rows
        self.steps += 1
        trained = self.clock() - self.begin - self.paused
        if self._window is None:
            if self.steps >= WARM_STEPS and trained >= WARM_SHARE * self.seconds:
                self.wait()
                self._window = (self.trained(), self.rows, self.steps)
        elif self._closed is None and trained - self._window[0] >= self.seconds:
            self.wait()
            self._closed = (self.trained(), self.rows, self.steps)
        if self.rows >= self._next_check:
            self._next_check += self.check_rows
            self._measure()
        searching = self.target is not None and self.reached is None and trained < self.limit
        if self._closed is not None and not searching:
            self.ended = self.trained()
            raise Done

    def _measure(self) -> None:
        self.wait()
        begin = self.clock()
        trained = begin - self.begin - self.paused
        self.accuracy = self.score()
        if self.target is not None and self.reached is None and self.accuracy >= self.target:
            self.reached = (trained, self.rows)
        self.paused += self.clock() - begin

    def result(self, device_bytes: int = 0) -> Result:
        """What was measured, after `Done`."""
        peak = _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_UNIT
        peak = max(peak, self.start_memory)  # Linux gathers pages by CPU: the peak may lag by a few of them
        self._measure()
        first = self._window or (0.0, 0, 0)
        last = self._closed or (self.ended, self.rows, self.steps)
        reached = self.reached or (None, None)
        speed = (last[1] - first[1]) / max(last[0] - first[0], 1e-9)
        return Result(
            speed,
            *reached,
            self.accuracy,
            last[2] - first[2],
            peak,
            self.start_memory,
            device_bytes,
            self.ended,
            self.target is not None,
            self.doctor_ratio,
        )


_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes; getrusage(2) of each system


def _forget_peak() -> None:
    """Let VmHWM begin anew, so that reading the data does not count (proc(5), clear_refs)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _status(name: str) -> int:
    """Bytes of a line in /proc/self/status; 0 where there is none."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
