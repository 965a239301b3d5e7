"""``gradwise fit``: train a network from a data file."""

from __future__ import annotations

import atexit
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradwise.cli.options import JsonFile, check_writable
from gradwise.errors import MissingDependencyError, UsageError

if TYPE_CHECKING:
    from gradwise.fitting.run import Fitted
    from gradwise.train.config import FitConfig

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
        Path | None, typer.Option(metavar="RUN", help="Go on with an interrupted fit, or with a heal of one.")
    ] = None,
    net: Annotated[
        str | None, typer.Option(metavar="NAME", help="mlp, cnn, resnet18, googlenet:aux=true, lstm, gru ...")
    ] = None,
    width: Annotated[int | None, typer.Option(metavar="N", help="Units of a hidden layer.")] = None,
    depth: Annotated[int | None, typer.Option(metavar="N", help="Hidden layers.")] = None,
    dropout: Annotated[float | None, typer.Option(metavar="P", help="Share of units dropped.")] = None,
    activation: Annotated[
        str | None, typer.Option(metavar="NAME", help="relu, gelu, leaky-relu:negative-slope=0.2 ...")
    ] = None,
    norm: Annotated[
        str | None, typer.Option(metavar="NAME", help="batch-norm, layer-norm, group-norm:groups=8, none ...")
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Of inputs: standardize, min-max, contrast (images, series), none."
        ),
    ] = None,
    epochs: Annotated[int | None, typer.Option(metavar="N", help="Passes over the data, at most.")] = None,
    batch_size: Annotated[int | None, typer.Option(metavar="N", help="Examples per step.")] = None,
    rate: Annotated[
        float | None, typer.Option(metavar="R", help="Learning rate [default: found by a range test].")
    ] = None,
    range_test: Annotated[
        Path | None,
        typer.Option(
            "--range-test",
            metavar="FILE",
            help="Only look for a rate: print it, draw loss against rate in FILE (html), train nothing.",
        ),
    ] = None,
    optimizer: Annotated[str | None, typer.Option(metavar="NAME", help="adamw, momentum, l-bfgs ...")] = None,
    schedule: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="one-cycle, cosine, linear, step:every=10,factor=0.5, plateau:divide=5,patience=3, constant "
            "...; most can warm up: cosine:warm-up=0.05.",
        ),
    ] = None,
    loss: Annotated[
        str | None, typer.Option(metavar="NAME", help="cross-entropy, focal, center, mse ...")
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="he, glorot, orthogonal, normal:std=0.02, pretrained:path=FILE ... [default: the net's].",
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|RUN",
            help="Begin with these: .safetensors, .pth (published ones too), or the directory of a fit.",
        ),
    ] = None,
    freeze: Annotated[
        str | None,
        typer.Option(metavar="all|all-but-N", help="Only the last layer, or the last N stages, learn."),
    ] = None,
    unfreeze_every: Annotated[
        int | None, typer.Option(metavar="EPOCHS", help="Thaw one more stage, from the end, after so many.")
    ] = None,
    rate_decay: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Rate of a stage over that of the next one, e.g. 0.8."),
    ] = None,
    teacher: Annotated[
        str | None, typer.Option(metavar="RUN", help="Learn from the network of this fit too (distillation).")
    ] = None,
    distill: Annotated[
        str | None,
        typer.Option(metavar="OPTIONS", help="How [default: temperature=4,weight=0.9]."),
    ] = None,
    weight_decay: Annotated[float | None, typer.Option(metavar="D")] = None,
    clip: Annotated[float | None, typer.Option(metavar="NORM", help="Largest gradient norm.")] = None,
    augment: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Change training batches: flip,rotate:degrees=9,mixup ...; auto."),
    ] = None,
    regularize: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES", help="l1:strength=1e-4,max-norm:norm=3, l2, l0, dropout, swa, noise ..."
        ),
    ] = None,
    class_weights: Annotated[str | None, typer.Option(metavar="auto|yes|no")] = None,
    resample: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Training rows of rare classes: over, under, smote:k-neighbors=3, borderline-smote, adasyn.",
        ),
    ] = None,
    balanced_batches: Annotated[
        bool, typer.Option("--balanced-batches", help="Classes fill even shares of every batch.")
    ] = False,
    threshold: Annotated[
        str | None,
        typer.Option(
            metavar="P",
            help="Of two classes or labels: 0.3, or best on validation by f1, balanced-accuracy, "
            "cost:miss=50; auto.",
        ),
    ] = None,
    patience: Annotated[
        int | None, typer.Option(metavar="N", help="Epochs without improvement before it stops; 0: never.")
    ] = None,
    valid: Annotated[float | None, typer.Option(metavar="SHARE", help="Rows kept for validation.")] = None,
    test: Annotated[float | None, typer.Option(metavar="SHARE", help="Rows kept for a final test.")] = None,
    time: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="When a row was taken: the split is by time; with --id, the order within a series.",
        ),
    ] = None,
    group: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Rows of one group stay on one side of the split.")
    ] = None,
    ids: Annotated[
        str | None,
        typer.Option("--id", metavar="COLUMN", help="Which series a row of a long table belongs to."),
    ] = None,
    series: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="Lists of numbers, as 0.1 0.2 0.3 in a cell (repeatable) [default: found].",
        ),
    ] = None,
    text: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The column that holds text, read as words.")
    ] = None,
    image_size: Annotated[
        int | None,
        typer.Option(metavar="N", help="Pixels of the longer side of images [default: theirs, up to 224]."),
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Leave a column out (repeatable).")
    ] = None,
    task: Annotated[str, typer.Option(metavar="auto|classes|labels|numbers")] = "auto",
    seed: Annotated[int | None, typer.Option(metavar="N", help="Of everything random.")] = None,
    runs: Annotated[
        int | None, typer.Option(metavar="N", help="Train N nets with seeds of their own and average them.")
    ] = None,
    together: Annotated[
        str | None, typer.Option(metavar="auto|yes|no", help="All runs at once [default: the faster way].")
    ] = None,
    precision: Annotated[str | None, typer.Option(metavar="auto|float32|bf16")] = None,
    layout: Annotated[str | None, typer.Option(metavar="auto|contiguous|channels-last")] = None,
    fused: Annotated[
        str | None, typer.Option(metavar="auto|yes|no", help="The optimizer updates all weights at once.")
    ] = None,
    compile_: Annotated[str | None, typer.Option("--compile", metavar="auto|yes|no")] = None,
    threads: Annotated[int | None, typer.Option(metavar="N")] = None,
    device: Annotated[str | None, typer.Option(metavar="NAME", help="cpu, cuda ...")] = None,
    ema: Annotated[float | None, typer.Option(metavar="DECAY", help="Average the weights.")] = None,
    save_every: Annotated[
        float | None, typer.Option(metavar="S", help="Seconds between checkpoints [default: 60].")
    ] = None,
    no_doctor: Annotated[bool, typer.Option("--no-doctor", help="Do not watch the training.")] = False,
    heal: Annotated[
        bool, typer.Option("--heal", help="Try settings that cure what is found; keep what is proven.")
    ] = False,
    heal_budget: Annotated[
        str, typer.Option(metavar="TIME", help="Of --heal, for all fits together: 90s, 10m, 2h.")
    ] = "10m",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Run directory [default: a new one in .gradwise/runs].")
    ] = None,
    json_file: JsonFile = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only how it ended.")] = False,
) -> int:
    """Train a network from a data file; every choice is shown with its reason.

    gradwise fit iris.csv --target species
    gradwise fit photos/ --net resnet18 --epochs 20
    gradwise fit sales.parquet --target price --time date
    gradwise fit sensors.csv --target fault --id machine --time second
    gradwise fit iris.csv --target species --runs 8
    gradwise fit iris.csv --target species --range-test rates.html
    gradwise fit photos/ --net resnet18 --weights resnet18.pth --freeze all --unfreeze-every 2
    gradwise fit photos/ --weights .gradwise/runs/20261121-102833-other --rate-decay 0.8
    gradwise fit photos/ --net lenet-5 --teacher .gradwise/runs/20261121-102833-photos
    gradwise fit iris.csv --target species --heal
    gradwise fit --resume .gradwise/runs/20261121-102833-iris

    Exit codes: 0 it learnt, 1 it did not beat guessing, 2 wrong use, 130 interrupted.
    """
    given = {
        "net": net, "width": width, "depth": depth, "dropout": dropout, "epochs": epochs,
        "activation": activation, "norm": norm, "scale": scale,
        "batch_size": batch_size, "rate": rate, "optimizer": optimizer, "schedule": schedule, "loss": loss,
        "init": init, "weights": weights, "freeze": freeze, "unfreeze_every": unfreeze_every,
        "rate_decay": rate_decay, "teacher": teacher, "distill": distill,
        "weight_decay": weight_decay, "clip": clip, "class_weights": class_weights,
        "resample": resample, "balanced_batches": balanced_batches or None, "threshold": threshold,
        "augment": augment, "regularize": regularize, "patience": patience, "valid": valid, "test": test,
        "seed": seed, "runs": runs,
        "together": together, "precision": precision, "layout": layout, "fused": fused,
        "compile": compile_, "threads": threads, "device": device,
        "ema": ema, "save_every": save_every, "doctor": False if no_doctor else None,
    }  # fmt: skip
    reading = {
        "time": time, "group": group, "ids": ids, "text": text, "drop": list(drop or ()),
        "series": list(series or ()), "task": task, "image_size": image_size,
    }  # fmt: skip
    given = {name: value for name, value in given.items() if value is not None}
    if json_file is not None:
        check_writable(json_file)
    _need("torch")
    if range_test is not None:
        check_writable(range_test, "--range-test")
    if resume is not None:
        if (
            range_test
            or data
            or target
            or given
            or config
            or out
            or heal
            or any({**reading, "task": task != "auto"}.values())
        ):
            raise UsageError("--resume goes on with the data and settings of its run; give no others.")
        return _finish(_resume(resume, heal_budget, quiet), json_file, quiet)
    if not data:
        raise UsageError("no data was given; try `gradwise fit data.csv --target COLUMN`.")
    chosen, target = _settings(config, target, given)
    if range_test is not None:
        from gradwise.cli.range_test import run_range_test

        return run_range_test(
            data, target, reading, chosen, page=range_test, json_file=json_file, quiet=quiet
        )
    if heal:
        from gradwise.cli.fit_heal import heal_fit
        from gradwise.cli.heal import duration

        seconds = duration(heal_budget)
        healed = heal_fit(data, target, reading, chosen, out, seconds=seconds, quiet=quiet)
        return _finish(healed, json_file, quiet)
    return _finish(_fit(data, target, reading, chosen, out, quiet), json_file, quiet)


def _need(package: str) -> None:
    import importlib.util

    if importlib.util.find_spec(package) is None:
        raise MissingDependencyError(
            f"`gradwise fit` needs {package}; install PyTorch (https://pytorch.org), or `gradwise[torch]`."
        )


def _settings(
    config: Path | None, target: list[str] | None, given: dict[str, Any]
) -> tuple[FitConfig, list[str] | None]:
    """Those of the file and of the options, which win; and the target, from either."""
    from gradwise.train.config import FitConfig

    settings = FitConfig.read(config) if config is not None else {}
    if "target" in settings:
        written = settings.pop("target")
        target = target or ([written] if isinstance(written, str) else list(written))
    settings = {name.replace("-", "_"): value for name, value in settings.items()}
    return FitConfig.make({**settings, **given}), names_or_none(target)


def _fit(
    data: list[str],
    target: list[str] | None,
    reading: dict[str, Any],
    chosen: FitConfig,
    out: Path | None,
    quiet: bool,
) -> Fitted:
    from gradwise.cli.progress import Progress
    from gradwise.fitting.fit import fit_data

    with Progress(quiet=quiet) as progress:
        return fit_data(data, target=target, reading=reading, config=chosen, out=out, progress=progress)


def names_or_none(target: list[str] | None) -> list[str] | None:
    """Target columns; a name with a comma in it is taken as it is."""
    return list(target) if target else None


def _resume(run: Path, heal_budget: str, quiet: bool) -> Fitted:
    from gradwise.cli.progress import Progress
    from gradwise.fitting.fit import resume_fit
    from gradwise.heal.fits.asked import is_heal

    if is_heal(run):
        from gradwise.cli.fit_heal import resume_heal
        from gradwise.cli.heal import duration

        return resume_heal(run, duration(heal_budget), quiet=quiet)
    with Progress(quiet=quiet) as progress:
        return resume_fit(run, progress=progress)


def _leave_in_peace() -> None:
    """From here on Ctrl-C does nothing: all is written, and torch would show where it struck."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _finish(fitted: Fitted, json_file: Path | None, quiet: bool) -> int:
    """Show how it ended; the exit code."""
    from gradwise.cli.fit_outcome import show, write_json

    atexit.register(_leave_in_peace)
    if json_file is not None:
        write_json(fitted, json_file)
    with suppress(OSError):  # e.g. the log's disk is full; the run directory has it all
        show(fitted, sys.stderr, brief=quiet)
    if fitted.record.status == "interrupted":
        return INTERRUPTED
    return 0 if fitted.verdict is None or fitted.verdict.learnt else NOT_LEARNT
