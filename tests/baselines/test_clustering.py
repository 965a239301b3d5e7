"""k-means: how many clusters, how good, how sure, and whether there are any."""

import numpy as np
import polars as pl
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, load_iris, load_wine, make_blobs
from sklearn.metrics import adjusted_rand_score, silhouette_samples
from sklearn.preprocessing import StandardScaler

from gradwise.baselines import BASELINES, clustering
from gradwise.baselines.cluster_plane import plane
from gradwise.baselines.cluster_rows import ClusterRows, Feature, cluster_rows
from gradwise.baselines.cluster_words import knee, structure
from gradwise.baselines.clustering import cluster
from gradwise.baselines.no_clusters import without_clusters
from gradwise.baselines.silhouettes import silhouettes
from gradwise.data.opening import open_source
from gradwise.errors import UsageError

WINE = load_wine()


def rows_of(x):
    scaled = StandardScaler().fit_transform(np.asarray(x, float)).astype(np.float32)
    features = tuple(Feature(f"x{at}", "number") for at in range(scaled.shape[1]))
    return ClusterRows(scaled, features, np.arange(1, len(scaled) + 1))


def table(folder, **columns):
    pl.DataFrame(columns, strict=False).write_csv(folder / "data.csv")
    return cluster_rows(open_source(folder / "data.csv"))


def test_silhouettes_of_several_groupings_are_scikit_learns():
    x = StandardScaler().fit_transform(WINE.data)
    groupings = [KMeans(k, n_init=2, random_state=0).fit(x).labels_ for k in (2, 3, 7)]
    alone = np.r_[np.zeros(len(x) - 1, int), 5]
    for labels, found in zip([*groupings, alone], silhouettes(x, [*groupings, alone]), strict=True):
        np.testing.assert_allclose(found, silhouette_samples(x, labels), atol=1e-9)
    assert silhouettes(x, [np.zeros(len(x), int)])[0].tolist() == [0.0] * len(x)


def test_wine_has_its_three_cultivars():
    found = cluster(rows_of(WINE.data), range(2, 7))
    assert (found.chosen.k, found.elbow) == (3, 3)
    assert adjusted_rand_score(WINE.target, found.labels) > 0.85
    assert found.reference.structure and found.chosen.agreement > 0.9
    assert sum(found.sizes) == 178 and list(found.sizes) == sorted(found.sizes, reverse=True)
    scaled = StandardScaler().fit_transform(WINE.data)
    best = KMeans(3, n_init=20, random_state=1).fit(scaled)
    assert found.inertias[3] == pytest.approx(best.inertia_, rel=1e-3)
    assert found.inertias[1] == pytest.approx(178 * 13, rel=1e-5), "standardised: one for each cell"
    assert found.silhouette == pytest.approx(silhouette_samples(scaled, found.labels).mean(), abs=1e-5)


def test_the_same_seed_gives_the_same_clusters():
    first, second = (cluster(rows_of(WINE.data), [3], seed=4) for _ in range(2))
    np.testing.assert_array_equal(first.labels, second.labels)
    assert first.reference == second.reference


@pytest.mark.parametrize("name", ["normal", "even", "long", "one column", "heaps"])
def test_data_without_clusters_is_said_to_have_none(name):
    random = np.random.default_rng(3)
    x = {
        "normal": lambda: random.normal(size=(400, 2)),
        "even": lambda: random.uniform(size=(400, 3)),
        "long": lambda: random.normal(size=(400, 4)) @ random.normal(size=(4, 4)),
        "one column": lambda: random.normal(size=(400, 1)),
        "heaps": lambda: random.integers(0, 2, (400, 3)),
    }[name]()
    found = cluster(rows_of(x), range(2, 6))
    assert not found.reference.structure
    assert structure(found).startswith("no structure: ")


@pytest.mark.parametrize("k", [2, 4])
def test_clusters_that_are_there_are_found(k):
    x, truth = make_blobs(400, 5, centers=k, random_state=k)
    found = cluster(rows_of(x), range(2, 7))
    assert found.chosen.k == k and found.reference.structure
    assert adjusted_rand_score(truth, found.labels) > 0.95


def test_sets_without_clusters_keep_the_shape_of_the_data():
    random = np.random.default_rng(0)
    x = (random.normal(size=(3000, 3)) @ np.array([[3, 1, 0], [0, 1, 0], [0, 0, 0.2]])).astype(np.float32)
    x = np.c_[x, random.integers(0, 2, 3000)].astype(np.float32)
    heaped = np.array([False, False, False, True])
    cloud = without_clusters(x, heaped, random, even=False)
    np.testing.assert_allclose(np.cov(cloud[:, :3].T), np.cov(x[:, :3].T), rtol=0.15, atol=0.1)
    assert sorted(cloud[:, 3]) == sorted(x[:, 3]) and (cloud[:, 3] != x[:, 3]).any()
    even = without_clusters(x, heaped, random, even=True)
    _, _, axes = np.linalg.svd(x[:, :3] - x[:, :3].mean(0), full_matrices=False)
    for given, made in zip((x[:, :3] @ axes.T).T, (even[:, :3] @ axes.T).T, strict=True):
        assert made.min() >= given.min() - 1e-3 and made.max() <= given.max() + 1e-3
        assert np.ptp(made) > 0.98 * np.ptp(given)


def test_the_knee_is_where_the_curve_bends():
    assert knee({2: 10.0, 3: 4.0, 4: 3.0, 5: 2.5}) == 3
    assert knee({1: 4.0, 2: 3.0, 3: 2.0, 4: 1.0}) is None, "a line bends nowhere"
    assert knee({2: 5.0, 3: 1.0}) is None


def test_columns_of_every_kind(tmp_path):
    town = [None if at % 10 == 0 else ("Rome", "Oslo")[at % 2] for at in range(60)]
    rows = table(
        tmp_path,
        number=[None if at == 3 else at * 1.5 for at in range(60)],
        town=town,
        member=["yes" if at % 3 else "no" for at in range(60)],
        day=[f"2020-01-{at % 28 + 1:02d}" for at in range(60)],
        same=[7] * 60,
    )
    kinds = [(each.column, each.kind, each.word) for each in rows.features]
    assert kinds[:2] == [("number", "number", ""), ("number", "gap", "")]
    words = [word for column, kind, word in kinds if column == "town"]
    assert sorted(words) == ["(missing)", "Oslo", "Rome"]
    at = {kind[:2]: number for number, kind in enumerate(kinds)}
    np.testing.assert_allclose(np.unique(rows.values[:, at["member", "yes-no"]]), [0, np.sqrt(2)], rtol=1e-6)
    town_at = [number for number, kind in enumerate(kinds) if kind[0] == "town"]
    assert (rows.values[:, town_at].sum(axis=1) == 1).all()
    assert rows.values[:, 0].std() == pytest.approx(1, abs=0.05)
    named = {choice.name for choice in rows.choices}
    assert named >= {"scale", "categories", "missing", "columns-left-out"}


def test_many_words_share_a_place_beyond_the_most_frequent(tmp_path, monkeypatch):
    monkeypatch.setattr("gradwise.baselines.cluster_rows.MOST_WORDS", 2)
    words = ["a"] * 20 + ["b"] * 10 + ["c"] * 8 + ["d"] * 2
    rows = table(tmp_path, w=words, n=[(at * 7) % 13 for at in range(40)])
    assert [each.word for each in rows.features if each.column == "w"] == ["a", "b", "(another)"]
    assert rows.values[:, 2].sum() == 10
    assert "w 2" in next(choice.reason for choice in rows.choices if choice.name == "rare-categories")


def test_what_sets_a_cluster_apart(tmp_path):
    random = np.random.default_rng(0)
    here = np.arange(90) < 30
    rows = table(
        tmp_path,
        age=np.where(here, 70, 30) + random.normal(size=90),
        town=np.where(here, "Rome", random.choice(["Oslo", "Paris"], 90)).tolist(),
        noise=random.normal(size=90),
    )
    found = cluster(rows, [2])
    small = found.traits[1]
    lines = [trait.line() for trait in small]
    assert {trait.column for trait in small[:2]} == {"age", "town"}
    age = next(trait for trait in small if trait.column == "age")
    assert (age.here, age.all) == pytest.approx((70, 43.3), abs=0.5) and "sd)" in age.line()
    assert "town 'Rome' 100 % (all 33 %)" in lines


def test_large_data_is_tried_on_a_sample_and_all_rows_get_a_cluster(monkeypatch):
    monkeypatch.setattr(clustering, "SAMPLE", 300)
    monkeypatch.setattr(clustering, "MOST_TRIED", 600)
    x, truth = make_blobs(4000, 4, centers=3, random_state=1)
    found = cluster(rows_of(x), range(2, 5))
    assert len(found.labels) == 4000 and len(found.chosen.labels) == 600 and len(found.silhouettes) == 300
    assert found.chosen.k == 3 and adjusted_rand_score(truth, found.labels) > 0.99
    said = {choice.name: choice.reason for choice in found.choices}
    assert "mini-batches of all rows" in said["tried"] and "of 4,000" in said["silhouettes"]
    middle = cluster(rows_of(x[:500]), [3])
    assert adjusted_rand_score(truth[:500], middle.labels) > 0.99, "drawn rows go back to their places"


def test_ctrl_c_keeps_what_was_tried(monkeypatch):
    plain = clustering._best_of

    def struck(values, k, seed):
        if k == 4:
            raise KeyboardInterrupt
        return plain(values, k, seed)

    monkeypatch.setattr(clustering, "_best_of", struck)
    found = cluster(rows_of(WINE.data), range(2, 7))
    assert found.interrupted and [each.k for each in found.tried] == [2, 3] and found.chosen.k == 3
    assert "interrupted" in structure(found)
    with pytest.raises(KeyboardInterrupt):
        cluster(rows_of(WINE.data), [4])


def test_arrays_and_images(tmp_path):
    digits = load_digits()
    np.savez(tmp_path / "a.npz", x=np.c_[digits.data[:300], np.full(300, 3.0)], y=digits.target[:300])
    rows = cluster_rows(open_source(tmp_path / "a.npz"))
    assert rows.values.std(axis=0) == pytest.approx(np.ones(rows.values.shape[1]), abs=1e-3)
    assert "left out" in [choice.value for choice in rows.choices if choice.name == "target"]
    np.savez(tmp_path / "i.npz", images=digits.images[:300].astype(np.uint8))
    rows = cluster_rows(open_source(tmp_path / "i.npz"))
    assert rows.values.std() == pytest.approx(1, rel=1e-3) and rows.values.std(axis=0).max() > 1.2
    gaps = digits.data[:50].copy()
    gaps[::3, 20] = np.nan
    np.save(tmp_path / "g.npy", gaps)
    rows = cluster_rows(open_source(tmp_path / "g.npy"))
    assert np.isfinite(rows.values).all() and "missing" in {choice.name for choice in rows.choices}


def test_few_different_rows_lower_k_or_are_told():
    x = np.repeat(np.array([[0.0, 0], [1, 0], [5, 5]]), 10, axis=0)
    assert cluster(rows_of(x)).tried[-1].k == 3
    with pytest.raises(
        UsageError, match=r"asks for 5 clusters, and there are 3 different rows; take at most 3"
    ):
        cluster(rows_of(x), [5])
    with pytest.raises(UsageError, match=r"all 30 rows are the same"):
        cluster(rows_of(np.ones((30, 2))))


def test_the_plane_is_that_of_the_principal_components():
    x = StandardScaler().fit_transform(load_iris().data).astype(np.float32)
    _, points, shares = plane(x, seed=0)
    assert shares == pytest.approx((0.7296, 0.2285), abs=1e-3), "known of the standardised iris"
    assert abs(np.corrcoef(points.T)[0, 1]) < 1e-6
    _, points, shares = plane(x[:, :1], seed=0)
    assert shares == (1.0, 0.0) and not points[:, 1].any()


def test_k_means_is_in_the_registry_without_a_target():
    assert BASELINES["kmeans"].kinds == () and BASELINES.name("k-means++") == "k-means"
