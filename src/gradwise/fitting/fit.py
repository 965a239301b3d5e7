"""Fitting: read, split, prepare, choose, train, judge; and going on after an interruption."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from gradwise.data.opening import encoder_from
from gradwise.errors import UsageError
from gradwise.fitting.carrying import carry_out
from gradwise.fitting.choosing import resolve
from gradwise.fitting.doctor import check_settings
from gradwise.fitting.listener import Listener
from gradwise.fitting.network import WEIGHTS, load
from gradwise.fitting.preparing import prepare
from gradwise.fitting.recipe import Recipe
from gradwise.fitting.record import FILE_NAME, Record, differing_versions
from gradwise.fitting.run import Fitted
from gradwise.fitting.seeds import choose_way
from gradwise.fitting.teaching import seen_rows
from gradwise.fitting.timing import timed
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
    series: Sequence[str] = (),
    task: str = "auto",
    image_size: int | None = None,
    listener: Listener | None = None,
    **settings: Any,
) -> Fitted:
    """Train a network from data files.

    Args:
        data: path, pattern or list of paths: csv, tsv, parquet, arrow, a folder of images, idx, npz, UCR.
        target: column (columns) to predict; not needed where the data says it itself.
        out: run directory; a new one under ``.gradwise/runs`` when None.
        time: column that tells when a row was taken: splits are by time; with ``ids``, the order in a series.
        group: column whose rows stay on one side of the split.
        ids: column that tells which series a row of a long table belongs to (``--id`` on the command line).
        text: column of text.
        drop: columns left out.
        series: columns that hold a list of numbers in each cell; found where they are plain to see.
        task: ``auto``, ``classes``, ``labels`` or ``numbers``.
        image_size: pixels of the longer side of images; None: as they are, within bounds.
        listener: hears every choice and how the training goes.
        **settings: see `gradwise.train.config.FitConfig`.

    Raises:
        UsageError: data or settings that cannot be used; the message says what to do.
    """
    reading = {
        "time": time, "group": group, "ids": ids, "text": text, "drop": list(drop), "series": list(series),
        "task": task, "image_size": image_size,
    }  # fmt: skip
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
    if config.doctor:
        check_settings()
    record = Record(
        data={
            "paths": [str(Path(place).absolute()) for place in data],
            # Folders, idx, npz and UCR files know their target; a table must be told.
            "options": {**reading, "target": list(target) if target else None},
        },
        config=config.given(),
    )
    prepared = prepare(record, data, config, progress)
    encoder, sets = prepared.encoder, prepared.sets
    told = [*prepared.choices, *filter(None, [seen_rows(config, record)])]
    for choice in told:
        progress.chose(choice)
    with timed(record.seconds, "choose"):
        recipe, more = resolve(config, encoder.task, encoder.shape(), sets.train, progress)
        recipe, way = choose_way(config, recipe, encoder, sets, progress)
    told += [*more, *way]
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
    _tell_changes(record, progress)
    config, encoder = FitConfig.make(record.config), encoder_from(record.encoder)
    sets = prepare(record, record.data["paths"], config, progress, encoder=encoder).sets
    return carry_out(run, record, Recipe.of(record.recipe), encoder, sets, progress, resumed=True)


def rerun(run: Path, *, out: Path | None, progress: Listener) -> tuple[Fitted, list[str]]:
    """The same fit in a new directory; returns it and which weights came out differently.

    Rate and speed are taken from the first run, so that no new trial decides otherwise.

    Raises:
        TraceError: no run there.
        UsageError: it is not finished, or its data has changed.
    """
    record = load(run).record
    if record.status != "finished":
        raise UsageError(
            f"{run} is {record.status}, so its weights are not the last ones; "
            f"finish it with `gradwise fit --resume {run}`, then run it again."
        )
    _tell_changes(record, progress)
    paths = record.data["paths"]
    again = Record(data=dict(record.data), config=record.config, recipe=record.recipe)
    prepared = prepare(again, paths, FitConfig.make(record.config), progress)
    encoder, sets = prepared.encoder, prepared.sets
    again.encoder = encoder.state()
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
    return fitted, differences


def _tell_changes(record: Record, progress: Listener) -> None:
    """What is not as it was when the record was made, as far as it can change the result."""
    for line in differing_versions(record.versions):
        progress.said(f"{line}: the result may differ in the last digits")
    wanted, cores = record.recipe.get("threads"), _cores()
    if wanted is not None and wanted > cores:
        progress.said(
            f"{wanted} threads were used, here {cores} may run at once: it takes longer, "
            "and the result may differ in the last digits"
        )


def _cores() -> int:
    """Processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux tells
        return os.cpu_count() or 1


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
