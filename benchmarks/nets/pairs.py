"""Two ways to train, seed by seed: scores on the same rows, and the mean difference with its interval."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from gradwise.fitting.network import Network

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Difference:
    """Of two ways over the same seeds.

    Args:
        mean: of the differences.
        low: end of the interval that holds the true mean with 95 %, by Student's t.
        high: the other end.
    """

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, ones: Sequence[float], others: Sequence[float]) -> Difference:
        """Of pairs of scores, at least two.

        >>> Difference.of([0.9, 0.8], [0.8, 0.6]).mean
        0.15
        """
        apart = [one - other for one, other in zip(ones, others, strict=True)]
        half = float(t.ppf(0.5 + CONFIDENCE / 2, len(apart) - 1)) * stdev(apart) / len(apart) ** 0.5
        middle = round(fmean(apart), 12)
        return cls(middle, middle - half, middle + half)

    def __str__(self) -> str:
        return f"{self.mean:+.4f} (95 % interval {self.low:+.4f} to {self.high:+.4f})"


def accuracy(network: Network, pixels: NDArray[np.uint8], target: NDArray[np.int64], folder: str) -> float:
    """Share of images whose class is told; by the file that it is written to, as a user's would be."""
    place = f"{folder}/scored.npz"
    np.savez(place, x=pixels, y=target)
    return network.evaluate(place).metrics["accuracy"]


def by_seed(ways: Mapping[str, Callable[[int], float]], seeds: Sequence[int]) -> dict[str, list[float]]:
    """Every way with every seed, the ways by turns; a line on stderr for each seed."""
    scores: dict[str, list[float]] = {name: [] for name in ways}
    for seed in seeds:
        for name, way in ways.items():
            scores[name].append(way(seed))
        told = ", ".join(f"{name} {found[-1]:.4f}" for name, found in scores.items())
        print(f"seed {seed}: {told}", file=sys.stderr, flush=True)
    return scores


def report(scores: Mapping[str, Sequence[float]], base: str) -> str:
    """Mean accuracy of every way, and how far it is from the base."""
    lines = [f"{base}: {fmean(scores[base]):.4f}"]
    for name, found in scores.items():
        if name != base:
            lines.append(f"{name}: {fmean(found):.4f}, {Difference.of(found, scores[base])} over {base}")
    return "\n".join(lines)
