"""Groups of rows around k means: every row belongs to the nearest mean, every mean is that of its rows.

What it is
    Lloyd's algorithm goes back and forth between the two halves of that sentence until nothing moves.  It
    finds groups without being told any.  The first means are rows drawn one after another, each with a chance
    that grows with its squared distance from those drawn before (k-means++); several such starts, best kept.

Also called
    kmeans, k-means++, lloyd

Formula
    - the least ``Σᵢ |xᵢ − m(i)|²`` over means m₁ … m_k, the inertia; m(i) is the one nearest to xᵢ
    - a start: ``P(next mean = x) = d(x)² / Σ d²``, d the distance to the nearest mean so far
    - silhouette of a row: ``(b − a) / max(a, b)``, a its mean distance to its own group, b to the next one

Shapes
    X (N, D), means (k, D).  Time grows with N · D · k a round; silhouettes with the square of the rows.

Defaults
    Ten starts (scikit-learn's for random ones; Arthur and Vassilvitskii show that one of k-means++ is within
    8 (ln k + 2) of the best on average).  k from 2 to 10 by the largest mean silhouette; the elbow of the
    inertia, where it is farthest below the line between its ends, is shown beside it.  Columns are
    standardised and words one-hot: distances add up squares, and units would decide otherwise.

When
    - groups are wanted that one mean each describes: customers, sensors' states, colours of a picture
    - as a first look at rows without labels

When not
    - groups are long, curved, or very different in size or density: it cuts large ones to pieces
    - columns have far outliers: a few rows become a group of their own, and its silhouette is high
    - there are no groups: it always finds k; `gradwise cluster` compares with data that has none

Confused with
    - `k-nn`: that predicts known labels by neighbours; here k counts groups and no label is known
    - a mixture of normal distributions: the same with soft membership and a shape for each group

Example
    Two pairs of points, and the mean of each.

    >>> from gradwise.baselines.k_means import lloyd
    >>> import numpy as np
    >>> found = lloyd(np.array([[0.0], [2.0], [10.0], [12.0]]), 2, seed=0)
    >>> sorted(found.cluster_centers_.ravel().tolist()), round(float(found.inertia_), 3)
    ([1.0, 11.0], 4.0)

Claims
    The result depends on the start, on the units of the columns and on k; more groups always fit better, so
    inertia alone cannot choose k.

References
    - Lloyd, Least Squares Quantization in PCM, IEEE Transactions on Information Theory 28, 1982
    - Arthur, Vassilvitskii, k-means++: The Advantages of Careful Seeding, SODA 2007
    - Rousseeuw, Silhouettes, Journal of Computational and Applied Mathematics 20, 1987
    - Satopää, Albrecht, Irwin, Raghavan, Finding a Kneedle in a Haystack, ICDCS Workshops 2011
    - Sculley, Web-Scale K-Means Clustering, WWW 2010
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from gradwise.baselines.baseline import Baseline, Case
from gradwise.registry import Span

Array = NDArray[Any]

USUAL_K = 8  # scikit-learn's; `gradwise cluster` chooses its own
ROUNDS = 300  # of Lloyd's algorithm at most, scikit-learn's default
BATCH = 4_096  # rows of a mini-batch; scikit-learn advises more than 256 rows per core


def build(case: Case, *, k: int = USUAL_K) -> Any:
    """An estimator of scikit-learn that groups rows."""
    from sklearn.cluster import KMeans

    return KMeans(k, n_init=10, random_state=case.seed)


def lloyd(values: Array, k: int, *, seed: int) -> Any:
    """One start of k-means++, followed to its end.

    Args:
        values: (N, D) finite numbers.
        k: groups, at most as many as there are different rows.
        seed: of the start.

    Returns:
        A fitted estimator of scikit-learn: ``cluster_centers_`` (k, D), ``labels_`` (N,), ``inertia_``.
    """
    from sklearn.cluster import KMeans

    return KMeans(k, n_init=1, max_iter=ROUNDS, random_state=seed).fit(values)


def by_batches(values: Array, centres: Array, *, seed: int) -> Any:
    """Means moved by batches of rows instead of all of them in every round (Sculley), from ``centres`` on.

    Args:
        values: (N, D) finite numbers.
        centres: (k, D) means to begin with.
        seed: of the batches.

    Returns:
        A fitted estimator of scikit-learn, as of `lloyd`.
    """
    from sklearn.cluster import MiniBatchKMeans

    moving = MiniBatchKMeans(
        len(centres), init=centres, n_init=1, batch_size=BATCH, reassignment_ratio=0.0, random_state=seed
    )
    return moving.fit(values)


BASELINES = (
    Baseline(
        "k-means",
        build,
        "groups of rows around k means, without a target",
        (),
        aliases=("kmeans", "k-means++", "lloyd"),
        spans={"k": Span(1, whole=True)},
    ),
)
