"""``gradwise predict`` and ``gradwise evaluate``: the use of a fitted network."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gradwise.cli.fit_outcome import finite
from gradwise.cli.options import JsonFile, check_writable
from gradwise.cli.outcome import write_document
from gradwise.cli.score_page import render
from gradwise.errors import UsageError
from gradwise.report.terminal import printable

if TYPE_CHECKING:
    from gradwise.fitting.predictions import Predictions

Run = Annotated[Path, typer.Argument(help="Run directory of a fit.", show_default=False)]
Data = Annotated[list[str], typer.Argument(help="Data as `gradwise fit` takes it.", show_default=False)]


def predict_command(
    run: Run,
    data: Data,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="csv or parquet [default: csv to stdout]."),
    ] = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", "-p", help="Also the probability of every class or label.")
    ] = False,
) -> int:
    """Predict with a fitted network; data is prepared exactly as it was for training.

    gradwise predict .gradwise/runs/20261121-102833-iris new.csv > predictions.csv
    gradwise predict RUN new.parquet --probabilities --out predictions.parquet

    One row comes out for each row of the data, in its order; a row that holds nothing gets an empty one.
    Images and series are named beside their predictions.  Columns may stand in any order, those that
    training did not use are ignored.  Categories that training did not see are handled as unknown and
    counted on standard error.  FILE is there in full or not at all.
    """
    from gradwise.fitting.network import load
    from gradwise.fitting.predictions import Predictions

    if out is not None:
        _check_out(out, data)
    network = load(run)
    source = network.open(data)
    place = Path(data[0]) if Path(data[0]).is_dir() else Path(data[0]).parent
    predictions = Predictions(network, source, place, probabilities)
    if out is None:
        _print(predictions)
    elif out.suffix == ".parquet":
        _write_parquet(predictions, out)
    else:
        _write_csv(predictions, out)
    for line in predictions.notes():
        print(printable(f"gradwise: {line}", getattr(sys.stderr, "encoding", None)), file=sys.stderr)
    return 0


def _check_out(out: Path, data: list[str]) -> None:
    """See that the predictions can be written, before a long run begins."""
    check_writable(out, "--out")
    if out.suffix not in (".csv", ".parquet"):
        raise UsageError(f"--out takes a name that ends in .csv or .parquet, not {out.name}.")
    if not out.exists():
        return
    from gradwise.data.table_files import find_files

    if any(out.samefile(file) for place in data for file in find_files(place)):
        raise UsageError(f"--out {out} is the data itself; choose another name.")


def _lines(predictions: Predictions) -> Iterator[bytes]:
    """The predictions as csv, block by block."""
    for number, frame in enumerate(predictions.blocks()):
        yield frame.write_csv(include_header=number == 0).encode("utf-8")


def _print(predictions: Predictions) -> None:
    """Write csv to standard output; says so where an error leaves it half written."""
    try:
        for lines in _lines(predictions):
            sys.stdout.buffer.write(lines)
    except UsageError as error:
        if not predictions.written:
            raise
        raise UsageError(f"{error} (The first {predictions.written:,} rows were printed.)") from error
    finally:
        sys.stdout.buffer.flush()


def _write_csv(predictions: Predictions, out: Path) -> None:
    with _draft(out) as draft, draft.open("wb") as stream:
        for lines in _lines(predictions):
            stream.write(lines)


def _write_parquet(predictions: Predictions, out: Path) -> None:
    import polars as pl

    with _draft(out) as draft:
        pl.concat(predictions.blocks()).write_parquet(draft)


@contextmanager
def _draft(out: Path) -> Iterator[Path]:
    """A file beside ``out`` that takes its place when all went well, and vanishes otherwise."""
    draft = out.with_name(f"{out.name}.part")
    try:
        yield draft
        draft.replace(out)
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"--out {out} cannot be written ({reason}); choose another place.") from error
    finally:
        draft.unlink(missing_ok=True)


def evaluate_command(run: Run, data: Data, json_file: JsonFile = None) -> int:
    """Score a fitted network on data that has the target: metrics, per class, confusion, calibration.

    gradwise evaluate .gradwise/runs/20261121-102833-iris test.csv
    gradwise evaluate RUN test.csv --json scores.json

    Probabilities are scored by log loss, Brier score and calibration error (15 bins), two classes and
    labels by ROC AUC and average precision; numbers by R2, explained variance, RMSE and MAE, per target
    too.  --json also holds the whole confusion matrix and the reliability of each bin.
    """
    from gradwise.fitting.network import load

    if json_file is not None:
        check_writable(json_file)
    network = load(run)
    scores = network.evaluate(network.open(data, with_target=True))
    if json_file is None or str(json_file) != "-":
        text = render(scores, network.task.classes)
        sys.stdout.write(printable(text, getattr(sys.stdout, "encoding", None)))
    if json_file is not None:
        document = {
            "schema": 1, "metrics": scores.metrics, "per_class": scores.per_class,
            "per_target": scores.per_target, "confusion": scores.confusion,
            "classes": list(network.task.classes), "reliability": scores.reliability, "notes": scores.notes,
        }  # fmt: skip
        write_document(finite(document), json_file)
    return 0
