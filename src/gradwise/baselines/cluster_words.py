"""What the numbers of a clustering are called: the knee of a curve, silhouettes, agreement of starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gradwise.baselines.clustering import Clustering

SAME, SIMILAR = (
    0.90,
    0.65,
)  # adjusted Rand index (Steinley, Psychological Methods 9, 2004: excellent, moderate)
STRONG, FAIR, WEAK = 0.70, 0.50, 0.25  # mean silhouettes (Kaufman, Rousseeuw, Finding Groups in Data, 1990)


def knee(inertias: dict[int, float]) -> int | None:
    """The k at which a falling curve lies farthest below the line between its ends (Satopää et al., 2011).

    Both axes are brought to 0..1 first.  None for fewer than three points, or a curve that is a line.

    >>> knee({1: 100.0, 2: 40.0, 3: 10.0, 4: 8.0, 5: 6.0})
    3
    """
    k, values = np.array(sorted(inertias), float), np.array([inertias[each] for each in sorted(inertias)])
    if len(k) < 3 or values[0] <= values[-1]:
        return None
    along = (k - k[0]) / (k[-1] - k[0])
    below = 1 - along - (values - values[-1]) / (values[0] - values[-1])
    return int(k[below.argmax()]) if below.max() > 1e-9 else None


def word(silhouette: float) -> str:
    """What a mean silhouette is called by Kaufman and Rousseeuw.

    >>> word(0.55), word(0.1)
    ('a reasonable structure', 'no substantial structure')
    """
    names = ((STRONG, "a strong structure"), (FAIR, "a reasonable structure"), (WEAK, "a weak structure"))
    return next((name for least, name in names if silhouette > least), "no substantial structure")


def steadiness(agreement: float) -> str:
    """What an adjusted Rand index between starts means.

    >>> steadiness(0.99)
    'all starts find the same clusters'
    """
    if agreement >= SAME:
        return "all starts find the same clusters"
    if agreement >= SIMILAR:
        return "starts find similar clusters, not the same"
    return "starts find different clusters: do not read much into any"


def structure(clustering: Clustering) -> str:
    """How good the chosen clusters are, beside data without any."""
    k, own, reference = clustering.chosen.k, clustering.silhouette, clustering.reference
    found = f"{k} clusters, mean silhouette {own:.2f} ({word(own)} by Kaufman and Rousseeuw)"
    if reference is None:
        return f"{found}; interrupted before it was compared with data without clusters"
    sets = len(reference.even + reference.normal)
    low = min(reference.even + reference.normal)
    without = f"{sets} sets of the same shape without clusters come to {low:.2f} … {reference.highest:.2f}"
    if reference.structure:
        return f"{found}; {without}"
    shown = (
        "" if abs(own - reference.silhouette) < 0.005 else f" ({reference.silhouette:.2f} on as many rows)"
    )
    return (
        f"no structure: {k} clusters have a mean silhouette of {own:.2f}{shown}, and {without}; take the "
        "clusters as a cut through one cloud, not as groups"
    )


def elbow(clustering: Clustering) -> str:
    """Whether the elbow of the inertia says the same as the silhouettes; "" of a single k."""
    k, bend = clustering.chosen.k, clustering.elbow
    if len(clustering.tried) == 1:
        return ""
    tried = sorted(clustering.inertias)
    span = f"of the inertia over {tried[0]} … {tried[-1]}"
    if bend is None:
        return f"none {span}: it falls along a line; silhouettes alone choose"
    if bend == k:
        return f"also at {k} {span}: both agree"
    other = clustering.scores.get(bend)
    there = f", where the silhouette is {other:.2f}" if other is not None else ""
    return f"at {bend}{there}, {span}: the two disagree, silhouettes decide (--k {bend} takes the elbow)"


def starts(clustering: Clustering) -> str:
    """How steady the chosen clusters are."""
    agreement = clustering.chosen.agreement
    return f"{steadiness(agreement)} (mean adjusted Rand index {agreement:.2f} with the best)"
