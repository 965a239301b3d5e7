"""``gradwise search``: settings that fit better than the defaults, found by many trials."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import tomllib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradwise.cli.fit import DATA_HELP, INTERRUPTED, fit_command
from gradwise.cli.options import check_writable
from gradwise.errors import MissingDependencyError, UsageError
from gradwise.train.config import FitConfig

if TYPE_CHECKING:
    from gradwise.search import SearchOutcome, Space

NEEDS = {"torch": "PyTorch (https://pytorch.org), or `gradwise[torch]`", "optuna": "`gradwise[search]`"}
READING = ("time", "group", "ids", "series", "text", "image_size", "drop", "task")
NOT_OFFERED = (
    "runs",
    "together",
    "save_every",
    "doctor",
)  # a trial trains one net, unwatched, and keeps nothing


def _with_options_of_fit(command: Callable[..., int]) -> Callable[..., int]:
    """The command with fit's settings and ways of reading data as options, in place of its ``**of_fit``."""
    settings = {field.name for field in fields(FitConfig)} - set(NOT_OFFERED)
    own = list(inspect.signature(command, eval_str=True).parameters.values())[:-1]
    taken = {parameter.name for parameter in own}
    fits = inspect.signature(fit_command, eval_str=True).parameters.values()
    more = [
        parameter
        for parameter in fits
        if parameter.name not in taken and parameter.name.rstrip("_") in (*settings, *READING)
    ]
    command.__signature__ = inspect.Signature([*own, *more])  # type: ignore[attr-defined]
    return command


@_with_options_of_fit
def search_command(
    data: Annotated[list[str] | None, typer.Argument(help=DATA_HELP, show_default=False)] = None,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", "-t", metavar="COLUMN", help="What to predict (repeatable)."),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(metavar="N", help="Trials in all, those of other workers included [default: 30]."),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(metavar="S", help="Time for this worker, with the confirmation.")
    ] = None,
    space: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What is searched, as TOML [default: by the kind of data]."),
    ] = None,
    fixed: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Hold a setting of fit fixed (repeatable)."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Settings to hold fixed, from a TOML file.")
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(
            metavar="METRIC", help="auto, loss, accuracy, balanced-accuracy, log-loss, f1-macro, r2, rmse ..."
        ),
    ] = None,
    prune: Annotated[
        str | None,
        typer.Option(metavar="median|hyperband|no", help="How bad trials are given up [default: median]."),
    ] = None,
    confirm: Annotated[
        int | None,
        typer.Option(metavar="N", help="Fresh seeds for winner and default at the end [default: 3]."),
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="sqlite:///FILE or postgresql://USER@HOST/DATABASE [default: a file in the search's "
            "directory].",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of the study; the same command elsewhere joins it by its name."),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Go on with a search, or join it while it runs."),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Also write the outcome as JSON; - is standard output."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only how it ended.")] = False,
    **of_fit: Any,
) -> int:
    """Search for settings that fit better than the defaults.

    Every trial trains a net with other settings and is judged on the validation rows; bad ones are given up
    early. The first trial is fit's own defaults. At the end the winner and the default are trained again with
    fresh seeds and compared on test rows that no trial saw, since the best of many validation scores is
    optimistic. Options of fit hold a setting fixed in all trials.

    gradwise search data.csv --target y
    gradwise search data.csv -t y --seconds 300 --epochs 20 --set norm=none
    gradwise search data.csv -t y --space space.toml --trials 100
    gradwise search --resume .gradwise/searches/20261121-102833-data --trials 200
    gradwise search data.csv -t y --storage postgresql://ada@host/studies --name adult

    A space file lists values, or gives ranges: width = {low = 16, high = 512, log = true}, dropout =
    {low = 0, high = 0.5, step = 0.1}, rate = {low = 1e-4, high = 0.1, log = true}, norm = ["none",
    "batch-norm"], clip = ["default", 1.0]. It names all that is searched; the rest is left to gradwise.

    Several processes may work on one study: start --resume in each, on several machines the same command with
    a --storage that all reach and the same --name.

    Exit codes: 0 done, 2 wrong use, 130 interrupted; what was learnt is shown, and --resume goes on.
    """
    _check_needs()
    if json_file is not None:
        check_writable(json_file)
    given = {key.rstrip("_"): value for key, value in of_fit.items() if _is_given(value)}
    reading = {key: given.pop(key) for key in READING if key in given}
    if reading.get("task") == "auto":
        del reading["task"]
    if resume is not None:
        if data or target or given or reading or space or fixed or config or objective or prune or name:
            raise UsageError(
                "--resume goes on with the data, settings and space of its search; give no others, only "
                "--trials, --seconds, --confirm or --storage."
            )
        return _resume(resume, trials, seconds, confirm, storage, json_file, quiet)
    if not data:
        raise UsageError("no data was given; try `gradwise search data.csv --target COLUMN`.")
    held, target = _held(config, fixed or [], given, target)
    from gradwise.search.record import SearchRecord, reading_of

    record = SearchRecord(
        name=name or "",
        storage=storage or "",
        paths=list(data),
        target=list(target) if target else None,
        reading=reading_of(reading),
        given=held,
        space=_space(space).as_dict() if space is not None else None,
        objective=objective or "auto",
        prune=prune or "median",
        confirm=3 if confirm is None else confirm,
        trials=trials,
        seconds=seconds,
    )
    from gradwise.cli.search_progress import SearchProgress
    from gradwise.search import begin_search

    with SearchProgress(quiet=quiet) as progress:
        outcome = begin_search(record, progress)
    return _finish(outcome, json_file, quiet)


def _is_given(value: Any) -> bool:
    """Whether an option was used; 0 is a value.

    >>> _is_given(0), _is_given(False), _is_given([])
    (True, False, False)
    """
    return value is not None and value is not False and value != []


def _resume(
    directory: Path,
    trials: int | None,
    seconds: float | None,
    confirm: int | None,
    storage: str | None,
    json_file: Path | None,
    quiet: bool,
) -> int:
    from gradwise.cli.search_progress import SearchProgress
    from gradwise.search import resume_search

    with SearchProgress(quiet=quiet) as progress:
        outcome = resume_search(
            directory, progress, trials=trials, seconds=seconds, confirm=confirm, storage=storage
        )
    return _finish(outcome, json_file, quiet)


def _check_needs() -> None:
    for package, how in NEEDS.items():
        if importlib.util.find_spec(package) is None:
            raise MissingDependencyError(f"`gradwise search` needs {package}; install {how}.")


def _space(file: Path) -> Space:
    from gradwise.search import Space

    return Space.read(file)


def _held(
    config: Path | None, fixed: list[str], given: dict[str, Any], target: list[str] | None
) -> tuple[dict[str, Any], list[str] | None]:
    """The settings held fixed: of the file, of ``--set`` and of the options, where later ones win."""
    held = FitConfig.read(config) if config is not None else {}
    written = held.pop("target", None)
    held = {name.replace("-", "_"): value for name, value in held.items()}
    for text in fixed:
        name, value = _pair(text)
        if name in given:
            raise UsageError(f"--set {text} and --{name.replace('_', '-')} both set {name}; leave one out.")
        held[name] = value
    held |= given
    FitConfig.make(held)
    return held, target or ([written] if isinstance(written, str) else written)


def _pair(text: str) -> tuple[str, Any]:
    """A setting as it is written in a TOML file; words may do without quotes.

    >>> _pair("batch-size=64"), _pair("norm=batch-norm")
    (('batch_size', 64), ('norm', 'batch-norm'))
    """
    name, sign, value = (part.strip() for part in text.partition("="))
    if not (name and sign and value):
        raise UsageError(f"--set takes NAME=VALUE, e.g. --set norm=none, not {text!r}.")
    with suppress(tomllib.TOMLDecodeError):
        return name.replace("-", "_"), tomllib.loads(f"value = {value}")["value"]
    return name.replace("-", "_"), value


def _finish(outcome: SearchOutcome, json_file: Path | None, quiet: bool) -> int:
    """Show how it ended; the exit code."""
    from gradwise.cli.search_outcome import show, write_json

    if json_file is not None:
        write_json(outcome, json_file)
    with suppress(OSError):  # e.g. the log's disk is full; the study has it all
        show(outcome, sys.stderr, brief=quiet)
    return INTERRUPTED if outcome.interrupted else 0
