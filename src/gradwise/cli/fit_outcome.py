"""How a fit ended: verdict, findings, where everything lies; as text and as JSON."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from gradwise.cli.outcome import write_document
from gradwise.cli.screen import shown_path
from gradwise.fitting.spread import Spread
from gradwise.fitting.timing import told
from gradwise.report.terminal import printable

if TYPE_CHECKING:
    from gradwise.fitting.record import Record
    from gradwise.fitting.run import Fitted


def show(fitted: Fitted, stream: TextIO, *, brief: bool = False) -> None:
    """Print the verdict, the doctor's findings and the next commands; ``brief``: only what is a result."""
    lines: list[str] = [] if brief else [""]
    record, verdict = fitted.record, fitted.verdict
    if record.status == "interrupted":
        lines.append(f"interrupted after {len(record.history)} epochs{_of_runs(record)}; all learnt is kept")
    if verdict is not None:
        lines.append(f"{verdict.word}: {verdict.sentence}")
    for name, value in record.verdict.get("test", {}).items():
        lines.append(f"test     {name} {value:.4g} on rows that were never looked at")
    lines += _runs(record)
    findings = record.verdict.get("findings", [])
    lines += [f"doctor   {item['code']} {item['rule']}: {item['message']}" for item in findings]
    if record.verdict and fitted.watched and not findings and not brief:
        lines.append("doctor   nothing found")
    if record.seconds and not brief:
        lines.append(f"time     {told(record.seconds)}")
    place = shown_path(fitted.directory)
    lines.append(f"run      {place}")
    if record.status == "interrupted":
        lines.append(f"next     gradwise fit --resume {place}")
    elif not brief:
        lines.append(f"next     gradwise predict {place} DATA    gradwise evaluate {place} DATA")
    stream.write(printable("\n".join(lines) + "\n", getattr(stream, "encoding", None)))
    stream.flush()


def _of_runs(record: Record) -> str:
    """Of a fit with several seeds that was interrupted in one of them."""
    runs = record.recipe.get("runs", 1)
    return "" if runs == 1 else f", with {len(record.members)} of {runs} runs"


def _runs(record: Record) -> list[str]:
    """What several seeds scored, each by itself."""
    lines = []
    for part, spreads in record.verdict.get("runs", {}).items():
        metric = record.verdict.get("metric", next(iter(spreads)))
        spread = Spread.from_dict(spreads[metric])
        mean = f"{metric} {spread} on {'validation' if part == 'valid' else part} rows"
        sure = (
            f"{100 * spread.level:.0f} % interval of the mean"
            if spread.half == spread.half
            else "no interval"
        )
        lines.append(f"runs     {mean} ({sure}; {min(spread.scores):.4g} to {max(spread.scores):.4g})")
    if lines:
        lines.append(
            "runs     all on one split: the interval tells of seeds alone; the verdict is of their average"
        )
    return lines


def write_json(fitted: Fitted, file: Path) -> None:
    """Write the whole record to a file, or to standard output for ``-``.

    Raises:
        UsageError: the file cannot be written.
    """
    document = {"schema": 1, "directory": str(fitted.directory), **asdict(fitted.record)}
    write_document(finite(document), file)


def finite(value: Any) -> Any:
    """The same with null for what JSON cannot hold.

    >>> finite({"a": [1.0, float("nan")]})
    {'a': [1.0, None]}
    """
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
