"""Re-runs of a script: one child process each, watched, in a copy of the working directory, with an end."""

from __future__ import annotations

import os
import shlex
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradwise.errors import TraceError
from gradwise.heal.isolating import Copied, copy_directory, in_words
from gradwise.heal.launching import CAN_FORK, Nursery, Place, started
from gradwise.heal.treatment import Treatment
from gradwise.heal.trial import Ran, Status, Trial, cure_as_dict, shown_cures
from gradwise.heal.writing import write_treatment
from gradwise.trace.model import RunInfo
from gradwise.trace.read import read_run

FAILED, USAGE = 3, 2  # exit codes of a watched run
NO_TRACE = "no trace"
OUT, ERR, STDIN = "stdout.txt", "stderr.txt", "stdin"


@dataclass(frozen=True, slots=True)
class Words:
    """A script as it was typed.

    Args:
        script: its path; None where it is a module.
        args: its own arguments.
        module: for ``-m``.
    """

    script: str | None
    args: tuple[str, ...] = ()
    module: str | None = None

    @property
    def shown(self) -> str:
        """As it is typed behind a verb, arguments and all."""
        first = [self.script] if self.script is not None else ["-m", str(self.module)]
        return shlex.join([*first, *self.args])

    def command(self, root: Path, work: Path) -> list[str]:
        """The words for a run in ``work``, a copy of ``root``; a script outside of it is run where it is."""
        if self.script is None:
            return ["-m", str(self.module), *self.args]
        path = Path(self.script)
        if path.is_absolute() and path.is_relative_to(root):
            path = work / path.relative_to(root)
        elif not path.is_absolute() and not (root / path).resolve().is_relative_to(root):
            path = (root / path).resolve()
        return [str(path), *self.args]


@dataclass(slots=True)
class Reruns:
    """Makes runs in a directory of its own.

    Args:
        words: what is run.
        directory: where runs are kept, absolute.
        isolate: whether each run gets its own copy of the working directory.
        note: told about what copies lack, once.
        nursery: forks the runs.
    """

    words: Words
    directory: Path
    isolate: bool = True
    note: Callable[[str], None] = lambda _: None
    nursery: Nursery = field(default_factory=Nursery)
    _own: set[str] = field(default_factory=set)
    _told: set[str] = field(default_factory=set)

    def place(self, key: str) -> Path:
        """Where a run is kept: its trace, its treatment and what the script printed."""
        return self.directory / "runs" / key

    def run(self, trial: Trial, limit: float) -> Ran:
        """Make a run and wait for its end.

        Args:
            trial: what to run.
            limit: seconds after which it is ended.

        Raises:
            KeyboardInterrupt: Ctrl-C; the child has ended by then.
            UsageError: the working directory cannot be copied.
        """
        place = self.place(trial.key)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        root = Path.cwd().resolve()
        scratch = self.directory / "work"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            copied = self._copy(root, scratch) if self.isolate else Copied(root)
            before = _marks(root, copied.linked)
            started = time.monotonic()
            code = self._child(trial, place, root, copied.root, limit)
            seconds = time.monotonic() - started
            self._see_written(root, before)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        (place / "report.html").unlink(missing_ok=True)  # megabytes each, and none of them is read
        return _ran(trial, place, code, seconds)

    def _copy(self, root: Path, scratch: Path) -> Copied:
        copied = copy_directory(root, scratch, [self.directory], self._own)
        for sentence in in_words(copied):
            self._say(sentence)
        return copied

    def _child(self, trial: Trial, place: Path, root: Path, work: Path, limit: float) -> int | None:
        """The exit code of the watched run; None where it reached the limit."""
        options = ["--quiet", "--isolated", "--out", str(place), "--seed-shift", str(trial.shift)]
        options += ["--probe", "auto" if trial.probing else "none"]
        if trial.max_steps is not None:
            options += ["--max-steps", str(trial.max_steps)]
        if trial.cures:
            treatment = place / "treatment.toml"
            write_treatment(Treatment(trial.cures), treatment)
            options += ["--treat", str(treatment)]
        return self.launched([*options, *self.words.command(root, work)], place, work, limit)

    def launched(self, arguments: list[str], place: Path, work: Path, limit: float) -> int | None:
        """Run ``gradwise check`` to its end; its exit code, None where it reached the limit.

        Args:
            arguments: of the verb.
            place: where what it prints is kept.
            work: the directory that it runs in.
            limit: seconds.
        """
        given = self.directory / STDIN
        where = Place(work, given if given.exists() else Path(os.devnull), place / OUT, place / ERR)
        command = ["check", *arguments]
        return self.nursery.run(command, where, limit) if CAN_FORK else started(command, where, limit)

    def close(self) -> None:
        """End what waits for the next run."""
        self.nursery.close()

    def _see_written(self, root: Path, before: dict[str, tuple[int, int]]) -> None:
        """Name linked files that the run wrote; later runs get copies of them."""
        after = _marks(root, list(before))
        written = [name for name, mark in before.items() if after.get(name) != mark]
        if written:
            self._own.update(written)
            self._say(
                f"the script writes {', '.join(written)}, as it always does; later runs get copies of it"
            )

    def _say(self, sentence: str) -> None:
        if sentence not in self._told:
            self._told.add(sentence)
            self.note(sentence)


def printed_by(place: Path) -> str:
    """What the script of a kept run printed."""
    try:
        return (place / OUT).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _marks(root: Path, names: list[str]) -> dict[str, tuple[int, int]]:
    marks = {}
    for name in names:
        with suppress(OSError):
            found = (root / name).stat()
            marks[name] = (found.st_mtime_ns, found.st_size)
    return marks


def _ran(trial: Trial, place: Path, code: int | None, seconds: float) -> Ran:
    try:
        run = read_run(place)
        info, facts = run.info, run.trace.facts_of("treated")
    except TraceError:
        info, facts = RunInfo(status=NO_TRACE), ()
    told = tuple(dict(fact.data) for fact in facts)
    status, error = _status(trial, info, code, told)
    if not error and status == "failed":
        error = _last_sentence(place)
    return Ran(
        trial.key, shown_cures(trial.cures), tuple(cure_as_dict(cure) for cure in trial.cures), trial.shift,
        trial.max_steps, status, error, -1 if code is None else code, info.steps, round(seconds, 3),
        round(info.seconds, 3), told,
    )  # fmt: skip


def _status(
    trial: Trial, info: RunInfo, code: int | None, told: tuple[dict[str, Any], ...]
) -> tuple[Status, str]:
    if code is None:
        return "killed", "it was ended at its time limit"
    if code not in (0, 1) or info.status in (NO_TRACE, "failed", "interrupted"):
        return "failed", info.error
    if trial.cures and any(not each.get("did") for each in told):
        idle = [str(each.get("cure")) for each in told if not each.get("did")]
        return "idle", f"{', '.join(idle)} found nothing to act on"
    return ("stopped" if info.status == "stopped" else "finished"), ""


def _last_sentence(place: Path) -> str:
    """The last line that the child printed to standard error."""
    try:
        text = (place / ERR).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("gradwise: ") if lines else ""
