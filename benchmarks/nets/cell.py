"""One row in a process of its own: ``python -m benchmarks.nets.cell NAME --seconds 60``; prints a JSON result.

The budget is kept by planning: a pilot of a few batches tells how many examples a second are learnt from, then one
ordinary fit takes as many rows, or passes over all of them, as fit into the seconds, so that its schedule ends
where it should.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import gradwise
from benchmarks.nets.data import Files, files, first_rows, rows_of
from benchmarks.nets.rows import ROWS, Row

VALID = 0.1  # of the rows
PILOT_BATCHES = 5  # of the pilot's epochs; the first epoch warms up, the second is timed
FEWEST_BATCHES, MOST_EPOCHS = 10, 40  # of the fit, whatever the budget


@dataclass(frozen=True)
class Result:
    """What a row came to.

    Args:
        metric: ``accuracy`` or ``r2``, on the test rows.
        score: its value.
        tested: test rows.
        rows: training rows.
        epochs: passes over them.
        seconds: of training.
        samples_per_second: examples learnt from in a second of training.
        peak_memory_bytes: of the process, data, Python and torch included.
        weights: of the net.
        word: of the verdict: whether it has learnt.
        broken: findings of the group ``broken``.
        others: other findings.
    """

    metric: str
    score: float
    tested: int
    rows: int
    epochs: int
    seconds: float
    samples_per_second: float
    peak_memory_bytes: int
    weights: int
    word: str
    broken: list[str]
    others: list[str]


def run_row(row: Row, seconds: float) -> Result:
    """Train and judge.

    Raises:
        DataMissingError: its data set is not here.
    """
    data = files(row.data)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        available = rows_of(data)
        learnt = seconds * _pilot(row, data, place)  # examples that the budget allows
        rows = int(min(available, max(learnt / (1 - VALID), FEWEST_BATCHES * row.batch)))
        epochs = int(min(MOST_EPOCHS, max(1, round(learnt / (rows * (1 - VALID))))))
        fitted = _fit(row, data, place, rows, epochs=epochs, doctor=True)
        assert fitted.network is not None
        scores = fitted.network.evaluate(data.test)
    history = fitted.record.history
    trained = fitted.record.split["train"]
    findings = fitted.record.verdict["findings"]
    metric = "r2" if "r2" in scores.metrics else "accuracy"
    return Result(
        metric=metric,
        score=scores.metrics[metric],
        tested=_test_rows(data),
        rows=trained,
        epochs=len(history),
        seconds=fitted.record.seconds["train"],
        samples_per_second=len(history) / sum(1 / epoch["examples_per_second"] for epoch in history),
        peak_memory_bytes=_peak(),
        weights=sum(weight.numel() for weight in fitted.network.model.parameters()),
        word=fitted.record.verdict["word"],
        broken=[found["rule"] for found in findings if found["group"] == "broken"],
        others=[found["rule"] for found in findings if found["group"] != "broken"],
    )


def _pilot(row: Row, data: Files, folder: Path) -> float:
    """Examples a second."""
    rows = round(PILOT_BATCHES * row.batch / (1 - VALID))
    fitted = _fit(row, data, folder / "pilot", rows, epochs=2, doctor=False)
    return float(fitted.record.history[-1]["examples_per_second"])


def _fit(row: Row, data: Files, folder: Path, rows: int, **settings: Any) -> Any:
    folder.mkdir(exist_ok=True)
    place = first_rows(data, rows, folder)
    asked = {
        "net": row.net,
        "batch_size": row.batch,
        "rate": row.rate,
        "valid": VALID,
        **row.settings,
        **settings,
    }
    return gradwise.fit(place, out=folder / "run", **data.reading, **asked)


def _test_rows(data: Files) -> int:
    return rows_of(Files(data.test, data.test))


def _peak() -> int:
    """Bytes of resident memory at its highest.  VmHWM begins with the process, ru_maxrss may be its maker's."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> int:
    """Print the result as one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nets.cell", description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    (row,) = [row for row in ROWS if row.name == options.name]
    print(json.dumps(asdict(run_row(row, options.seconds))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
