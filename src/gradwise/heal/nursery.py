"""A process that has imported torch and forks a child for each run: ``python -m gradwise.heal.nursery``.

Scripts of a few seconds would else pay for the same imports with every run.  A
child begins where a new process would be after ``import torch``; it has a
session of its own, and whoever asked ends it by its number.  When the asker is
gone, for whatever reason, the running child and all that it started are killed.
With ``--fresh`` nothing is imported, and a child is a new process.

Requests and answers are lines: JSON with ``argv``, ``cwd``, ``stdin``, ``out``
and ``err``; first the number of the process, then its exit code.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import runpy
import select
import signal
import sys
from contextlib import suppress
from typing import Any, NoReturn

from gradwise.remedies.collection import all_remedies
from gradwise.rules.collection import all_rules

# What every run imports sooner or later: torch's optimizers load dynamo at their first step.
IMPORTED = ("torch", "torch._dynamo", "numpy", "gradwise.watch.recording", "gradwise.cli.check",
            "gradwise.cli.outcome", "gradwise.report.html", "gradwise.remedies.patient")  # fmt: skip
FRESH = "--fresh"
_SKLEARN = re.compile(r"^[ \t]*(?:from|import)[ \t]+(sklearn(?:\.\w+)*)", re.MULTILINE)


def imported_by(source: str) -> tuple[str, ...]:
    r"""Modules of scikit-learn that a script imports, which take as long as torch.

    >>> imported_by("import torch\nfrom sklearn.datasets import load_digits")
    ('sklearn.datasets',)
    """
    return tuple(dict.fromkeys(_SKLEARN.findall(source)))


def main(argv: list[str]) -> None:
    """Import, then fork a child for each line of standard input until it ends.

    Args:
        argv: more modules to import; ``--fresh`` for none at all.
    """
    fresh = FRESH in argv
    if not fresh:
        _import(argv)
    requests, answers = os.dup(0), os.dup(1)
    ended, waking = os.pipe()
    os.set_blocking(waking, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waking)
    _answer(answers, "ready")
    while line := _line(requests):
        child = os.fork()
        if child == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for each in (requests, answers, ended, waking):
                os.close(each)
            _run(json.loads(line), fresh=fresh)
        _answer(answers, str(child))
        _answer(answers, str(_awaited(child, requests, ended)))


def _import(names: list[str]) -> None:
    for name in (*IMPORTED, *names):
        with suppress(Exception):  # the run itself will say what is wrong
            importlib.import_module(name)
    with suppress(Exception):
        all_rules(), all_remedies()


def _line(requests: int) -> bytes:
    """The next request; empty when the asker is gone."""
    line = b""
    while not line.endswith(b"\n"):
        more = os.read(requests, 1 << 16)
        if not more:
            return b""
        line += more
    return line


def _answer(answers: int, text: str) -> None:
    with suppress(BrokenPipeError):
        os.write(answers, f"{text}\n".encode())


def _awaited(child: int, requests: int, ended: int) -> int:
    """The exit code of a child; it is killed when the asker leaves."""
    while True:
        ready, _, _ = select.select([requests, ended], [], [])
        if ended in ready:
            os.read(ended, 1 << 10)
        elif requests in ready:  # nothing is asked while a child runs, so this is the end
            with suppress(OSError):
                os.killpg(child, signal.SIGKILL)
            sys.exit(0)
        number, status = os.waitpid(child, os.WNOHANG)
        if number:
            return os.waitstatus_to_exitcode(status)


def _run(request: dict[str, Any], *, fresh: bool) -> NoReturn:
    """Become what ``gradwise ARGV`` is, to the end of the process."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits none
    for number, (name, flags) in enumerate(
        ((request["stdin"], os.O_RDONLY), (request["out"], os.O_WRONLY), (request["err"], os.O_WRONLY))
    ):
        file = os.open(name, flags | (os.O_CREAT | os.O_TRUNC if number else 0), 0o666)
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["cwd"])
    os.environ["PWD"] = request["cwd"]
    if fresh:
        os.execv(sys.executable, [sys.executable, "-m", "gradwise", *request["argv"]])
    sys.argv = ["gradwise", *request["argv"]]
    runpy.run_module("gradwise", run_name="__main__", alter_sys=True)
    sys.exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
