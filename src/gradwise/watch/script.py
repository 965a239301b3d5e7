"""Running the user's script as ``__main__``, exactly as Python would, while watching it."""

from __future__ import annotations

import builtins
import importlib.machinery
import importlib.util
import io
import os
import sys
import traceback
import types
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

from gradwise.errors import UsageError
from gradwise.watch.frames import strip_own_frames


@dataclass(frozen=True, slots=True)
class Ending:
    """How a script ended.

    Args:
        status: ``finished``, ``failed``, ``interrupted`` or ``stopped``.
        error: one line about the failure; "" when there was none.
        exit_code: what Python itself would have exited with.
    """

    status: str
    error: str = ""
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class Program:
    """A script or module ready to run: its code and the name space facts Python would set."""

    code: CodeType
    file: str
    argv: tuple[str, ...]
    path0: str
    spec: importlib.machinery.ModuleSpec | None = None
    package: str | None = None


def load_script(path: str, args: Sequence[str]) -> Program:
    """Read and compile a script file.

    Raises:
        UsageError: the file is missing, is a directory or cannot be read.
        SyntaxError: it is not valid Python (as Python itself raises it).
    """
    file = Path(path)
    if file.is_dir():
        raise UsageError(f"{path} is a directory; give the training script itself, e.g. {path}/train.py.")
    if not file.exists():
        raise UsageError(f"there is no script {path}; check the name and the current directory.")
    whole = os.path.join(os.getcwd(), path)  # how Python makes __file__ absolute
    try:
        with io.open_code(whole) as handle:
            source = handle.read()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    if b"\0" in source:  # a binary file
        raise UsageError(f"{path} is not Python source text; give a .py file.")
    code = compile(source, whole, "exec", dont_inherit=True)
    folder = os.path.dirname(os.path.realpath(path))
    return Program(code, whole, (path, *args), folder)


def load_module(name: str, args: Sequence[str]) -> Program:
    """Find and compile what ``python -m NAME`` would run.

    Raises:
        UsageError: there is no such module, or a package without ``__main__``.
    """
    sys.path.insert(0, os.getcwd())
    try:
        try:
            spec = importlib.util.find_spec(name)
            if spec is not None and spec.submodule_search_locations is not None:
                spec = importlib.util.find_spec(f"{name}.__main__")
        except (ImportError, ValueError):
            spec = None
    finally:
        sys.path.pop(0)
    loader = spec.loader if spec else None
    get_code = getattr(loader, "get_code", None)
    if spec is None or get_code is None:
        raise UsageError(f"there is no module {name} to run; check the name as for `python -m {name}`.")
    code = get_code(spec.name)
    if code is None:
        raise UsageError(f"module {name} holds no Python code; give a module written in Python.")
    file = spec.origin or name
    return Program(code, file, (file, *args), os.getcwd(), spec, spec.parent or "")


def run_program(
    program: Program,
    watching: Callable[[], AbstractContextManager[Any]],
    stop: type[BaseException],
) -> Ending:
    """Run a program as ``__main__`` and say how it ended.

    Args:
        program: what to run.
        watching: makes the context that is open exactly while the program runs.
        stop: raised inside the program when a limit of ours is reached.
    """
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=program.file, __builtins__=builtins, __spec__=program.spec, __cached__=None)
    if program.spec is not None:
        main.__package__ = program.package
        main.__loader__ = program.spec.loader
    else:
        main.__package__ = None
        main.__loader__ = importlib.machinery.SourceFileLoader("__main__", program.file)
    saved_main, saved_argv, saved_path = sys.modules["__main__"], sys.argv, list(sys.path)
    sys.modules["__main__"] = main
    sys.argv = list(program.argv)
    sys.path[0:1] = [program.path0]
    try:
        with watching():
            return _run(program.code, main.__dict__, stop)
    finally:
        sys.modules["__main__"] = saved_main
        sys.argv, sys.path[:] = saved_argv, saved_path


def _run(code: CodeType, names: dict[str, Any], stop: type[BaseException]) -> Ending:
    try:
        exec(code, names)
    except stop:
        return Ending("stopped")
    except SystemExit as leaving:
        return _left(leaving)
    except KeyboardInterrupt:
        return Ending("interrupted", "interrupted by Ctrl-C", 130)
    except BaseException as error:  # noqa: BLE001  shown as Python would show it
        shown = strip_own_frames(error.__traceback__)
        flush_streams()
        sys.excepthook(type(error), error.with_traceback(shown), shown)
        line = traceback.format_exception_only(error)[-1].strip()
        return Ending("failed", line, 1)
    finally:
        flush_streams()
    return Ending("finished")


def _left(leaving: SystemExit) -> Ending:
    """``sys.exit(...)`` in the script, with Python's own meaning of its argument."""
    code = leaving.code
    if code is None or code == 0:
        return Ending("finished")
    if isinstance(code, int):
        return Ending("failed", f"the script left with sys.exit({code})", code)
    sys.stderr.write(f"{code}\n")
    return Ending("failed", str(code), 1)


def flush_streams() -> None:
    """Push out what the script printed, before ours."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
