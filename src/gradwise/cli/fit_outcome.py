"""How a fit ended: verdict, findings, where everything lies; as text and as JSON."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from gradwise.cli.outcome import write_document
from gradwise.report.terminal import printable

if TYPE_CHECKING:
    from gradwise.fitting.run import Fitted


def show(fitted: Fitted, stream: TextIO) -> None:
    """Print the verdict, the doctor's findings and the next commands."""
    lines: list[str] = [""]
    record, verdict = fitted.record, fitted.verdict
    if record.status == "interrupted":
        lines.append(f"interrupted after {len(record.history)} epochs; everything learnt is kept")
    if verdict is not None:
        lines.append(f"{verdict.word}: {verdict.sentence}")
    for name, value in record.verdict.get("test", {}).items():
        lines.append(f"test     {name} {value:.4g} on rows that were never looked at")
    findings = record.verdict.get("findings", [])
    lines += [f"doctor   {item['code']} {item['rule']}: {item['message']}" for item in findings]
    if record.verdict and fitted.watched and not findings:
        lines.append("doctor   nothing found")
    place = _shown(fitted.directory)
    lines.append(f"run      {place}")
    if record.status == "interrupted":
        lines.append(f"next     gradwise fit --resume {place}")
    else:
        lines.append(f"next     gradwise predict {place} DATA    gradwise evaluate {place} DATA")
    stream.write(printable("\n".join(lines) + "\n", getattr(stream, "encoding", None)))
    stream.flush()


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


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)
