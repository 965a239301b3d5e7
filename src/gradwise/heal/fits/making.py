"""Re-runs of a fit with other settings and seeds, made as runs of a script are."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradwise.errors import GradwiseError
from gradwise.fitting.record import Record
from gradwise.heal.fits.settings import Changes, changed
from gradwise.heal.launching import CAN_FORK, Nursery, Place, started
from gradwise.heal.rerun import ERR, OUT
from gradwise.heal.trial import Ran, Status, Trial, cure_as_dict, shown_cures
from gradwise.trace.read import read_run

SCORE = r"validation score (-?[\d.]+(?:e-?\d+)?|nan)"  # what a fit's run is compared by; more is better
LEFT = (0, 1)  # exit codes of a fit that came to its end


@dataclass(frozen=True, slots=True)
class FitWords:
    """A fit as it was typed.

    Args:
        data: places of the data.
        target: columns to predict.
        reading: how the data is read, by option of the command line.
        settings: as given, see `gradwise.train.config.FitConfig`.
    """

    data: tuple[str, ...]
    target: tuple[str, ...]
    reading: Mapping[str, Any]
    settings: Mapping[str, Any]

    def command(self, settings: Mapping[str, Any], out: Path) -> list[str]:
        """The words of a fit with these settings, which are written beside its other files."""
        file = out / "settings.toml"
        lines = [f"{name.replace('_', '-')} = {_toml(value)}" for name, value in settings.items()]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        words = ["fit", *self.data, "--quiet", "--config", str(file), "--out", str(out)]
        words += [word for column in self.target for word in ("--target", column)]
        for name, value in self.reading.items():
            for one in value if isinstance(value, list | tuple) else [value]:
                words += [] if one is None else [f"--{_OPTION.get(name, name)}", str(one)]
        return words


_OPTION = {"ids": "id", "image_size": "image-size"}


def _toml(value: Any) -> str:
    return json.dumps(value)  # of words, numbers, truth values and lists of them TOML's form is the same


@dataclass(slots=True)
class FitRuns:
    """Makes fits in a directory of its own.

    Args:
        words: the fit.
        directory: where they are kept, absolute.
        nursery: forks them.
    """

    words: FitWords
    directory: Path
    nursery: Nursery = field(default_factory=Nursery)

    def place(self, key: str) -> Path:
        """Where a fit is kept: an ordinary directory of a fit."""
        return self.directory / "runs" / key

    def close(self) -> None:
        """End what waits for the next fit."""
        self.nursery.close()

    def run(self, trial: Trial, limit: float) -> Ran:
        """Make a fit and wait for its end; one that would be as without its cures is not made."""
        changes = self.changes(trial)
        if changes is None:
            return _ran(trial, "idle", f"{shown_cures(trial.cures)} would change no setting")
        if trial.max_steps is not None:  # asked only whether it would change something
            return _ran(trial, "stopped")
        place = self.place(trial.key)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        settings = {**self.words.settings, **changes}
        settings["seed"] = settings.get("seed", 0) + trial.shift
        where = Place(Path.cwd(), Path(os.devnull), place / OUT, place / ERR)
        command = self.words.command(settings, place)
        begun = time.monotonic()
        code = self.nursery.run(command, where, limit) if CAN_FORK else started(command, where, limit)
        return _ended(trial, place, code, time.monotonic() - begun)

    def changes(self, trial: Trial) -> Changes | None:
        """The settings that stand for a trial's cures; None where they would change nothing."""
        if not trial.cures:
            return {}
        recipe = Record.read(self.place(Trial(probing=True).key)).recipe
        return changed(recipe, self.words.settings, trial.cures)


def _ended(trial: Trial, place: Path, code: int | None, seconds: float) -> Ran:
    """What came of a fit; its score is written where a script would have printed it."""
    if code is None:
        return _ran(trial, "killed", "it was ended at its time limit", seconds=seconds)
    try:
        record, steps = Record.read(place), read_run(place).trace.steps
    except GradwiseError:
        return _ran(trial, "failed", _last_sentence(place), code, seconds)
    if code not in LEFT or record.status != "finished":
        return _ran(trial, "failed", _last_sentence(place) or record.status, code, seconds, steps)
    score = float(record.verdict.get("score", "nan"))
    (place / OUT).write_text(f"validation score {score!r}\n", encoding="utf-8")
    return _ran(trial, "finished", "", code, seconds, steps)


def _ran(
    trial: Trial, status: Status, error: str = "", code: int = 0, seconds: float = 0.0, steps: int = 0
) -> Ran:
    cures = tuple(cure_as_dict(cure) for cure in trial.cures)
    return Ran(
        trial.key, shown_cures(trial.cures), cures, trial.shift, trial.max_steps, status, error, code, steps,
        round(seconds, 3), round(seconds, 3),
    )  # fmt: skip


def _last_sentence(place: Path) -> str:
    lines: Sequence[str] = (place / ERR).read_text(encoding="utf-8", errors="replace").splitlines()
    told = [line.strip() for line in lines if line.strip()]
    return re.sub(r"^gradwise: ", "", told[-1]) if told else ""
