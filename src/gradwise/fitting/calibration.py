"""Does a probability mean what it says?  Reliability over bins, and the errors drawn from it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

BINS = 15  # equal widths, as in Guo et al. 2017 (arXiv 1706.04599), section 5


def reliability(confidence: Array, right: Array, bins: int = BINS) -> list[dict[str, Any]]:
    """How often answers of each confidence are right.

    Bins have equal widths and hold their upper end, ((m - 1) / M, m / M] (arXiv 1706.04599, equation 2).

    Args:
        confidence: (N,) probability given to each answer.
        right: (N,) whether the answer is right.
        bins: how many, M.

    Returns:
        One entry per bin: ``low``, ``high``, ``rows``, mean ``confidence`` and ``accuracy``; the last two are
        NaN where no row falls.

    >>> [row["accuracy"] for row in reliability(np.array([0.2, 0.9, 1.0]), np.array([0, 0, 1]), bins=2)]
    [0.0, 0.5]
    """
    edges = np.linspace(0.0, 1.0, bins + 1)
    where = np.searchsorted(edges[1:-1], confidence)  # an inner edge belongs to the bin below it
    rows = np.bincount(where, minlength=bins)
    sums = np.bincount(where, np.asarray(confidence, np.float64), bins)
    hits = np.bincount(where, np.asarray(right, np.float64), bins)
    entries = []
    for at in range(bins):
        held = int(rows[at])
        entries.append({
            "low": float(edges[at]), "high": float(edges[at + 1]), "rows": held,
            "confidence": float(sums[at] / held) if held else float("nan"),
            "accuracy": float(hits[at] / held) if held else float("nan"),
        })  # fmt: skip
    return entries


def calibration_error(table: list[dict[str, Any]]) -> float:
    """Expected calibration error: distance of confidence and accuracy, the mean over all rows.

    arXiv 1706.04599, equation 3.

    >>> calibration_error(reliability(np.array([0.9, 0.9]), np.array([True, False])))
    0.4
    """
    filled = [entry for entry in table if entry["rows"]]
    total = sum(entry["rows"] for entry in filled)
    if not total:
        return float("nan")
    return float(
        sum(abs(entry["confidence"] - entry["accuracy"]) * entry["rows"] for entry in filled) / total
    )
