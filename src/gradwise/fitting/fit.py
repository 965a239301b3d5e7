"""Fitting: read, split, prepare, choose, train, judge; and going on after an interruption."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import load_file

from gradwise.data.examples import Choice, Encoder, Source, Split
from gradwise.data.opening import encoder_from, open_source
from gradwise.data.splitting import split
from gradwise.errors import UsageError
from gradwise.fitting.choosing import resolve
from gradwise.fitting.listener import Listener
from gradwise.fitting.network import WEIGHTS, load
from gradwise.fitting.recipe import Recipe
from gradwise.fitting.record import FILE_NAME, Record, differing_versions
from gradwise.fitting.run import Fitted, Sets, carry_out
from gradwise.trace.runs import DEFAULT_ROOT, new_run_directory
from gradwise.train.config import FitConfig


def fit(  # noqa: PLR0913  its parameters are the options of the command
    data: str | Path | Sequence[str | Path],
    target: str | Sequence[str] | None = None,
    *,
    out: str | Path | None = None,
    time: str | None = None,
    group: str | None = None,
    ids: str | None = None,
    text: str | None = None,
    drop: Sequence[str] = (),
    task: str = "auto",
    listener: Listener | None = None,
    **settings: Any,
) -> Fitted:
    """Train a network from data files.

    Args:
        data: path, pattern or list of paths: csv, tsv, parquet, arrow, a folder of images, idx, npz, UCR.
        target: column (columns) to predict; not needed where the data says it itself.
        out: run directory; a new one under ``.gradwise/runs`` when None.
        time: column that tells when a row was taken.
        group: column whose rows stay on one side of the split.
        ids: column that tells which sequence a row belongs to.
        text: column of text.
        drop: columns left out.
        task: ``auto``, ``classes``, ``labels`` or ``numbers``.
        listener: hears every choice and how the training goes.
        **settings: see `gradwise.train.config.FitConfig`.

    Raises:
        UsageError: data or settings that cannot be used; the message says what to do.
    """
    reading = {"time": time, "group": group, "ids": ids, "text": text, "drop": list(drop), "task": task}
    targets = [target] if isinstance(target, str) else list(target) if target is not None else None
    places = [data] if isinstance(data, str | Path) else list(data)
    return fit_data(
        [str(place) for place in places],
        target=targets,
        reading=reading,
        config=FitConfig.make(settings),
        out=Path(out) if out is not None else None,
        progress=listener or Listener(),
    )


def fit_data(
    data: Sequence[str],
    *,
    target: Sequence[str] | None,
    reading: Mapping[str, Any],
    config: FitConfig,
    out: Path | None,
    progress: Listener,
) -> Fitted:
    """`fit` with its settings in one object, as the command line calls it."""
    _check_free(out)
    # Folders, idx, npz and UCR files know their target; a table must be told.
    source = open_source(_one_or_many(data), target=_one_or_many(target) if target else None, **reading)
    progress.read(source.describe())
    parts = split(source, valid=config.valid, test=config.test, seed=config.seed)
    encoder = source.encoder(parts.train)
    sets = _sets(source, encoder, parts)
    if sets.train.target is None:
        raise UsageError("no --target was given; name the column to predict.")
    record = Record(
        data={
            "paths": [str(Path(place).absolute()) for place in data],
            "options": {**reading, "target": list(target) if target else None},
            "fingerprint": source.fingerprint(),
            "rows": len(source),
        },
        config=config.given(),
    )
    told: list[Choice] = [*encoder.choices, *parts.choices]
    for choice in told:
        progress.chose(choice)
    recipe, more = resolve(config, encoder.task, encoder.shape(), sets.train, progress)
    told += more
    record.recipe, record.encoder = recipe.as_dict(), encoder.state()
    record.shape, record.task = dict(encoder.shape()), asdict(encoder.task)
    record.split = {"train": len(sets.train), "valid": len(sets.valid), "test": len(sets.test)}
    record.choices = [asdict(choice) for choice in told]
    directory = _directory(out, data)
    record.write(directory)
    return carry_out(directory, record, recipe, encoder, sets, progress, resumed=False)


def resume_fit(run: Path, *, progress: Listener) -> Fitted:
    """Go on with an interrupted fit; it ends with the weights of one that was never interrupted.

    Raises:
        TraceError: no run there.
        UsageError: it is finished, or its data has changed.
    """
    record = Record.read(run)
    if record.status == "finished":
        raise UsageError(f"{run} is finished; `gradwise fit` with other settings starts a new one.")
    paths = record.data["paths"]
    source = open_source(_one_or_many(paths), **record.data["options"])
    if source.fingerprint() != record.data["fingerprint"]:
        raise UsageError(
            f"the data of {run} has changed since it began ({', '.join(paths)}); start a new fit instead."
        )
    for line in differing_versions(record.versions):
        progress.said(f"{line}: the result may differ in the last digits")
    config = FitConfig.make(record.config)
    parts = split(source, valid=config.valid, test=config.test, seed=config.seed)
    encoder = encoder_from(record.encoder)
    sets = _sets(source, encoder, parts)
    return carry_out(run, record, Recipe.of(record.recipe), encoder, sets, progress, resumed=True)


def rerun(run: Path, *, out: Path | None, progress: Listener) -> tuple[Fitted, list[str]]:
    """The same fit in a new directory; returns it and what came out differently.

    Rate and speed are taken from the first run, so that no new trial decides otherwise.

    Raises:
        TraceError: no run there.
        UsageError: its data has changed.
    """
    first = load(run)
    record = first.record
    paths = record.data["paths"]
    source = open_source(_one_or_many(paths), **record.data["options"])
    if source.fingerprint() != record.data["fingerprint"]:
        raise UsageError(f"the data of {run} has changed since ({', '.join(paths)}); it cannot be run again.")
    config = FitConfig.make(record.config)
    parts = split(source, valid=config.valid, test=config.test, seed=config.seed)
    encoder = source.encoder(parts.train)
    sets = _sets(source, encoder, parts)
    again = Record(data=record.data, config=record.config, recipe=record.recipe, encoder=encoder.state())
    again.shape, again.task, again.split = record.shape, record.task, record.split
    again.choices = record.choices
    directory = _directory(out, paths)
    again.write(directory)
    fitted = carry_out(directory, again, Recipe.of(record.recipe), encoder, sets, progress, resumed=False)
    was, now = load_file(run / WEIGHTS), load_file(directory / WEIGHTS)
    differences = [
        f"{name}: by up to {float((was[name].double() - now[name].double()).abs().max()):.3g}"
        for name in was
        if name not in now or not was[name].equal(now[name])
    ]
    return fitted, [*differing_versions(record.versions), *differences]


def _sets(source: Source, encoder: Encoder, parts: Split) -> Sets:
    train_rows, valid_rows, test_rows = (
        encoder.transform(source, np.asarray(rows)) for rows in (parts.train, parts.valid, parts.test)
    )
    return Sets(train_rows, valid_rows, test_rows)


def _one_or_many(places: Sequence[str]) -> str | list[str]:
    return places[0] if len(places) == 1 else list(places)


def _check_free(out: Path | None) -> None:
    """Refuse a run directory that holds a fit already, before any work is done."""
    if out is not None and (out / FILE_NAME).exists():
        raise UsageError(f"--out {out} already holds a fit; choose another directory, or use --resume.")


def _directory(out: Path | None, data: Sequence[str]) -> Path:
    """The run directory, made now."""
    if out is None:
        name = Path(data[0]).name.split(".")[0].replace("*", "") or "data"
        return new_run_directory(DEFAULT_ROOT, name, datetime.now()).absolute()
    _check_free(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {out} cannot be made ({error.strerror}); choose another place.") from error
    return out.absolute()
