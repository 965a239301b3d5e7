"""Beside scikit-learn's own scripts of the same models, with the same folds and settings: the same scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, make_regression
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, LogisticRegression, Perceptron, Ridge
from sklearn.metrics import (
    balanced_accuracy_score,
    f1_score,
    mean_absolute_error,
    roc_auc_score,
    root_mean_squared_error,
)
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, StratifiedKFold, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC

from gradwise.baselines import compare, svm

BUNCHES = {"iris": load_iris, "cancer": load_breast_cancer, "diabetes": load_diabetes, "digits": load_digits}


def table(bunch, folder: Path) -> Path:
    """A csv of the columns, and y; digits are written by their shortest exact spelling."""
    columns = {f"column {at}": bunch.data[:, at] for at in range(bunch.data.shape[1])}
    file = folder / "data.csv"
    pl.DataFrame({**columns, "y": bunch.target}).write_csv(file)
    return file


def ours(name: str, model: str, folder: Path, **options) -> list[float]:
    made = compare(table(BUNCHES[name](), folder), target="y", only=model, seconds=300, **options)
    return made.entries[[entry.name for entry in made.entries].index(model)].scores


def target(model):
    return TransformedTargetRegressor(model, transformer=StandardScaler())


CLASSIFIERS = [
    ("iris", "logistic-regression:c=0.1", LogisticRegression(C=0.1, max_iter=1000)),
    ("cancer", "logistic-regression:c=1", LogisticRegression(max_iter=1000)),
    ("digits", "logistic-regression:c=1", LogisticRegression(max_iter=1000)),
    ("iris", "perceptron:alpha=0.001", Perceptron(penalty="l2", alpha=0.001)),
    ("cancer", "perceptron:alpha=0", Perceptron()),
    ("iris", "naive-bayes:smoothing=1e-9", GaussianNB()),
    ("digits", "naive-bayes:smoothing=0.1", GaussianNB(var_smoothing=0.1)),
    ("cancer", "k-nn:k=5", KNeighborsClassifier(5)),
    ("digits", "k-nn:k=3", KNeighborsClassifier(3)),
    ("cancer", "svm-linear:c=1", SVC(kernel="linear")),
    ("iris", "svm-poly:c=1,gamma=scale,degree=2", SVC(kernel="poly", degree=2, coef0=1)),
    ("digits", "svm-rbf:c=10,gamma=scale", SVC(C=10)),
    ("cancer", "svm:kernel=sigmoid,c=1,gamma=0.01", SVC(kernel="sigmoid", gamma=0.01)),
]


@pytest.mark.parametrize(("name", "model", "plain"), CLASSIFIERS, ids=lambda each: str(each)[:40])
def test_classifiers_score_what_a_plain_script_scores(name, model, plain, tmp_path) -> None:
    bunch = BUNCHES[name]()
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    expected = cross_val_score(make_pipeline(StandardScaler(), plain), bunch.data, bunch.target, cv=folds)
    assert ours(name, model, tmp_path) == pytest.approx(expected.tolist(), abs=1e-12)


REGRESSORS = [
    ("linear-regression", LinearRegression()),
    ("ridge:alpha=10", Ridge(alpha=10)),
    ("lasso:alpha=0.01", target(Lasso(alpha=0.01, max_iter=2000))),
    ("elastic-net:alpha=0.1,l1_ratio=0.5", target(ElasticNet(alpha=0.1, max_iter=2000))),
    (
        "polynomial:degree=2,alpha=1",
        make_pipeline(PolynomialFeatures(2, include_bias=False), StandardScaler(), Ridge()),
    ),
    ("k-nn:k=9", KNeighborsRegressor(9)),
    ("svr:c=1,gamma=scale", target(SVR())),
    ("svr-linear:c=0.1", target(SVR(kernel="linear", C=0.1))),
]


@pytest.mark.parametrize(("model", "plain"), REGRESSORS, ids=lambda each: str(each)[:40])
def test_regressors_score_what_a_plain_script_scores(model, plain, tmp_path) -> None:
    x, y = load_diabetes(return_X_y=True)
    folds = KFold(5, shuffle=True, random_state=3)
    expected = cross_val_score(make_pipeline(StandardScaler(), plain), x, y, cv=folds, scoring="r2")
    assert ours("diabetes", model, tmp_path, seed=3) == pytest.approx(expected.tolist(), abs=1e-12)


def test_a_search_ends_where_a_nested_grid_search_ends(tmp_path) -> None:
    x, y = load_breast_cancer(return_X_y=True)
    columns = x.shape[1]
    grid = [
        {"svc__C": [price], "svc__gamma": [gamma]}
        for gamma in ("scale", 0.2 / columns)
        for price in (1.0, 10.0, 0.1, 100.0)
    ]
    inner = StratifiedKFold(3, shuffle=True, random_state=0)
    nested = GridSearchCV(make_pipeline(StandardScaler(), SVC()), grid, cv=inner)
    outer = StratifiedKFold(3, shuffle=True, random_state=0)
    expected, chosen = [], []
    for train, test in outer.split(x, y):
        nested.fit(x[train], y[train])
        expected.append(nested.score(x[test], y[test]))
        chosen.append((nested.best_params_["svc__C"], nested.best_params_["svc__gamma"]))
    entry = compare(table(load_breast_cancer(), tmp_path), target="y", only="svm-rbf", folds=3, seconds=300)[
        "svm-rbf"
    ]
    assert entry.scores == pytest.approx(expected, abs=1e-12)
    assert [(each["c"], each["gamma"]) for each in entry.settings] == chosen
    assert len(set(chosen)) > 1 or chosen[0] != (1.0, "scale"), "a search that never moves shows nothing"


def test_the_search_of_a_regressor_is_nested_too(tmp_path) -> None:
    x, y = load_diabetes(return_X_y=True)
    inner = KFold(3, shuffle=True, random_state=0)
    alphas = [1.0, 0.01, 0.1, 10.0, 100.0, 1000.0]
    nested = GridSearchCV(
        make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": alphas}, cv=inner, scoring="r2"
    )
    expected = cross_val_score(nested, x, y, cv=KFold(5, shuffle=True, random_state=0), scoring="r2")
    assert ours("diabetes", "ridge", tmp_path) == pytest.approx(expected.tolist(), abs=1e-12)


def test_of_equal_settings_the_first_is_taken(tmp_path) -> None:
    x, y = load_iris(return_X_y=True)
    counts = [5, 1, 3, 9, 15, 31]
    inner = StratifiedKFold(3, shuffle=True, random_state=0)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), KNeighborsClassifier()),
        {"kneighborsclassifier__n_neighbors": counts},
        cv=inner,
    )
    chosen, ties = [], 0
    for train, _ in StratifiedKFold(5, shuffle=True, random_state=0).split(x, y):
        search.fit(x[train], y[train])
        chosen.append(search.best_params_["kneighborsclassifier__n_neighbors"])
        ties += int((search.cv_results_["mean_test_score"] == search.best_score_).sum() > 1)
    entry = compare(table(load_iris(), tmp_path), target="y", only="k-nn", seconds=300)["k-nn"]
    assert [each["k"] for each in entry.settings] == chosen
    assert ties > 0, "without ties this shows nothing"


def test_categories_and_gaps_are_fitted_within_each_fold(tmp_path) -> None:
    draw = np.random.default_rng(0)
    size = draw.normal(size=200)
    town = draw.choice(["Rome", "Oslo", "Lima"], 200)
    y = size + (town == "Oslo") + draw.normal(size=200) / 5
    frame = pl.DataFrame({"size": size, "town": town, "y": y})
    gaps = np.arange(0, 200, 9)
    frame[gaps.tolist(), "size"] = None
    frame.write_csv(tmp_path / "data.csv")
    made = compare(tmp_path / "data.csv", target="y", only="ridge:alpha=1", metric="rmse")
    held = frame["size"].to_numpy().astype(float)
    expected = []
    for train, test in KFold(5, shuffle=True, random_state=0).split(held):
        filled = np.where(np.isnan(held), np.nanmedian(held[train]), held)
        rows = np.column_stack([filled, np.isnan(held), np.unique(town, return_inverse=True)[1]])
        shape = ColumnTransformer([("n", StandardScaler(), [0, 1]), ("c", OneHotEncoder(), [2])])
        fitted = make_pipeline(shape, Ridge()).fit(rows[train], y[train])
        expected.append(root_mean_squared_error(y[test], fitted.predict(rows[test])))
    assert made["ridge:alpha=1"].scores == pytest.approx(expected, abs=1e-9)


METRICS = {
    "balanced-accuracy": lambda y, model, x: balanced_accuracy_score(y, model.predict(x)),
    "f1": lambda y, model, x: f1_score(y, model.predict(x), average="macro"),
    "roc-auc": lambda y, model, x: roc_auc_score(y, model.predict_proba(x), multi_class="ovr"),
}


@pytest.mark.parametrize("metric", METRICS)
def test_other_metrics_of_classes_are_scikit_learns(metric, tmp_path) -> None:
    x, y = load_iris(return_X_y=True)
    weight = "balanced" if metric == "balanced-accuracy" else None
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000, class_weight=weight))
    expected = []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(x, y):
        expected.append(METRICS[metric](y[test], model.fit(x[train], y[train]), x[test]))
    assert ours("iris", "logistic-regression:c=0.1", tmp_path, metric=metric) == pytest.approx(
        expected, abs=1e-12
    )


def test_two_classes_are_ranked_by_how_sure_a_model_without_probabilities_is(tmp_path) -> None:
    x, y = load_breast_cancer(return_X_y=True)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    model = make_pipeline(StandardScaler(), SVC(kernel="linear"))
    expected = cross_val_score(model, x, y, cv=folds, scoring="roc_auc")
    scores = ours("cancer", "svm-linear:c=1", tmp_path, metric="roc_auc")
    assert scores == pytest.approx(expected.tolist(), abs=1e-12)


def test_errors_are_in_units_of_the_target(tmp_path) -> None:
    x, y = load_diabetes(return_X_y=True)
    model, expected = make_pipeline(StandardScaler(), LinearRegression()), []
    for train, test in KFold(5, shuffle=True, random_state=0).split(x):
        expected.append(mean_absolute_error(y[test], model.fit(x[train], y[train]).predict(x[test])))
    made = compare(table(load_diabetes(), tmp_path), target="y", only="linear-regression", metric="mae")
    assert made["linear-regression"].scores == pytest.approx(expected, abs=1e-9)
    assert made.entries[-1].name == "guessing" and made.entries[-1].mean > made.best.mean, "less is better"


def test_groups_and_arrays(tmp_path) -> None:
    x, y = make_regression(120, 6, noise=20, random_state=0)
    groups = np.arange(120) // 8
    frame = {f"column {at}": x[:, at] for at in range(6)}
    pl.DataFrame({**frame, "y": y, "g": [f"g{each}" for each in groups]}).write_csv(tmp_path / "data.csv")
    made = compare(tmp_path / "data.csv", target="y", group="g", only="ridge:alpha=1")
    text = pl.Series([f"g{each}" for each in groups]).rank("dense").to_numpy() - 1
    folds = GroupKFold(5, shuffle=True, random_state=0)
    model = make_pipeline(StandardScaler(), Ridge())
    expected = cross_val_score(model, x, y, cv=folds, groups=text, scoring="r2")
    assert made["ridge:alpha=1"].scores == pytest.approx(expected.tolist(), abs=1e-12)
    np.savez(tmp_path / "data.npz", x=x, y=y)
    made = compare(tmp_path / "data.npz", only="ridge:alpha=1")
    expected = cross_val_score(model, x, y, cv=KFold(5, shuffle=True, random_state=0), scoring="r2")
    assert made["ridge:alpha=1"].scores == pytest.approx(expected.tolist(), abs=1e-12)


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_many_rows_get_a_linear_form(kernel, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(svm, "EXACT_ROWS", 400)
    x, y = load_breast_cancer(return_X_y=True)
    plain = LinearSVC(random_state=0)
    if kernel == "rbf":
        plain = make_pipeline(Nystroem(gamma=0.02, n_components=300, random_state=0), plain)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    expected = cross_val_score(make_pipeline(StandardScaler(), plain), x, y, cv=folds)
    name = f"svm:kernel={kernel},c=1" + (",gamma=0.02" if kernel == "rbf" else "")
    entry = compare(table(load_breast_cancer(), tmp_path), target="y", only=name)[name]
    assert entry.scores == pytest.approx(expected.tolist(), abs=1e-12)
    assert "more than 400 rows" in entry.notes[0]
