"""Classical models by name."""

from __future__ import annotations

import pytest

from gradwise import baselines
from gradwise.baselines.baseline import Case
from gradwise.baselines.collection import choose, names_for, parse
from gradwise.errors import UnknownNameError, UsageError

HANDBOOK = {
    "linear-regression", "polynomial", "ridge", "lasso", "elastic-net", "logistic-regression", "perceptron",
    "naive-bayes", "k-nn", "svm", "svr",
}  # fmt: skip


def test_all_of_the_handbook_are_there() -> None:
    assert set(baselines.BASELINES) >= HANDBOOK
    assert {"svm-linear", "svm-poly", "svm-rbf", "svm-sigmoid", "svr"} <= {
        *names_for("classes"),
        *names_for("numbers"),
    }


@pytest.mark.parametrize("name", sorted(HANDBOOK))
def test_every_setting_of_a_grid_can_be_built_and_learns(name) -> None:
    model = baselines.BASELINES[name]
    kind = model.kinds[0]
    x, y = [[at / 8, at % 3] for at in range(24)], [at // 12 for at in range(24)]
    case = Case(kind, 24, 2)
    settings = model.settings(case, {})
    assert settings and len(settings) == len({repr(each) for each in settings})
    for setting in settings:
        fitted = model.build(case, **setting).fit(x, y)
        assert fitted.predict(x).shape == (24,)


def test_options_given_are_not_searched() -> None:
    model, options = parse("svm:kernel=poly,c=5")
    settings = model.settings(Case("classes", 100, 4), options)
    assert [each["degree"] for each in settings] == [3, 2]
    assert {each["c"] for each in settings} == {5}


def test_a_kernel_is_not_searched_for_what_it_does_not_know() -> None:
    model, options = parse("svm-linear")
    assert [sorted(each) for each in model.settings(Case("classes", 100, 4), options)] == [
        ["c", "kernel"]
    ] * 4


def test_families_and_single_rows() -> None:
    assert choose("classes", only="svm") == ["svm-linear", "svm-poly", "svm-rbf", "svm-sigmoid"]
    assert choose("classes", only=["knn, SVM_RBF"]) == ["k-nn", "svm-rbf"]
    assert choose("classes", only="svm:kernel=rbf,c=3") == ["svm:kernel=rbf,c=3"]
    assert not any(name.startswith("svm") for name in choose("classes", skip="svm"))
    assert "svm-rbf" not in choose("classes", skip="svm:kernel=rbf")


@pytest.mark.parametrize(
    ("words", "error", "told"),
    [
        ("rigde", UnknownNameError, "did you mean 'ridge'"),
        ("svm-rfb", UnknownNameError, "'svm-rbf'"),
        (
            "svm:kernel=rfb",
            UsageError,
            "kernel takes linear or poly or rbf or sigmoid, not 'rfb' (did you mean 'rbf'?)",
        ),
        ("svm:c=-1", UsageError, "c takes a number above 0, not -1"),
        ("svm:gamma=wide", UsageError, "gamma takes"),
        ("k-nn:k=2.5", UsageError, "k takes a whole number from 1 on"),
        ("k-nn:neighbours=3", UsageError, "no option neighbours"),
        ("polynomial:degree=99", UsageError, "degree takes"),
        ("k-means", UsageError, "groups rows"),
        ("lasso", UsageError, "is for numbers, and this target holds classes; take one of"),
    ],
)
def test_wrong_names_and_options(words, error, told) -> None:
    with pytest.raises(error) as raised:
        choose("classes", only=words)
    assert told in str(raised.value)


def test_nothing_left() -> None:
    with pytest.raises(UsageError, match="leaves no model"):
        choose("numbers", only="ridge", skip="ridge")


def test_make_refuses_another_kind_of_target() -> None:
    with pytest.raises(UsageError, match="is for classes and labels"):
        baselines.make("naive-bayes", "numbers")
