"""What silhouettes come to on data like the given one in which there are no clusters.

k-means parts any cloud, and the parts of a long or flat cloud have fair silhouettes.  So the same is done to
sets that are made without clusters: as long and wide in every direction as the data, either evenly filled
(the reference of the gap statistic: Tibshirani, Walther, Hastie, Journal of the Royal Statistical Society B
63, 2001, section 3, version b) or one normal cloud (the null of SigClust: Liu, Hayes, Nobel, Marron, Journal
of the American Statistical Association 103, 2008).  Columns with few different values are shuffled instead,
each by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SETS = 20  # made, half of each form; one in 21 is then the chance of beating all of them without clusters
MOST_ROWS = 2_000  # of a set and of the data beside it; silhouettes hardly move beyond


@dataclass(frozen=True, slots=True)
class Reference:
    """How the data compares with sets without clusters.

    Args:
        silhouette: mean of the data's rows (a sample of them), grouped as the sets are.
        even: means of the evenly filled sets.
        normal: means of the normal clouds.
        rows: of each set.
    """

    silhouette: float
    even: tuple[float, ...]
    normal: tuple[float, ...]
    rows: int

    @property
    def highest(self) -> float:
        """The best of all sets."""
        return max(self.even + self.normal)

    @property
    def structure(self) -> bool:
        """Whether the data beats every set."""
        return self.silhouette > self.highest


def compare(
    values: Array,
    heaped: Array,
    mean_silhouette: Callable[[Array], float],
    *,
    seed: int,
    moved: Callable[[int, int], None],
) -> Reference:
    """Group the data and sets without clusters alike, and compare their silhouettes.

    Args:
        values: (N, D).
        heaped: (D,) bool: columns of few different values.
        mean_silhouette: groups rows and tells their mean silhouette.
        seed: of the sets and the sample.
        moved: hears how many sets are done, of how many.
    """
    random = np.random.default_rng(seed)
    sample = values
    if len(values) > MOST_ROWS:
        sample = values[np.sort(random.choice(len(values), MOST_ROWS, replace=False))]
    own = mean_silhouette(sample)
    found: tuple[list[float], list[float]] = [], []
    for number in range(SETS):
        made = without_clusters(sample, heaped, random, even=number % 2 == 0)
        found[number % 2].append(mean_silhouette(made))
        moved(number + 1, SETS)
    return Reference(own, tuple(found[0]), tuple(found[1]), len(sample))


def without_clusters(values: Array, heaped: Array, random: np.random.Generator, *, even: bool) -> Array:
    """As many rows, as long and wide as ``values``, from one cloud.

    Args:
        values: (N, D).
        heaped: (D,) bool: columns that are shuffled.
        random: draws.
        even: evenly filled between the extremes along every principal axis; else normal.

    Returns:
        (N, D) float32.
    """
    made = values.astype(np.float32, copy=True)
    for column in np.flatnonzero(heaped):
        made[:, column] = random.permutation(made[:, column])
    smooth = values[:, ~heaped].astype(np.float64)
    if smooth.shape[1]:
        mean = smooth.mean(axis=0)
        _, spread, axes = np.linalg.svd(smooth - mean, full_matrices=False)
        if even:
            along = (smooth - mean) @ axes.T
            drawn = random.uniform(along.min(axis=0), along.max(axis=0), along.shape)
        else:
            drawn = random.normal(size=(len(values), len(spread))) * spread / np.sqrt(len(values))
        made[:, ~heaped] = drawn @ axes + mean
    return made
