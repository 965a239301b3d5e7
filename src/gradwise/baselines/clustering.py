"""k-means on rows without a target: how many groups, how good, how sure, and whether there are any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradwise.baselines.cluster_profile import Trait, traits
from gradwise.baselines.cluster_rows import ClusterRows
from gradwise.baselines.cluster_words import knee
from gradwise.baselines.k_means import by_batches, lloyd
from gradwise.baselines.listening import Listener
from gradwise.baselines.no_clusters import Reference, compare
from gradwise.baselines.silhouettes import silhouettes
from gradwise.data.examples import Choice
from gradwise.errors import UsageError

Array = NDArray[Any]

FIRST, LAST = 2, 10  # numbers of clusters tried unless others are asked for; the usual plot of an elbow
STARTS, FEW_STARTS = 10, 3  # of every k, and of every set without clusters
MOST_TRIED = 20_000  # rows that k is chosen on; all rows would take minutes and say the same
SAMPLE = 10_000  # rows whose silhouettes are measured: 10⁸ distances; the mean's error is then below 0.005
SKEWED = 2.0  # skewness beyond which a column is far from normal (West, Finch, Curran, in Hoyle, 1995)


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """The rows that were tried in k clusters, the largest first.

    Args:
        k: clusters.
        labels: (T,) int64 cluster of every row tried, from 0.
        centres: (k, D).
        inertia: sum of squared distances to the centres.
        agreement: mean adjusted Rand index of the other starts with this, the best one.
    """

    k: int
    labels: Array
    centres: Array
    inertia: float
    agreement: float


@dataclass(frozen=True, slots=True, eq=False)
class Clustering:
    """What was tried, and what was chosen.

    Args:
        tried: one for each k, rising.
        best: index of the chosen one in ``tried``.
        labels: (N,) int64 cluster of every row, from 0, the largest first.
        centres: (k, D).
        scores: mean silhouette by k.
        sample: (S,) rows whose silhouettes were measured, as indices.
        silhouettes: (S,) of these rows in their clusters.
        inertias: by k, of the rows tried; with that of a single cluster where 2 was tried.
        elbow: k of the knee of the inertias; None where there is none.
        reference: the same on data without clusters; None when it was interrupted before.
        traits: what sets each cluster apart.
        choices: what was chosen on the way.
        interrupted: not everything asked for was tried.
    """

    tried: tuple[Grouping, ...]
    best: int
    labels: Array
    centres: Array
    scores: dict[int, float]
    sample: Array
    silhouettes: Array
    inertias: dict[int, float]
    elbow: int | None
    reference: Reference | None
    traits: list[list[Trait]]
    choices: tuple[Choice, ...] = field(default=())
    interrupted: bool = False

    @property
    def chosen(self) -> Grouping:
        """The grouping that was chosen, on the rows tried."""
        return self.tried[self.best]

    @property
    def sizes(self) -> Array:
        """(k,) rows of each cluster."""
        return np.bincount(self.labels, minlength=self.chosen.k)

    @property
    def silhouette(self) -> float:
        """Mean over the sampled rows."""
        return float(self.silhouettes.mean())

    def of_cluster(self, number: int) -> Array:
        """Silhouettes of the sampled rows of a cluster, rising; empty where none was drawn."""
        return np.sort(self.silhouettes[self.labels[self.sample] == number])


def cluster(
    rows: ClusterRows, ks: Sequence[int] | None = None, *, seed: int = 0, listener: Listener | None = None
) -> Clustering:
    """Group rows for every k, and choose one by silhouettes.

    After a Ctrl-C what was tried by then is judged.

    Args:
        rows: see `gradwise.baselines.cluster_rows.cluster_rows`.
        ks: numbers of clusters; None: 2 to 10, as far as there are different rows.
        seed: of starts and samples.
        listener: hears what is being done.

    Raises:
        UsageError: rows that are all alike, or a k that they do not allow.
    """
    hears = listener or Listener()
    drawn = _drawn(len(rows), seed)
    values, sample = rows.values[drawn], drawn[:SAMPLE]
    wanted, choices = _allowed(values, len(rows), ks)
    choices = [*choices, *_said(rows)]
    for choice in (*rows.choices, *choices):
        hears.chose(choice)
    tried, interrupted = _tried(values, wanted, seed, hears)
    hears.moved(0, 1, "silhouettes")
    found = silhouettes(values[: len(sample)], [each.labels[: len(sample)] for each in tried])
    means = [float(each.mean()) for each in found]
    best = int(np.argmax(means))
    hears.moved(0, 1, "all rows")
    labels, centres = _of_all(rows, drawn, tried[best], seed)
    own = found[best]
    if len(drawn) < len(rows):
        own = silhouettes(rows.values[sample], [labels[sample]])[0]
    reference = None if interrupted else _reference(rows, tried[best].k, seed, hears)
    hears.ended()
    inertias = {each.k: each.inertia for each in tried}
    if tried[0].k == FIRST:
        inertias = {1: float(values.var(axis=0, dtype=np.float64).sum()) * len(values), **inertias}
    return Clustering(
        tried=tuple(tried),
        best=best,
        labels=labels,
        centres=centres,
        scores=dict(zip([each.k for each in tried], means, strict=True)),
        sample=sample,
        silhouettes=own,
        inertias=inertias,
        elbow=knee(inertias),
        reference=reference,
        traits=traits(rows.values, rows.features, labels, tried[best].k),
        choices=tuple(choices),
        interrupted=reference is None,
    )


def _allowed(values: Array, count: int, ks: Sequence[int] | None) -> tuple[list[int], list[Choice]]:
    """The numbers of clusters that the rows tried, of ``count`` in all, allow."""
    asked = sorted(set(ks)) if ks is not None else list(range(FIRST, LAST + 1))
    different = _different(values, asked[-1])
    if different < 2:
        raise UsageError(f"all {count:,} rows are the same in the columns used; there is nothing to group.")
    most = min(different, len(values) - 1)
    if asked[-1] > most and ks is not None:
        why = f"{different:,} different rows" if different <= most else f"{count:,} rows"
        raise UsageError(f"--k asks for {asked[-1]} clusters, and there are {why}; take at most {most}.")
    if asked[-1] > most:
        reason = f"there are {different} different rows among {count:,}"
        return [k for k in asked if k <= most], [Choice("k", f"tried from {FIRST} to {most}", reason)]
    return asked, []


def _different(values: Array, enough: int) -> int:
    """How many rows differ, counted no further than is needed."""
    for part in (values[: 100 * enough], values):
        found = len(np.unique(part, axis=0))
        if found > enough:
            break
    return found


def _drawn(count: int, seed: int) -> Array:
    """Rows that k is chosen on, in the order of drawing; those at the front are the sample."""
    if count <= SAMPLE:
        return np.arange(count)
    return np.random.default_rng(seed).permutation(count)[:MOST_TRIED]


def _tried(values: Array, ks: Sequence[int], seed: int, hears: Listener) -> tuple[list[Grouping], bool]:
    """A grouping for each k, and whether there was a Ctrl-C after the first of them."""
    tried: list[Grouping] = []
    try:
        for done, k in enumerate(ks):
            hears.moved(done, len(ks), f"{k} clusters")
            tried.append(_best_of(values, k, seed))
    except KeyboardInterrupt:
        if not tried:
            raise
        return tried, True
    return tried, False


def _best_of(values: Array, k: int, seed: int) -> Grouping:
    """The start with the least inertia."""
    from sklearn.metrics import adjusted_rand_score

    found = [lloyd(values, k, seed=seed * STARTS + at) for at in range(STARTS)]
    best = min(found, key=lambda each: float(each.inertia_))
    others = [adjusted_rand_score(best.labels_, each.labels_) for each in found if each is not best]
    labels, centres = _numbered(best)
    return Grouping(k, labels, centres, float(best.inertia_), float(np.mean(others)))


def _numbered(found: Any) -> tuple[Array, Array]:
    """Labels and centres of a fitted estimator, the largest cluster first."""
    k = len(found.cluster_centers_)
    order = np.argsort(-np.bincount(found.labels_, minlength=k), kind="stable")
    place = np.empty(k, np.int64)
    place[order] = np.arange(k)
    return place[found.labels_], found.cluster_centers_[order]


def _of_all(rows: ClusterRows, drawn: Array, chosen: Grouping, seed: int) -> tuple[Array, Array]:
    """Labels and centres of all rows, from those that were tried."""
    if len(drawn) < len(rows):
        return _numbered(by_batches(rows.values, chosen.centres, seed=seed))
    labels = np.empty(len(rows), np.int64)
    labels[drawn] = chosen.labels
    return labels, chosen.centres


def _reference(rows: ClusterRows, k: int, seed: int, hears: Listener) -> Reference | None:
    """The same on data without clusters; None where a Ctrl-C came first."""

    def mean_silhouette(values: Array) -> float:
        groups = min(k, len(np.unique(values, axis=0)))
        if groups < 2:
            return 0.0
        tries = [lloyd(values, groups, seed=seed + at) for at in range(FEW_STARTS)]
        best = min(tries, key=lambda each: float(each.inertia_))
        return float(silhouettes(values, [best.labels_])[0].mean())

    def told(done: int, of: int) -> None:
        hears.moved(done, of, "data without clusters")

    try:
        return compare(rows.values, rows.heaped, mean_silhouette, seed=seed, moved=told)
    except KeyboardInterrupt:
        return None


def _said(rows: ClusterRows) -> list[Choice]:
    count = len(rows)
    reason = "of each the one with the least inertia is kept"
    made = [Choice("starts", f"{STARTS} of k-means++ for every k", reason)]
    if count > MOST_TRIED:
        reason = f"of {count:,}: k is chosen on them; then mini-batches of all rows move the means"
        made.append(Choice("tried", f"{MOST_TRIED:,} rows drawn", reason))
    if count > SAMPLE:
        reason = f"of {count:,}: silhouettes need the distance between every two rows"
        made.append(Choice("silhouettes", f"{SAMPLE:,} rows drawn", reason))
    skewed = _skewed(rows)
    if skewed:
        reason = f"a few rows far out can be a cluster of their own: {', '.join(skewed)}; logarithms may help"
        made.append(Choice("skewed-columns", str(len(skewed)), reason))
    return made


def _skewed(rows: ClusterRows) -> list[str]:
    """Columns of numbers with a long tail."""
    part = rows.values[:SAMPLE].astype(np.float64)
    centred = part - part.mean(axis=0)
    spread = centred.std(axis=0)
    skew = np.divide((centred**3).mean(axis=0), spread**3, out=np.zeros(len(spread)), where=spread > 1e-6)
    held = zip(rows.features, skew, strict=True)
    return [each.column for each, tail in held if each.kind == "number" and abs(tail) > SKEWED]
