"""``gradwise fit``: train a network from a data file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradwise.cli.options import JsonFile, Quiet, check_writable, names
from gradwise.errors import MissingDependencyError, UsageError

if TYPE_CHECKING:
    from gradwise.fitting.run import Fitted

NOT_LEARNT = 1
INTERRUPTED = 130

DATA_HELP = (
    "csv, tsv, parquet, arrow (also .gz and globs), a folder of images by class, idx, npz, UCR .ts/.tsv."
)


def fit_command(
    data: Annotated[list[str] | None, typer.Argument(help=DATA_HELP, show_default=False)] = None,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", "-t", metavar="COLUMN", help="What to predict (repeatable)."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Settings from a TOML file; options given here win.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Go on with an interrupted fit, from where it was.")
    ] = None,
    net: Annotated[str | None, typer.Option(metavar="NAME", help="mlp, cnn, resnet18, lstm, gru ...")] = None,
    width: Annotated[int | None, typer.Option(metavar="N", help="Units of a hidden layer.")] = None,
    depth: Annotated[int | None, typer.Option(metavar="N", help="Hidden layers.")] = None,
    dropout: Annotated[float | None, typer.Option(metavar="P", help="Share of units dropped.")] = None,
    epochs: Annotated[int | None, typer.Option(metavar="N", help="Passes over the data, at most.")] = None,
    batch_size: Annotated[int | None, typer.Option(metavar="N", help="Examples per step.")] = None,
    rate: Annotated[
        float | None, typer.Option(metavar="R", help="Learning rate [default: found by a range test].")
    ] = None,
    optimizer: Annotated[str | None, typer.Option(metavar="NAME", help="adamw, adam, momentum ...")] = None,
    schedule: Annotated[
        str | None, typer.Option(metavar="NAME", help="one-cycle, cosine, plateau, step, constant ...")
    ] = None,
    loss: Annotated[str | None, typer.Option(metavar="NAME", help="cross-entropy, focal, mse ...")] = None,
    init: Annotated[str | None, typer.Option(metavar="NAME", help="he, glorot, orthogonal ...")] = None,
    weight_decay: Annotated[float | None, typer.Option(metavar="D")] = None,
    clip: Annotated[float | None, typer.Option(metavar="NORM", help="Largest gradient norm.")] = None,
    class_weights: Annotated[str | None, typer.Option(metavar="auto|yes|no")] = None,
    patience: Annotated[
        int | None, typer.Option(metavar="N", help="Epochs without improvement before it stops; 0: never.")
    ] = None,
    valid: Annotated[float | None, typer.Option(metavar="SHARE", help="Rows kept for validation.")] = None,
    test: Annotated[float | None, typer.Option(metavar="SHARE", help="Rows kept for a final test.")] = None,
    time: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="When a row was taken: the split is by time.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Rows of one group stay on one side of the split.")
    ] = None,
    ids: Annotated[
        str | None, typer.Option("--id", metavar="COLUMN", help="Which sequence a row belongs to.")
    ] = None,
    text: Annotated[str | None, typer.Option(metavar="COLUMN", help="The column that holds text.")] = None,
    drop: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Leave a column out (repeatable).")
    ] = None,
    task: Annotated[str, typer.Option(metavar="auto|classes|labels|numbers")] = "auto",
    seed: Annotated[int | None, typer.Option(metavar="N", help="Of everything random.")] = None,
    precision: Annotated[str | None, typer.Option(metavar="auto|float32|bf16")] = None,
    layout: Annotated[str | None, typer.Option(metavar="auto|contiguous|channels-last")] = None,
    compile_: Annotated[str | None, typer.Option("--compile", metavar="auto|yes|no")] = None,
    threads: Annotated[int | None, typer.Option(metavar="N")] = None,
    device: Annotated[str | None, typer.Option(metavar="NAME", help="cpu, cuda ...")] = None,
    ema: Annotated[float | None, typer.Option(metavar="DECAY", help="Average the weights.")] = None,
    no_doctor: Annotated[bool, typer.Option("--no-doctor", help="Do not watch the training.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Run directory [default: a new one in .gradwise/runs].")
    ] = None,
    json_file: JsonFile = None,
    quiet: Quiet = False,
) -> int:
    """Train a network from a data file; every choice is shown with its reason.

    gradwise fit iris.csv --target species
    gradwise fit photos/ --net resnet18 --epochs 20
    gradwise fit sales.parquet --target price --time date
    gradwise fit --resume .gradwise/runs/20261121-102833-iris

    Exit codes: 0 it learnt, 1 it did not beat guessing, 2 wrong use, 130 interrupted.
    """
    given = {
        "net": net, "width": width, "depth": depth, "dropout": dropout, "epochs": epochs,
        "batch_size": batch_size, "rate": rate, "optimizer": optimizer, "schedule": schedule, "loss": loss,
        "init": init, "weight_decay": weight_decay, "clip": clip, "class_weights": class_weights,
        "patience": patience, "valid": valid, "test": test, "seed": seed, "precision": precision,
        "layout": layout, "compile": compile_, "threads": threads, "device": device, "ema": ema,
        "doctor": False if no_doctor else None,
    }  # fmt: skip
    reading = {"time": time, "group": group, "ids": ids, "text": text, "drop": names(drop), "task": task}
    given = {name: value for name, value in given.items() if value is not None}
    if json_file is not None:
        check_writable(json_file)
    _need("torch")
    if resume is not None:
        if data or target or given:
            raise UsageError("--resume goes on with the data and settings of its run; give no others.")
        return _finish(_resume(resume, quiet), json_file, quiet)
    if not data:
        raise UsageError("no data was given; try `gradwise fit data.csv --target COLUMN`.")
    return _finish(_fit(data, target, reading, given, config, out, quiet), json_file, quiet)


def _need(package: str) -> None:
    import importlib.util

    if importlib.util.find_spec(package) is None:
        raise MissingDependencyError(
            f"`gradwise fit` needs {package}; install PyTorch (https://pytorch.org), or `gradwise[torch]`."
        )


def _fit(
    data: list[str],
    target: list[str] | None,
    reading: dict[str, Any],
    given: dict[str, Any],
    config: Path | None,
    out: Path | None,
    quiet: bool,
) -> Fitted:
    from gradwise.cli.progress import Progress
    from gradwise.fitting.fit import fit_data
    from gradwise.train.config import FitConfig

    settings = FitConfig.read(config) if config is not None else {}
    if "target" in settings:
        written = settings.pop("target")
        target = target or ([written] if isinstance(written, str) else list(written))
    settings = {name.replace("-", "_"): value for name, value in settings.items()}
    chosen = FitConfig.make({**settings, **given})
    with Progress(quiet=quiet) as progress:
        return fit_data(
            data, target=names_or_none(target), reading=reading, config=chosen, out=out, progress=progress
        )


def names_or_none(target: list[str] | None) -> list[str] | None:
    """Target columns; a name with a comma in it is taken as it is."""
    return list(target) if target else None


def _resume(run: Path, quiet: bool) -> Fitted:
    from gradwise.cli.progress import Progress
    from gradwise.fitting.fit import resume_fit

    with Progress(quiet=quiet) as progress:
        return resume_fit(run, progress=progress)


def _finish(fitted: Fitted, json_file: Path | None, quiet: bool) -> int:
    """Show how it ended; the exit code."""
    from gradwise.cli.fit_outcome import show, write_json

    if json_file is not None:
        write_json(fitted, json_file)
    if not quiet:
        show(fitted, sys.stderr)
    if fitted.record.status == "interrupted":
        return INTERRUPTED
    return 0 if fitted.verdict is None or fitted.verdict.learnt else NOT_LEARNT
