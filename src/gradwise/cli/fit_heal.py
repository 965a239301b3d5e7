"""``gradwise fit --heal``: a fit, the settings that cure what it shows, proven by fits with other seeds."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradwise.errors import UsageError

if TYPE_CHECKING:
    from gradwise.fitting.run import Fitted
    from gradwise.heal.fits.asked import Asked
    from gradwise.heal.fits.making import FitRuns, FitWords
    from gradwise.heal.outcome import Healed, Order
    from gradwise.heal.record import Record
    from gradwise.heal.rerun import Words
    from gradwise.train.config import FitConfig

SEEDS = 3


def heal_fit(
    data: Sequence[str],
    target: Sequence[str] | None,
    reading: Mapping[str, Any],
    config: FitConfig,
    out: Path | None,
    *,
    seconds: float,
    quiet: bool,
) -> Fitted:
    """Fit, heal the fit, and keep the healed one where it was shown to be better.

    Args:
        data: places of the data.
        target: columns to predict.
        reading: how the data is read.
        config: the settings.
        out: run directory; a new one when None.
        seconds: for all fits together.
        quiet: whether to show the outcome only.

    Raises:
        UsageError: settings that cannot be healed, or a fit that cannot be made.
    """
    from gradwise.heal.fits.asked import Asked
    from gradwise.heal.fits.making import FitWords
    from gradwise.heal.record import DEFAULT_ROOT, begin
    from gradwise.trace.runs import new_run_directory

    _check(config, out)
    words = FitWords(tuple(data), tuple(target or ()), reading, config.given())
    directory = new_run_directory(DEFAULT_ROOT, _named(words), datetime.now()).absolute()
    record, asked = begin(directory, _identity(words)), Asked.now(words, out, seconds)
    asked.keep(directory)
    return _healed(asked, record, seconds, quiet=quiet)


def resume_heal(directory: Path, seconds: float, *, quiet: bool) -> Fitted:
    """Go on with an interrupted heal of a fit: only the fits that are missing are made.

    Args:
        directory: of the heal.
        seconds: for all fits together; what was given at first, where that is more.
        quiet: whether to show the outcome only.

    Raises:
        UsageError: it holds no heal of a fit, or what that was about has changed.
    """
    from gradwise.heal.fits.asked import asked
    from gradwise.heal.record import resume

    directory = directory.absolute()
    known = asked(directory)
    record = resume(directory, _identity(known.words))
    return _healed(known, record, max(seconds, known.seconds), quiet=quiet)


def _healed(asked: Asked, record: Record, seconds: float, *, quiet: bool) -> Fitted:
    from gradwise.cli.heal import polite_kills
    from gradwise.cli.heal_progress import HealProgress
    from gradwise.heal.fits.making import FitRuns
    from gradwise.heal.healing import heal
    from gradwise.heal.making import Runs
    from gradwise.heal.record import held
    from gradwise.trace.runs import DEFAULT_ROOT as RUNS
    from gradwise.trace.runs import new_run_directory

    name, directory = _named(asked.words), record.directory
    out = Path(asked.out) if asked.out else None
    if out is None or (out.exists() and any(out.iterdir())):
        out = new_run_directory(RUNS, name, datetime.now()).absolute()
    fits = FitRuns(asked.words, directory)
    try:
        with (
            held(directory),
            HealProgress(directory, f"fit {name}", quiet=quiet) as progress,
            polite_kills(),
            closing(fits),
        ):
            healed = heal(_order(), Runs(fits, record, seconds, progress))
    except KeyboardInterrupt:
        print(f"gradwise: go on with `gradwise fit --resume {directory}`", file=sys.stderr)
        raise
    best = _best(healed, directory)
    _tell(healed, fits, directory)
    return _kept(best, out)


def _named(words: FitWords) -> str:
    return Path(words.data[0]).name.split(".")[0].replace("*", "") or "data"


def _identity(words: FitWords) -> Words:
    """The fit as the record of a heal knows what it is about."""
    from gradwise.heal.rerun import Words

    return Words(
        None, (*words.data, *[f"{key}={value}" for key, value in words.settings.items()]), "gradwise fit"
    )


def _check(config: FitConfig, out: Path | None) -> None:
    if not config.doctor:
        raise UsageError("--heal needs the doctor to know what is wrong; leave out --no-doctor.")
    if config.runs > 1:
        raise UsageError(
            "--heal proves with seeds of its own; leave out --runs, or average a healed fit later."
        )
    if not config.valid:
        raise UsageError("--heal compares fits by their validation rows; give --valid a share above 0.")
    if out is not None and out.exists() and any(out.iterdir()):
        raise UsageError(f"--out {out} is not empty; choose another directory.")


def _order() -> Order:
    from gradwise.heal.fits.making import SCORE
    from gradwise.heal.fits.settings import can_be_set
    from gradwise.heal.outcome import Order
    from gradwise.remedies.remedy import GRADES

    return Order(
        SEEDS, tuple(GRADES), SCORE, lower=False, unable=can_be_set, shortens=False, budget="--heal-budget"
    )


def _best(healed: Healed, directory: Path) -> Path:
    """The fit that is kept: the healed one with the fit's own seed where it helped, else the fit as it is."""
    from gradwise.heal.trial import Trial

    if healed.verdict == "helped" and healed.chosen is not None:
        return directory / "runs" / Trial(healed.chosen.cures).key
    assert healed.first is not None
    return healed.first


def _tell(healed: Healed, fits: FitRuns, directory: Path) -> None:
    from gradwise.cli.heal_outcome import show_fit
    from gradwise.heal.trial import Trial

    settings = fits.changes(Trial(healed.chosen.cures)) if healed.chosen is not None else None
    show_fit(healed, sys.stderr, directory, settings or {})


def _kept(best: Path, out: Path) -> Fitted:
    from gradwise.fitting.record import Record as FitRecord
    from gradwise.fitting.run import Fitted
    from gradwise.fitting.verdict import Verdict
    from gradwise.heal.rerun import ERR, OUT

    shutil.copytree(best, out, dirs_exist_ok=True, ignore=shutil.ignore_patterns(OUT, ERR))
    record = FitRecord.read(out)
    known = {name: record.verdict[name] for name in Verdict.__dataclass_fields__ if name in record.verdict}
    verdict = Verdict(**known) if len(known) == len(Verdict.__dataclass_fields__) else None
    return Fitted(out, record, verdict, watched=True)
