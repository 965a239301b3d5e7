"""``gradwise baselines``: what classical models score on the same data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradwise.cli.options import JsonFile, check_writable
from gradwise.errors import UsageError

if TYPE_CHECKING:
    from gradwise.baselines.comparing import Beside

INTERRUPTED = 130
VALID = 0.2  # share of validation rows of a fit that was told nothing else
Option = typer.Option
Column = Annotated[str | None, Option(metavar="COLUMN")]


def baselines_command(
    data: Annotated[
        list[str] | None, typer.Argument(help="Data as `gradwise fit` takes it.", show_default=False)
    ] = None,
    target: Annotated[
        list[str] | None, Option("--target", "-t", metavar="COLUMN", help="What to predict (repeatable).")
    ] = None,
    only: Annotated[
        list[str] | None,
        Option(metavar="NAMES", help="These models: ridge,svm:kernel=poly,c=10 (repeatable)."),
    ] = None,
    skip: Annotated[
        list[str] | None, Option(metavar="NAMES", help="Without these models (repeatable).")
    ] = None,
    folds: Annotated[int | None, Option(metavar="N", help="Of the cross-validation [default: 5].")] = None,
    metric: Annotated[
        str,
        Option(
            metavar="NAME", help="accuracy, balanced-accuracy, f1, roc-auc, r2, rmse, mae [default: as fit]."
        ),
    ] = "auto",
    seconds: Annotated[float, Option(metavar="S", help="For everything; models share it.")] = 120.0,
    run: Annotated[
        Path | None, Option(metavar="RUN", help="Beside a fitted network, on its validation rows.")
    ] = None,
    time: Annotated[
        str | None, Option(metavar="COLUMN", help="When a row was taken: folds are by time.")
    ] = None,
    group: Annotated[
        str | None, Option(metavar="COLUMN", help="Rows of one group stay on one side of a fold.")
    ] = None,
    ids: Annotated[
        str | None, Option("--id", metavar="COLUMN", help="Which series a row of a long table belongs to.")
    ] = None,
    series: Annotated[
        list[str] | None, Option(metavar="COLUMN", help="Lists of numbers (repeatable) [default: found].")
    ] = None,
    text: Annotated[str | None, Option(metavar="COLUMN", help="The column that holds text.")] = None,
    image_size: Annotated[
        int | None, Option(metavar="N", help="Pixels of the longer side of images.")
    ] = None,
    drop: Annotated[
        list[str] | None, Option(metavar="COLUMN", help="Leave a column out (repeatable).")
    ] = None,
    task: Annotated[str, Option(metavar="auto|classes|labels|numbers")] = "auto",
    seed: Annotated[int, Option(metavar="N", help="Of folds and of what models draw.")] = 0,
    json_file: JsonFile = None,
    quiet: Annotated[bool, Option("--quiet", "-q", help="Print the table only.")] = False,
) -> int:
    """Compare classical models: cross-validated, ranked, with 95 % intervals.

    gradwise baselines iris.csv --target species
    gradwise baselines house.parquet --target price --time sold --metric mae
    gradwise baselines photos/ --only k-nn,svm-rbf,logistic-regression
    gradwise baselines big.csv --target y --seconds 60 --skip svm
    gradwise baselines --run .gradwise/runs/20261121-102833-iris

    Everything is fitted to the training rows of each fold alone: gaps, categories, scaling, and settings,
    which are searched in 3 folds of their own.  `beside the best` is a paired test (corrected resampled t,
    Holm).  When the time is up, or after Ctrl-C, what is done is shown.  `gradwise explain ridge` has a page
    for each model.  Neither PyTorch nor a GPU is used.

    Exit codes: 0 compared, 2 wrong use, 130 interrupted.
    """
    if json_file is not None:
        check_writable(json_file)
    reading: dict[str, Any] = {
        "time": time, "group": group, "ids": ids, "text": text, "drop": list(drop or ()),
        "series": list(series or ()), "task": task, "image_size": image_size,
    }  # fmt: skip
    places, names, beside = list(data or ()), list(target or ()), None
    if run is not None:
        beside, known = _beside(run)
        if not places:
            if names or any({**reading, "task": task != "auto"}.values()):
                raise UsageError(
                    "--run without data reads its own data as it did; name the data to read otherwise."
                )
            places, reading = known["paths"], known["options"]
            names = reading.pop("target", None) or []
            names = [names] if isinstance(names, str) else names
    if not places:
        raise UsageError("no data was given; try `gradwise baselines data.csv --target COLUMN`.")
    if seed < 0:
        raise UsageError(f"--seed takes a whole number from 0 on, not {seed}.")

    from gradwise.baselines.comparing import compare
    from gradwise.cli.baselines_page import render, show_json
    from gradwise.cli.baselines_progress import BaselinesProgress
    from gradwise.cli.screen import Screen

    with BaselinesProgress(quiet=quiet) as progress:
        made = compare(
            places[0] if len(places) == 1 else places,
            target=names or None,
            only=only or (),
            skip=skip or (),
            folds=folds,
            metric=metric,
            seconds=seconds,
            seed=seed,
            listener=progress,
            beside=beside,
            **reading,
        )
    if json_file is not None:
        show_json(made, json_file)
    if json_file is None or str(json_file) != "-":
        screen = Screen.of(sys.stdout)
        screen.show(render(made, screen.width))
    return INTERRUPTED if made.interrupted else 0


def _beside(run: Path) -> tuple[Beside, dict[str, Any]]:
    """The network of a run, and how its data was read."""
    from gradwise.baselines.comparing import Beside
    from gradwise.cli.screen import shown_path
    from gradwise.fitting.record import Record

    record = Record.read(run)
    verdict, data = record.verdict, record.data
    if "score" not in verdict or "fingerprint" not in data:
        raise UsageError(f"{run} has no score on validation rows; finish its fit first (--resume).")
    given = {name: value for name, value in record.config.items() if value is not None}
    beside = Beside(
        f"run {shown_path(run)}",
        verdict["metric"],
        verdict["score"],
        data["fingerprint"],
        valid=float(given.get("valid", VALID)),
        test=float(given.get("test", 0.0)),
        seed=int(given.get("seed", 0)),
    )
    return beside, {"paths": list(data["paths"]), "options": dict(data["options"])}
