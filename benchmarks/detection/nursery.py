"""A process that has imported torch, scikit-learn and gradwise and forks a child for each command.

Run as a file by `forking`, one for each job.  A child begins where a new Python
is after its imports and ends as it does: same arguments, working directory,
environment, output and exit code.  Random states are drawn anew, since a child
would else go on with its parent's; the seed of ``hash`` stays the parent's.

Requests are lines of JSON with ``words`` (what follows ``python``), ``cwd``,
``env``, ``out``, ``err`` and ``seconds``; the answer is a line with the exit
code, or ``null`` where the limit was reached.  Nothing of a child's session is
left when it is given.  When the asker is gone, the running child is killed.

Nothing of this repository is imported by name here but gradwise.
"""

from __future__ import annotations

import atexit
import builtins
import gc
import importlib
import io
import json
import os
import random
import runpy
import select
import signal
import sys
import threading
import types
from collections.abc import Sequence
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from typing import IO, Any, NoReturn

# What most checks and scripts import sooner or later: torch's optimizers load dynamo at their first step.
IMPORTED = (
    "torch", "torch.utils.data", "torch.nn.functional", "torch._dynamo",
    "sklearn.datasets", "sklearn.model_selection", "sklearn.preprocessing", "sklearn.metrics",
    "gradwise.cli.app", "gradwise.cli.check", "gradwise.cli.outcome", "gradwise.cli.healing_live",
    "gradwise.watch.recording", "gradwise.heal.seeding", "gradwise.diagnosis", "gradwise.probes",
    "gradwise.settings.locating", "gradwise.report.html",
)  # fmt: skip


def main() -> NoReturn:
    """Import, then fork a child for each line of standard input until it ends."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    del sys.path[0]  # the folder of this file
    with suppress(KeyboardInterrupt, BrokenPipeError):
        _import()
        while line := requests.readline():
            child = os.fork()
            if child == 0:
                requests.close()
                os.close(answers)
                _become(json.loads(line))
            code = _awaited(child, json.loads(line)["seconds"], requests)
            os.write(answers, json.dumps(code).encode() + b"\n")
    os._exit(0)


def _import() -> None:
    """All that children need; what cannot be imported is for the child that asks for it to tell."""
    for name in IMPORTED:
        with suppress(Exception):
            importlib.import_module(name)
    with suppress(Exception):
        importlib.import_module("gradwise.rules.collection").all_rules()
    gc.collect()
    gc.freeze()  # what is there now is of no concern to a child's collector


def _awaited(child: int, seconds: float, requests: IO[bytes]) -> int | None:
    """The exit code of a child; None when it did not end in time."""
    ended, asker = os.pidfd_open(child), requests.fileno()
    try:
        ready, _, _ = select.select([ended, asker], [], [], seconds)
    except KeyboardInterrupt:
        ready = [asker]
    os.close(ended)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # also what it started and left behind
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if asker in ready:  # nothing is asked while a child runs: the asker is gone
        os._exit(0)
    return os.waitstatus_to_exitcode(status) if ready else None


# ------------------------------------------------------------------ in the child


def _become(request: dict[str, Any]) -> NoReturn:
    """Be the new Python that the request asks for, to the end of the process."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, name in ((1, request["out"]), (2, request["err"])):
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    _draw_anew()
    sys.orig_argv[1:] = request["words"]
    _leave(_code(request["words"]))


def _draw_anew() -> None:
    """Random states as of a new process; that of `random` is drawn by Python itself at a fork."""
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "torch" in sys.modules:
        sys.modules["torch"].default_generator.seed()


def _code(words: Sequence[str]) -> int:
    """Run a file or ``-m`` a module; the exit code that Python gives it."""
    try:
        if words[0] == "-m":
            sys.path.insert(0, os.getcwd())
            sys.argv = ["-m", *words[2:]]
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            _run_file(words)
    except SystemExit as leaving:
        if leaving.code is None or isinstance(leaving.code, int):
            return leaving.code or 0
        print(leaving.code, file=sys.stderr)
        return 1
    except BaseException as error:  # noqa: BLE001 shown as Python shows it
        shown = error.__traceback__
        while shown and shown.tb_frame.f_code.co_filename == __file__:
            shown = shown.tb_next
        sys.excepthook(type(error), error.with_traceback(shown), shown)
        return -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _run_file(words: Sequence[str]) -> None:
    file = words[0]
    sys.argv = list(words)
    sys.path.insert(0, os.path.dirname(os.path.realpath(file)))
    whole = os.path.join(os.getcwd(), file)
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=whole, __builtins__=builtins, __cached__=None)
    main.__loader__ = SourceFileLoader("__main__", whole)
    sys.modules["__main__"] = main
    with io.open_code(whole) as handle:
        code = compile(handle.read(), whole, "exec", dont_inherit=True)
    exec(code, main.__dict__)


def _leave(code: int) -> NoReturn:
    """What Python does at its end, as far as a command can tell; a negative code is a signal."""
    with suppress(BaseException):
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 waits for threads
    with suppress(BaseException):
        atexit._run_exitfuncs()  # noqa: SLF001
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    main()
