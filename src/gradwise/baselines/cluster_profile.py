"""What tells a cluster from all rows: the numbers and words in which it stands out most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradwise.baselines.cluster_rows import PART_WORDS, Feature

Array = NDArray[Any]

MOST_TRAITS = 3  # of a cluster
LEAST = 0.2  # deviations; a smaller difference is small by Cohen, Statistical Power Analysis, 1988
BLOCK = 65_536  # rows summed at once


@dataclass(frozen=True, slots=True)
class Trait:
    """One thing in which a cluster differs.

    Args:
        column: of the data.
        kind: of the feature, see `gradwise.baselines.cluster_rows.Feature`.
        word: that the cluster has more or less of; of a date the part.
        here: mean in the cluster, or share of the word.
        all: the same over all rows.
        effect: difference in standard deviations of all rows.
    """

    column: str
    kind: str
    word: str
    here: float
    all: float
    effect: float

    def line(self) -> str:
        """In words.

        >>> Trait("age", "number", "", 61.0, 40.0, 1.5).line()
        'age 61 (all 40; +1.5 sd)'
        >>> Trait("town", "word", "Rome", 0.5, 0.25, 0.58).line()
        "town 'Rome' 50 % (all 25 %)"
        """
        if self.word == "day" and self.kind == "date":
            return f"{self.column} {_day(self.here)} (all {_day(self.all)}; {self.effect:+.1f} sd)"
        if self.kind in ("number", "date"):
            name = f"{self.word} of {self.column}" if self.word else self.column
            return f"{name} {self.here:.4g} (all {self.all:.4g}; {self.effect:+.1f} sd)"
        what = {"word": f" {self.word!r}", "yes-no": " yes", "gap": " missing"}.get(self.kind, "")
        if self.kind == "pixel":
            return f"{self.column} {self.effect:+.1f} sd"
        return f"{self.column}{what} {_percent(self.here)} (all {_percent(self.all)})"


def traits(values: Array, features: Sequence[Feature], labels: Array, clusters: int) -> list[list[Trait]]:
    """For each cluster what sets it apart most, the largest difference first.

    Numbers are compared by their mean, words by their share, both in standard deviations of all rows.

    Args:
        values: (N, D) as in `ClusterRows`.
        features: what the D numbers are.
        labels: (N,) cluster of every row, from 0.
        clusters: how many there are.
    """
    sums = np.zeros((clusters, values.shape[1]))
    squares = np.zeros(values.shape[1])
    for start in range(0, len(values), BLOCK):
        block = values[start : start + BLOCK].astype(np.float64)
        sums += np.eye(clusters)[labels[start : start + BLOCK]].T @ block
        squares += (block**2).sum(axis=0)
    sizes = np.bincount(labels, minlength=clusters)
    mean = sums.sum(axis=0) / len(values)
    spread = np.sqrt(np.maximum(squares / len(values) - mean**2, 0.0))
    here = sums / np.maximum(sizes, 1)[:, None]
    effect = np.divide(here - mean, spread, out=np.zeros_like(here), where=spread > 1e-6)
    return [_of_cluster(features, here[number], mean, effect[number]) for number in range(clusters)]


def _of_cluster(features: Sequence[Feature], here: Array, mean: Array, effect: Array) -> list[Trait]:
    found: list[Trait] = []
    told: set[str] = set()
    for at in np.argsort(-np.abs(effect), kind="stable"):
        feature = features[at]
        rare = feature.kind == "word" and effect[at] < 0  # what a cluster has tells more than what it lacks
        if feature.column in told or rare or abs(effect[at]) < LEAST:
            continue
        told.add(feature.column)
        factor = 1 / float(PART_WORDS) if feature.kind == "yes-no" else feature.scale
        mine, all_rows = (float(value * factor + feature.mean) for value in (here[at], mean[at]))
        found.append(Trait(feature.column, feature.kind, feature.word, mine, all_rows, float(effect[at])))
        if len(found) == MOST_TRAITS:
            break
    return found


def _day(number: float) -> str:
    """A day as it is written, from its number since 1970.

    >>> _day(18262.4)
    '2020-01-01'
    """
    return str(np.datetime64("1970-01-01", "D") + np.timedelta64(round(number), "D"))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.095 or share == 0 else f"{100 * share:.2g} %"
