"""The runs of a directory: a new place for one, and a list of those recorded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

from gradwise.errors import TraceError
from gradwise.trace.read import read_info

DEFAULT_ROOT = Path(".gradwise/runs")  # under the current directory
NAME_LENGTH = 40  # characters of the script's name kept in a run's name


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One line of `gradwise runs`.

    Args:
        name: name of the run directory.
        path: the run directory.
        script: the script that ran.
        started: ISO 8601 time of its start; "" when unknown.
        steps: training steps recorded.
        status: as `RunInfo.status`; "" when the run cannot be read.
        seconds: how long it ran.
        size: bytes of the directory.
        alive: whether it still runs; None when it cannot be told from here.
        problem: why it cannot be read, one sentence; "" when it can.
    """

    name: str
    path: Path
    script: str = ""
    started: str = ""
    steps: int = 0
    status: str = ""
    seconds: float = 0.0
    size: int = 0
    alive: bool | None = None
    problem: str = ""


def list_runs(root: Path = DEFAULT_ROOT) -> list[RunSummary]:
    """The runs in the directories directly under ``root``, newest first.

    A run that cannot be read is listed with its ``problem``.  A ``root`` that
    does not exist has no runs.

    Raises:
        TraceError: ``root`` is a file or may not be read.
    """
    root = Path(root)
    try:
        directories = [entry for entry in root.iterdir() if entry.is_dir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise TraceError(f"runs under {root} cannot be listed ({error.strerror}).") from error
    runs = [(_age_key(summary), summary) for summary in map(summarise, directories)]
    return [summary for _, summary in sorted(runs, key=lambda item: item[0], reverse=True)]


def summarise(directory: Path) -> RunSummary:
    """The summary of one run directory; never raises for a broken one."""
    size = _size(directory)
    try:
        info, alive = read_info(directory)
    except TraceError as error:
        return RunSummary(directory.name, directory, size=size, problem=str(error))
    return RunSummary(
        name=directory.name,
        path=directory,
        script=info.script,
        started=info.started,
        steps=info.steps,
        status=info.status,
        seconds=info.seconds,
        size=size,
        alive=alive,
    )


def new_run_directory(root: Path, script_name: str, now: datetime) -> Path:
    """Create an empty directory for a new run, e.g. ``20261121-102833-train``.

    Args:
        root: where runs lie, e.g. `DEFAULT_ROOT`; created if missing.
        script_name: path of the script or name of the module.
        now: start of the run, in local time.

    Returns:
        The directory; ``-2``, ``-3``, ... is added when the name is taken.

    Raises:
        TraceError: it cannot be created.
    """
    base = f"{now:%Y%m%d-%H%M%S}-{_slug(script_name)}"
    for attempt in count(1):
        directory = Path(root) / (base if attempt == 1 else f"{base}-{attempt}")
        try:
            directory.parent.mkdir(parents=True, exist_ok=True)
            directory.mkdir()
            break
        except FileExistsError as error:
            if not directory.exists():  # a file stands where a parent should
                raise TraceError(_not_created(directory, error)) from error
        except OSError as error:
            raise TraceError(_not_created(directory, error)) from error
    return directory


def _not_created(directory: Path, error: OSError) -> str:
    return f"run directory {directory} cannot be created ({error.strerror}); choose another place with --out."


def _slug(script_name: str) -> str:
    name = Path(script_name).name.removesuffix(".py")
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.")[:NAME_LENGTH] or "run"


def _age_key(summary: RunSummary) -> tuple[float, str]:
    try:
        return datetime.fromisoformat(summary.started).timestamp(), summary.name
    except ValueError:
        pass
    try:
        return summary.path.stat().st_mtime, summary.name
    except OSError:
        return 0.0, summary.name


def _size(directory: Path) -> int:
    try:
        return sum(entry.stat().st_size for entry in directory.iterdir() if entry.is_file())
    except OSError:
        return 0
