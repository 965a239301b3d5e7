"""Starting and ending the processes of runs, so that none outlives the heal."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from gradwise.errors import GradwiseError
from gradwise.heal.nursery import FRESH

GRACE = 5.0  # seconds for a child to write its trace after Ctrl-C, before it is killed
START = 300.0  # seconds for the first imports, on a slow disk
CAN_FORK = hasattr(os, "fork")
# What imports may wake and what does not survive a fork: libraries of macOS, drivers of accelerators.
DRIVERS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
FRAGILE = sys.platform == "darwin" or any(Path(driver).exists() for driver in DRIVERS)


@dataclass(slots=True)
class Place:
    """Where a run is made, and where its streams go.

    Args:
        work: working directory.
        stdin: what it may read.
        out: file for what it prints.
        err: the same for standard error.
    """

    work: Path
    stdin: Path
    out: Path
    err: Path


@dataclass(slots=True)
class Nursery:
    """Forks runs from a process that has imported torch; see `gradwise.heal.nursery`.

    Args:
        modules: more to import beforehand.
        fresh: whether runs are new processes all the same.
        seconds: that the imports took; 0 before the first run.
    """

    modules: tuple[str, ...] = ()
    fresh: bool = FRAGILE
    seconds: float = 0.0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _begun: bytes = field(default=b"", repr=False)

    def run(self, arguments: list[str], place: Place, limit: float) -> int | None:
        """``gradwise ARGUMENTS`` to its end; its exit code, None where it reached the limit."""
        process = self._ready()
        request = {"argv": arguments, "cwd": str(place.work), "stdin": str(place.stdin),
                   "out": str(place.out), "err": str(place.err)}  # fmt: skip
        child = 0
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            child = int(self._line(START) or 0)
            code = self._line(limit)
        except BaseException:  # also after Ctrl-C
            if child:
                self._ended(child)
            else:
                self.close()
            raise
        if code is None:
            self._ended(child)
            return None
        with suppress(OSError):  # where a script left processes behind
            os.killpg(child, signal.SIGKILL)
        return int(code)

    def close(self) -> None:
        """End it, and the run that it is making."""
        process, self._process, self._begun = self._process, None, b""
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
        if process.poll() is None:
            process.kill()
            process.wait()

    def _ready(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self.close()
        started = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gradwise.heal.nursery", *([FRESH] if self.fresh else self.modules)],
            env=environment(Path.cwd()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if self._line(START) != "ready":
            self.close()
            raise GradwiseError("re-runs cannot be started: importing torch did not end well.")
        self.seconds = time.monotonic() - started
        return self._process

    def _line(self, limit: float) -> str | None:
        """The next answer; None where it did not come in time.

        Raises:
            GradwiseError: the process is gone.
        """
        assert self._process is not None
        assert self._process.stdout is not None
        until, pipe = time.monotonic() + limit, self._process.stdout.fileno()
        while b"\n" not in self._begun:
            ready, _, _ = select.select([pipe], [], [], max(until - time.monotonic(), 0.0))
            if not ready:
                return None
            more = os.read(pipe, 1 << 12)
            if not more:
                raise GradwiseError(
                    "the process that makes re-runs was ended from outside; go on with --resume."
                )
            self._begun += more
        line, _, self._begun = self._begun.partition(b"\n")
        return line.decode()

    def _ended(self, child: int) -> None:
        """End a child and all of its group: first politely, so that the trace is whole."""
        code = None
        with suppress(OSError):
            os.kill(child, signal.SIGINT)
        with suppress(KeyboardInterrupt, GradwiseError):
            code = self._line(GRACE)
        with suppress(OSError):
            os.killpg(child, signal.SIGKILL)
        if code is None:
            try:
                self._line(GRACE)
            except (KeyboardInterrupt, GradwiseError):
                self.close()


def started(arguments: list[str], place: Place, limit: float) -> int | None:
    """The same from a new process, where there is no fork."""
    with place.stdin.open("rb") as stdin, place.out.open("wb") as out, place.err.open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "gradwise", *arguments],
            cwd=place.work,
            env=environment(place.work),
            stdin=stdin,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            return None
        finally:  # also where a script left processes behind, and after Ctrl-C
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            process.wait(GRACE)
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
    if process.poll() is None:
        process.kill()
    process.wait()


def environment(work: Path) -> dict[str, str]:
    """The same hashes in each run, since scripts go through sets of words."""
    return {"PYTHONHASHSEED": "0", **os.environ, "PWD": str(work)}
