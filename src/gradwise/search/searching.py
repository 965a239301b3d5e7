"""A search from data to the best settings found: set up or joined, run, concluded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from gradwise.errors import TraceError, UsageError
from gradwise.search.concluding import conclude
from gradwise.search.hyper_parameter_search import Search
from gradwise.search.interrupts import Interrupts
from gradwise.search.listener import SearchListener
from gradwise.search.outcome import SearchOutcome
from gradwise.search.record import SearchRecord, reading_of
from gradwise.search.setting_up import set_up_search
from gradwise.search.space import Space
from gradwise.search.study import check_url, shown_url
from gradwise.trace.runs import new_run_directory

ROOT = Path(".gradwise/searches")  # under the current directory


def search(  # noqa: PLR0913  its parameters are the options of the command
    data: str | Path | Sequence[str | Path],
    target: str | Sequence[str] | None = None,
    *,
    space: Space | Mapping[str, Any] | str | Path | None = None,
    trials: int | None = None,
    seconds: float | None = None,
    objective: str = "auto",
    prune: str = "median",
    confirm: int = 3,
    storage: str | None = None,
    name: str | None = None,
    reading: Mapping[str, Any] | None = None,
    listener: SearchListener | None = None,
    **settings: Any,
) -> SearchOutcome:
    """Search for settings that fit a data file better than fit's own defaults.

    Args:
        data: path, pattern or list of paths, as `gradwise.fit` takes them.
        target: column (columns) to predict.
        space: what is searched: a `Space`, what `Space.make` takes, or a TOML file; None: by kind of data.
        trials: in all, those of other workers included; 30 where neither trials nor seconds are given.
        seconds: that this worker may take, the confirmation included.
        objective: ``auto``, ``loss`` or a metric of the validation rows.
        prune: ``median``, ``hyperband`` or ``no``.
        confirm: fresh seeds with which winner and default are trained again at the end; 0: not at all.
        storage: address of a database; None: an SQLite file in the directory of the search.
        name: of the study; a second search of the same name joins it.  None: a new one.
        reading: how the data is read: ``time``, ``group``, ``ids``, ``text``, ``drop``, ``series`` ...
        listener: hears how it goes.
        **settings: of `FitConfig`, held fixed in all trials.

    Raises:
        UsageError: data, settings or a space that cannot be used; the message says what to do.
    """
    places = [data] if isinstance(data, str | Path) else list(data)
    if isinstance(space, str | Path):
        space = Space.read(Path(space))
    elif space is not None and not isinstance(space, Space):
        space = Space.make(space)
    record = SearchRecord(
        name=name or "",
        storage=storage or "",
        paths=[str(place) for place in places],
        target=[target] if isinstance(target, str) else list(target) if target is not None else None,
        reading=reading_of(reading or {}),
        given=settings,
        space=None if space is None else space.as_dict(),
        objective=objective,
        prune=prune,
        confirm=confirm,
        trials=trials,
        seconds=seconds,
    )
    return begin_search(record, listener or SearchListener())


def begin_search(record: SearchRecord, listener: SearchListener) -> SearchOutcome:
    """`search` with everything in one object, as the command line calls it."""
    record.check()
    storage = record.storage
    if storage:
        check_url(storage)
        record.storage = shown_url(storage).replace(":***@", "@")  # a password is not written down
    record.paths = [str(Path(place).absolute()) for place in record.paths]
    directory = _directory(record)
    try:
        return _carry_out(record, directory, storage, listener)
    finally:
        with suppress(OSError):  # it is empty where nothing came of it
            directory.rmdir()


def resume_search(
    directory: Path,
    listener: SearchListener,
    *,
    trials: int | None = None,
    seconds: float | None = None,
    confirm: int | None = None,
    storage: str | None = None,
) -> SearchOutcome:
    """Go on with a search, or join it while others work on it.

    Args:
        directory: of the search.
        listener: hears how it goes.
        trials: in all; None: as before.
        seconds: of this worker; None: as before.
        confirm: seeds; None: as before.
        storage: address of the database, where it has a password, which is not kept.

    Raises:
        TraceError: no search there.
        UsageError: its data has changed, or its database cannot be used.
    """
    record = SearchRecord.read(directory)
    record.confirm = record.confirm if confirm is None else confirm
    if trials is not None or seconds is not None:
        record.trials, record.seconds = trials, seconds
    record.check()
    return _carry_out(record, directory, storage or record.storage, listener)


def _carry_out(
    record: SearchRecord, directory: Path, storage: str, listener: SearchListener
) -> SearchOutcome:
    with Interrupts() as interrupts, ExitStack() as closing:
        bench = set_up_search(record, directory, storage, listener, interrupts, closing)
        listener.began(str(directory))
        run = Search(
            lab=bench.lab,
            study=bench.study,
            space=bench.space,
            fixed=bench.fixed,
            metric=bench.metric,
            net=bench.plan.net,
            trials=record.wanted,
            seconds=record.seconds,
            confirmations=record.confirm,
            listener=listener,
            interrupts=interrupts,
        )
        try:
            run.run()
        except KeyboardInterrupt:
            listener.ended("interrupted")
            return conclude(bench, run, interrupted=True)
        listener.ended("")
        return conclude(bench, run, interrupted=False)


def _directory(record: SearchRecord) -> Path:
    """The directory of the search; one of the same name is gone on with."""
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", Path(record.paths[0]).name.split(".")[0]).strip("-.") or "data"
    if record.name:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", record.name):
            raise UsageError(f"--name takes letters, digits, - and _, not {record.name!r}.")
        directory = ROOT / record.name
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{directory} cannot be made ({error.strerror}).") from error
        return directory
    try:
        directory = new_run_directory(ROOT, stem, datetime.now())
    except TraceError as error:
        raise UsageError(
            str(error).replace("run directory", "directory").replace(" with --out", "")
        ) from error
    record.name = directory.name
    return directory
