"""Run Python commands, forked from a process that has imported torch already, or as new processes.

A check of the corpus takes a second or two, and importing torch, scikit-learn
and gradwise before it takes longer.  So each job has a `nursery` that imports
them once and forks a child for each command.  Where that cannot be (it needs
Linux, and no driver of an accelerator), and where it is asked for, each command
is a new process, as users start it.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from gradwise.heal.launching import FRAGILE

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src"
NURSERY = Path(__file__).with_name("nursery.py")
# A process that has imported torch can be forked, and waited for with a limit.
CAN_FORK = hasattr(os, "fork") and hasattr(os, "pidfd_open") and not FRAGILE
FORKED, FRESH = "forked", "fresh"
TOLD = {
    FORKED: "Each was forked from a process that had imported torch, scikit-learn and gradwise.",
    FRESH: "Each was started in a new Python, as a user starts it.",
}
MIXED = (
    "Some were started in a new Python, as a user starts it, the others forked from a process that had "
    "imported torch, scikit-learn and gradwise."
)


def way(*, fresh: bool) -> str:
    """How commands are started when they are asked for so: ``forked`` or ``fresh``."""
    return FRESH if fresh or not CAN_FORK else FORKED


def told(ways: Collection[str]) -> str:
    """How the commands of a benchmark were started, in one sentence.

    >>> told({"fresh"})
    'Each was started in a new Python, as a user starts it.'
    """
    return TOLD[next(iter(ways))] if len(set(ways)) == 1 else MIXED if ways else ""


def environment(seed: int) -> dict[str, str]:
    """That of scripts: the seed, one thread, gradwise as it stands in this repository."""
    paths = [str(SOURCES), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"SEED": str(seed), "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}


def run(
    words: Sequence[str], *, cwd: str | Path, env: Mapping[str, str], seconds: float, fresh: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run ``python WORDS`` to its end, as `subprocess.run` does.

    Args:
        words: a script, or ``-m`` and a module, and its arguments.
        cwd: working directory.
        env: the whole environment.
        seconds: after these it is killed, with all that it started.
        fresh: as a new process.

    Returns:
        Exit code and output.  A command whose nursery was ended counts as killed.

    Raises:
        subprocess.TimeoutExpired: it did not end in time.
    """
    if way(fresh=fresh) == FRESH:
        return subprocess.run(
            [sys.executable, *words], cwd=cwd, env=env, timeout=seconds, stdin=subprocess.DEVNULL,
            capture_output=True, encoding="utf-8", errors="replace", check=False,
        )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        request = {"words": [*words], "cwd": str(cwd), "env": dict(env), "seconds": seconds}
        code = _asked(request | {"out": str(out), "err": str(err)}, env)
        if code is None:
            raise subprocess.TimeoutExpired([*words], seconds)
        printed = [path.read_text("utf-8", "replace") if path.exists() else "" for path in (out, err)]
    return subprocess.CompletedProcess([*words], code, *printed)


class Nursery:
    """A process that forks, and the way to ask it.

    Args:
        env: its environment, where it matters before a child begins: threads and paths.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self.stands_for = _stands_for(env)
        command = [sys.executable, str(NURSERY)]
        self._process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def ask(self, request: Mapping[str, object]) -> int | None:
        """Have a command run; its exit code, None when it did not end in time."""
        assert self._process.stdin and self._process.stdout
        answer = b""
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        if answer.endswith(b"\n"):
            code: int | None = json.loads(answer)
            return code
        return min(self._process.wait(), 0) or -signal.SIGKILL

    def close(self) -> None:
        """End it, and the command that it runs."""
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):
                if pipe:
                    pipe.close()
        self._process.wait()


_idle: list[Nursery] = []
_lock = threading.Lock()


def _asked(request: Mapping[str, object], env: Mapping[str, str]) -> int | None:
    nursery = _taken(env)
    try:
        code = nursery.ask(request)
    except BaseException:
        nursery.close()
        raise
    with _lock:
        _idle.append(nursery)
    return code


def _taken(env: Mapping[str, str]) -> Nursery:
    """An idle nursery, or a new one; those that have imported what has changed since are ended."""
    wanted = _stands_for(env)
    with _lock:
        usable = next((n for n in _idle if n.alive and n.stands_for == wanted), None)
        if usable:
            _idle.remove(usable)
            return usable
    close()
    return Nursery(env)


def _stands_for(env: Mapping[str, str]) -> tuple[object, ...]:
    """What a nursery has taken in for good: threads, paths, and the sources of gradwise as they are."""
    kept = {key: value for key, value in env.items() if key not in ("SEED", "PYTEST_CURRENT_TEST")}
    times = [path.stat().st_mtime_ns for path in (SOURCES / "gradwise").rglob("*.py")]
    return (tuple(sorted(kept.items())), len(times), max(times))


@atexit.register
def close() -> None:
    """End the idle nurseries."""
    with _lock:
        ended = [_idle.pop() for _ in range(len(_idle))]
    for nursery in ended:
        nursery.close()
