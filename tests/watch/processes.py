"""Running scripts and the ``gradwise`` command in processes of their own."""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SECONDS = 60  # after which a run is killed
SERVER = Path(__file__).with_name("server.py")


@dataclass(frozen=True)
class Done:
    """A process that has ended."""

    code: int
    out: str
    err: str


def environment(**more: str) -> dict[str, str]:
    """One thread, no colour, and the package as it stands in this tree."""
    source = str(Path(__file__).parents[2] / "src")
    paths = [source, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "100",
        "NO_COLOR": "1",
        **more,
    }


def start(*argv: str, cwd: Path, **options) -> subprocess.Popen:
    """``python ARGV`` as a real process."""
    return subprocess.Popen(
        [sys.executable, *argv],
        cwd=cwd,
        env=environment(),
        stdin=options.pop("stdin", subprocess.DEVNULL),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def ended(process: subprocess.Popen, text: str | None = None) -> Done:
    """Wait for a process of `start`."""
    try:
        out, err = process.communicate(text, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Done(process.returncode, out, err)


@functools.cache
def shared() -> Server:
    """The one server of this test process; it ends with it."""
    made = Server(Path(tempfile.mkdtemp(prefix="gradwise-server-")))
    atexit.register(made.end)
    return made


class Server:
    """Forks ready-made processes; see server.py."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._begin()

    def _begin(self) -> None:
        self._mine, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, str(SERVER), str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=environment(),
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        self._lines = self._mine.makefile("r")

    def close(self) -> None:
        """End the server."""
        self._lines.close()
        self._mine.close()
        self._process.wait(SECONDS)

    def end(self) -> None:
        """Close, and remove what was left."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def check(self, *argv: object, cwd: Path, **options) -> Done:
        """``gradwise check ARGV``."""
        return self.run("check", *argv, cwd=cwd, **options)

    def run(self, *argv: object, cwd: Path, **options) -> Done:
        """``gradwise ARGV``."""
        return self._ask(True, argv, cwd, **options)

    def python(self, *argv: object, cwd: Path, **options) -> Done:
        """``python ARGV``, near enough for scripts that only leave files behind."""
        return self._ask(False, argv, cwd, **options)

    def _ask(
        self,
        command: bool,
        argv: tuple[object, ...],
        cwd: Path,
        *,
        stdin: Path | None = None,
        stdout: Path | None = None,
        stderr: Path | None = None,
        ordinary: bool = False,
        interrupt_when: str = "",
        meanwhile: Callable[[int, Path], None] | None = None,
        variables: dict[str, str] | None = None,
    ) -> Done:
        """Run and wait.

        Args:
            ordinary: without root's right to write and read everything.
            interrupt_when: send SIGINT once this text stands on standard output.
            meanwhile: called with the number of the process and the file of its standard error.
        """
        out, err = stdout or self.folder / "stdout", stderr or self.folder / "stderr"
        request = {
            "command": command,
            "argv": [str(a) for a in argv],
            "cwd": str(cwd),
            "stdin": str(stdin or os.devnull),
            "stdout": str(out),
            "stderr": str(err),
            "environment": variables or {},
            "ordinary": ordinary,
        }
        for file in (out, err):
            if not file.exists():
                file.touch()
        if meanwhile is not None:
            err.write_text("")  # what stands there from now on is of this run
        self._mine.sendall((json.dumps(request) + "\n").encode())
        child = int(self._lines.readline())
        self._mine.settimeout(SECONDS)
        if interrupt_when:
            wait_for(out, interrupt_when)
            os.kill(child, signal.SIGINT)
        if meanwhile is not None:
            meanwhile(child, err)
        try:
            code = int(self._lines.readline())
        except TimeoutError:
            os.kill(child, signal.SIGKILL)
            self.close()
            self._begin()  # the connection cannot be used after a timeout
            raise
        shown = out.read_text(errors="replace") if out.is_file() else ""
        return Done(code, shown, err.read_text() if err.is_file() else "")


def wait_for(file: Path, text: str) -> None:
    """Wait until a text stands in a file."""
    limit = time.monotonic() + SECONDS
    while text not in (file.read_text() if file.exists() else ""):
        if time.monotonic() > limit:
            raise TimeoutError(f"{text!r} never appeared")
        time.sleep(0.01)
