"""A file of outcomes that grows while a run goes on, so that a stopped run goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.detection.corpus import Script
from benchmarks.detection.forking import FRESH
from benchmarks.detection.scoring import Named, Outcome

PACKAGE = Path(__file__).parents[2] / "src" / "gradwise"


class JournalError(ValueError):
    """The file holds something else than outcomes."""


class Journal:
    """Outcomes as lines of JSON, one each.

    An outcome is used again when script, seed and what was asked are the same and the
    script's file has not changed.  The sources of gradwise may have changed in between:
    `states` tells how many states of them stand behind the outcomes that were used, `ways`
    how they were started.

    Args:
        path: the file; made when it is not there.
        way: how outcomes to come are started; see `forking`.

    Raises:
        JournalError: a line of the file is no outcome.
    """

    def __init__(self, path: Path, way: str = FRESH) -> None:
        self._path, self._way = path, way
        self._used: set[str] = set()
        self.ways: set[str] = set()
        self._lines = {entry["task"]: entry for entry in lines(path, _check)}

    @property
    def states(self) -> int:
        """How many states of the sources of gradwise the outcomes come from."""
        return len(self._used)

    def known(self, script: Script, seed: int, *, onset: bool) -> Outcome | None:
        """The outcome of this task, if an earlier run came to it."""
        entry = self._lines.get(_task(script, seed, onset=onset))
        if entry is None:
            return None
        self._used.add(entry["sources"])
        self.ways.add(entry.get("started", FRESH))
        return unpacked(entry, script)

    def add(self, outcome: Outcome, *, onset: bool) -> None:
        """Append an outcome; one that ended because the process was killed is not kept."""
        state = sources()
        self._used.add(state)
        self.ways.add(self._way)
        if outcome.error.startswith("exit -"):
            return
        task = _task(outcome.script, outcome.seed, onset=onset)
        append(self._path, {"task": task, "sources": state, "started": self._way, **packed(outcome)})


def lines(path: Path, check: Callable[[dict[str, Any]], object]) -> list[dict[str, Any]]:
    """The entries of a file of JSON lines; a last line cut off while it was written is removed from the file.

    Args:
        path: the file; empty when it is not there.
        check: raises ValueError, KeyError or TypeError for what is no entry.

    Raises:
        JournalError: a line is no entry.
    """
    text = path.read_text("utf-8") if path.exists() else ""
    whole, _, _ = text.rpartition("\n")
    entries = []
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            entry = json.loads(line)
            check(entry)
        except (ValueError, KeyError, TypeError) as problem:
            raise JournalError(
                f"{path.name}, line {number}: expected an outcome of an earlier run, got {line[:60]!r}. "
                "Name a file that such a run wrote, or a new one."
            ) from problem
        entries.append(entry)
    path.write_text(whole + "\n" if whole else "", "utf-8")
    return entries


def append(path: Path, entry: dict[str, Any]) -> None:
    """Add a line."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


def packed(outcome: Outcome) -> dict[str, Any]:
    """An outcome as plain data, without its script."""
    return {
        "seed": outcome.seed,
        "findings": [asdict(finding) for finding in outcome.findings],
        "stands_from": outcome.stands_from,
        "seconds": outcome.seconds,
        "error": outcome.error,
    }


def unpacked(entry: dict[str, Any], script: Script) -> Outcome:
    """The outcome that was packed."""
    return Outcome(
        script,
        int(entry["seed"]),
        tuple(Named(**finding) for finding in entry["findings"]),
        entry["stands_from"],
        float(entry["seconds"]),
        str(entry["error"]),
    )


def _check(entry: dict[str, Any]) -> None:
    str(entry["task"]) + str(entry["sources"])
    unpacked(entry, Script("", "sick", Path()))


def _task(script: Script, seed: int, *, onset: bool) -> str:
    digest = hashlib.sha256(script.path.read_bytes()).hexdigest()[:12] if script.path.exists() else ""
    asked = f"stands from {script.expected}" if onset and script.kind == "sick" else "said"
    return f"{script.label} {digest} seed {seed}: {asked}"


def sources() -> str:
    """A digest of the sources of gradwise as they are now."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(str(path.relative_to(PACKAGE)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
