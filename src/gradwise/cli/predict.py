"""``gradwise predict`` and ``gradwise evaluate``: the use of a fitted network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gradwise.cli.fit_outcome import finite
from gradwise.cli.options import JsonFile, check_writable
from gradwise.cli.outcome import write_document
from gradwise.errors import UsageError
from gradwise.report.terminal import printable

if TYPE_CHECKING:
    import polars as pl

    from gradwise.fitting.network import Network
    from gradwise.fitting.scores import Scores

WIDEST_CONFUSION = 12  # classes; a larger matrix goes to --json

Run = Annotated[Path, typer.Argument(help="Run directory of a fit.", show_default=False)]
Data = Annotated[list[str], typer.Argument(help="Data as `gradwise fit` takes it.", show_default=False)]


def predict_command(
    run: Run,
    data: Data,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="csv or parquet [default: stdout]."),
    ] = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", "-p", help="Also the probability of every class.")
    ] = False,
) -> int:
    """Predict with a fitted network; data is prepared exactly as it was for training.

    gradwise predict .gradwise/runs/20261121-102833-iris new.csv > predictions.csv
    gradwise predict RUN new.parquet --probabilities --out predictions.parquet

    Rows come out in the order of the data.  Categories that training did not
    see are handled as unknown; columns beside those used are ignored.
    """
    from gradwise.fitting.network import load

    if out is not None:
        check_writable(out, "--out")
        if out.suffix not in (".csv", ".parquet"):
            raise UsageError(f"--out takes a name that ends in .csv or .parquet, not {out.name}.")
    network = load(run)
    frame = _frame(network, data, probabilities=probabilities)
    if out is None:
        sys.stdout.write(frame.write_csv())
    elif out.suffix == ".parquet":
        frame.write_parquet(out)
    else:
        frame.write_csv(out)
    return 0


def _frame(network: Network, data: list[str], *, probabilities: bool) -> pl.DataFrame:
    """One row per row of the data."""
    import polars as pl

    outputs = network.outputs(network.open(data if len(data) > 1 else data[0]))
    decided, task = network.decide(outputs), network.task
    if task.kind == "classes":
        columns = {task.targets[0]: pl.Series(decided.tolist(), dtype=pl.String)}
    else:
        columns = {name: pl.Series(decided[:, at]) for at, name in enumerate(task.targets)}
    if probabilities and task.kind != "numbers":
        names = task.classes if task.kind == "classes" else task.targets
        columns |= {f"p({name})": pl.Series(outputs[:, at]) for at, name in enumerate(names)}
    return pl.DataFrame(columns)


def evaluate_command(run: Run, data: Data, json_file: JsonFile = None) -> int:
    """Score a fitted network on data that has the target: metrics, per class, confusion, calibration.

    gradwise evaluate .gradwise/runs/20261121-102833-iris test.csv
    gradwise evaluate RUN test.csv --json scores.json
    """
    from gradwise.fitting.network import load

    if json_file is not None:
        check_writable(json_file)
    network = load(run)
    scores = network.evaluate(network.open(data if len(data) > 1 else data[0], with_target=True))
    if json_file is None or str(json_file) != "-":
        text = render(scores, network.task.classes)
        sys.stdout.write(printable(text, getattr(sys.stdout, "encoding", None)))
    if json_file is not None:
        document = {
            "schema": 1, "metrics": scores.metrics, "per_class": scores.per_class,
            "confusion": scores.confusion, "classes": list(network.task.classes),
        }  # fmt: skip
        write_document(finite(document), json_file)
    return 0


def render(scores: Scores, classes: tuple[str, ...]) -> str:
    """The scores as a page of text."""
    lines = [f"{name:<18} {value:.4f}" for name, value in scores.metrics.items()]
    if scores.per_class:
        width = max(len(str(row["class"])) for row in scores.per_class)
        lines += ["", f"{'class':<{width}}  precision  recall     f1    rows"]
        lines += [
            f"{row['class']:<{width}}  {row['precision']:9.3f}  {row['recall']:6.3f}  {row['f1']:5.3f}  "
            f"{row['rows']:6}"
            for row in scores.per_class
        ]
    if scores.confusion and len(scores.confusion) <= WIDEST_CONFUSION:
        width = max(6, *(len(name) for name in classes))
        lines += ["", "truth \\ predicted"]
        lines.append(" " * width + "".join(f" {name[:7]:>7}" for name in classes))
        lines += [
            f"{name:<{width}}" + "".join(f" {count:7}" for count in row)
            for name, row in zip(classes, scores.confusion, strict=True)
        ]
    return "\n".join(lines) + "\n"
