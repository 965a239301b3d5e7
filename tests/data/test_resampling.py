"""Resamplers: wanted rows, where new ones lie, and what is refused; one body for all that make rows."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest
from imblearn import over_sampling, under_sampling
from sklearn.datasets import load_breast_cancer, load_wine

from gradwise.data.examples import Examples, Task
from gradwise.data.resampling import NONE, RESAMPLERS, check, proper, resample
from gradwise.data.resampling.resampler import grown, shrunk
from gradwise.errors import MissingDependencyError, UnknownNameError, UsageError

MAKING = ("smote", "borderline-smote", "adasyn")
COLUMNS = {"smote": "SMOTE", "borderline-smote": "BorderlineSMOTE", "adasyn": "ADASYN"}


def cancer(malignant=40):
    """Breast cancer thinned to some malignant rows, standardised."""
    data = load_breast_cancer()
    few = np.flatnonzero(data.target == 0)[:malignant]
    rows = np.sort(np.concatenate([few, np.flatnonzero(data.target == 1)]))
    numbers = (data.data[rows] - data.data[rows].mean(0)) / data.data[rows].std(0)
    target = data.target[rows].astype(np.int64)
    inputs = {"numbers": numbers.astype(np.float32), "categories": np.zeros((len(rows), 0), np.int64)}
    return Examples(inputs, target), Task("classes", ("kind",), ("malignant", "benign"))


def wine():
    """Three classes of 59, 71 and 12 rows."""
    data = load_wine()
    rows = np.flatnonzero((data.target < 2) | (np.arange(len(data.target)) % 4 == 0))
    numbers = ((data.data - data.data.mean(0)) / data.data.std(0))[rows].astype(np.float32)
    return Examples({"numbers": numbers}, data.target[rows].astype(np.int64)), Task(
        "classes", ("y",), ("a", "b", "c")
    )


def same(first, second):
    return all(np.array_equal(first.inputs[name], second.inputs[name]) for name in first.inputs) and (
        np.array_equal(first.target, second.target)
    )


@pytest.mark.parametrize("name", list(RESAMPLERS))
def test_classes_are_even_the_seed_decides_and_the_given_rows_stay_untouched(name):
    rows, task = wine()
    before = {key: array.copy() for key, array in rows.inputs.items()}
    made = resample(name, rows, task, seed=3)
    counts = np.bincount(made.examples.target)
    assert made.before == tuple(np.bincount(rows.target)) and made.learnt == tuple(counts)
    wanted = min(made.before) if name == "random-under-sampling" else max(made.before)
    slack = 12 if name == "adasyn" else 0  # it rounds the share of every row
    if name == "borderline-smote":  # 'a' and 'c' are well apart from 'b': little stands at a border
        assert (counts <= wanted).all() and counts.sum() > len(rows)
    else:
        assert abs(counts - wanted).max() <= slack
    assert same(made.examples, resample(name, rows, task, seed=3).examples)
    assert not same(made.examples, resample(name, rows, task, seed=4).examples)
    assert all(np.array_equal(rows.inputs[key], before[key]) for key in before)
    assert made.examples.inputs["numbers"].dtype == np.float32 and made.examples.target.dtype == np.int64
    (choice,) = made.choices
    assert choice.name == "resample" and f"{sum(made.before):,} training rows became" in choice.reason


@pytest.mark.parametrize("name", MAKING)
def test_new_rows_are_those_of_imbalanced_learn(name):
    rows, task = cancer()
    numbers, target = rows.inputs["numbers"], rows.target
    sampler = getattr(over_sampling, COLUMNS[name])(sampling_strategy={0: 357}, random_state=5)
    expected, classes = sampler.fit_resample(numbers, target)
    made = resample(name, rows, task, seed=5).examples
    np.testing.assert_array_equal(made.inputs["numbers"], expected)
    np.testing.assert_array_equal(made.target, classes)
    assert made.inputs["categories"].shape == (len(expected), 0)


def test_under_sampling_keeps_the_rows_that_imbalanced_learn_keeps_in_their_order():
    rows, task = cancer()
    sampler = under_sampling.RandomUnderSampler(random_state=5)
    sampler.fit_resample(rows.inputs["numbers"], rows.target)
    kept = np.sort(sampler.sample_indices_)
    assert same(resample("under", rows, task, seed=5).examples, rows.take(kept))


@pytest.mark.parametrize("name", MAKING)
def test_every_new_row_lies_between_two_rows_of_its_class(name):
    rows, task = cancer()
    made = resample(name, rows, task, seed=1).examples
    new = made.inputs["numbers"][len(rows) :].astype(np.float64)
    own = rows.inputs["numbers"][rows.target == 0].astype(np.float64)
    assert (made.target[len(rows) :] == 0).all() and len(new) > 300
    apart = np.linalg.norm(own[:, None] - own[None], axis=2)  # (M, M)
    to = np.linalg.norm(new[:, None] - own[None], axis=2)  # (S, M)
    detour = to[:, :, None] + to[:, None, :] - apart  # 0 on the line between
    assert detour.min(axis=(1, 2)).max() < 1e-4


@pytest.mark.parametrize("name", list(RESAMPLERS))
def test_ratio_says_how_even(name):
    rows, task = cancer()
    learnt = resample(f"{name}:ratio=0.5", rows, task).learnt
    assert learnt[0] / learnt[1] == pytest.approx(0.5, abs=0.02)


def test_wanted_rows():
    counts = np.array([100, 0, 30, 60])
    assert grown(counts, 1.0) == {2: 100, 3: 100} and grown(counts, 0.3) == {}
    assert shrunk(counts, 1.0) == {0: 30, 3: 30} and shrunk(counts, 0.3) == {}


@pytest.mark.parametrize("name", list(RESAMPLERS))
def test_even_classes_stay_as_they_are_and_that_is_told(name):
    rows = Examples({"numbers": np.arange(12, dtype=np.float32)[:, None]}, np.repeat([0, 1], 6))
    made = resample(
        f"{name}:m-neighbors=2" if "border" in name else name, rows, Task("classes", ("y",), ("a", "b"))
    )
    assert made.examples is rows and "nothing changed" in made.choices[0].reason


@pytest.mark.parametrize("name", ["over", "under"])
def test_images_and_text_are_taken_whole(name):
    target = np.repeat([0, 1], [9, 3])
    pixels = np.arange(12 * 4, dtype=np.uint8).reshape(12, 1, 2, 2)
    made = resample(name, Examples({"pixels": pixels}, target), Task("classes", ("y",), ("a", "b")))
    new = made.examples
    assert new.inputs["pixels"].dtype == np.uint8
    for image, label in zip(new.inputs["pixels"], new.target, strict=True):
        assert target[image[0, 0, 0] // 4] == label and image[0, 0, 0] % 4 == 0


def test_categories_come_from_neighbours_and_flags_stay_flags():
    random = np.random.default_rng(0)
    numbers = random.normal(size=(60, 3)).astype(np.float32)
    numbers[:, 2] = np.where(random.random(60) < 0.4, 1.7, -0.3)  # a standardised mark
    target = np.repeat([0, 1], [50, 10])
    ids = np.where(target == 1, 4, random.integers(1, 4, 60))[:, None]
    ids = np.concatenate([ids, random.integers(0, 3, (60, 1))], axis=1)
    task = Task("classes", ("y",), ("a", "b"))
    made = resample("smote", Examples({"numbers": numbers, "categories": ids}, target), task)
    new = {name: array[60:] for name, array in made.examples.inputs.items()}
    assert new["categories"].dtype == np.int64 and (new["categories"][:, 0] == 4).all()
    assert set(new["categories"][:, 1]) <= {0, 1, 2} and len(new["numbers"]) == 40
    assert set(new["numbers"][:, 2].tolist()) == set(np.unique(numbers[:, 2]).tolist())
    assert len(np.unique(new["numbers"][:, 0])) > 30
    plain = resample("smote", Examples({"numbers": numbers}, target), task).examples.inputs["numbers"]
    assert set(plain[60:, 2].tolist()) <= set(np.unique(numbers[:, 2]).tolist())


def test_a_small_class_has_fewer_neighbours_and_that_is_told():
    rows, task = cancer(malignant=4)
    assert (
        "3 of 5 neighbours for 'malignant', which has 4 rows"
        in resample("smote", rows, task).choices[0].reason
    )
    assert resample("smote:k-neighbors=3", rows, task).learnt == (357, 357)


@pytest.mark.parametrize("name", ["borderline-smote", "adasyn"])
def test_classes_well_apart_are_left_as_they_are_and_that_is_told(name):
    numbers = np.concatenate([np.arange(30.0), 1000 + np.arange(12.0)])[:, None].astype(np.float32)
    rows = Examples({"numbers": numbers}, np.repeat([0, 1], [30, 12]))
    made = resample(name, rows, Task("classes", ("y",), ("often", "seldom")))
    assert made.examples is rows and "'seldom' stays: none of its rows" in made.choices[0].reason


def tiny(count=20, few=1, **inputs):
    target = np.repeat([0, 1], [count, few])
    return Examples({name: make(count + few) for name, make in inputs.items()}, target)


NUMBERS = {"numbers": lambda n: np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32)}
TWO = Task("classes", ("y",), ("often", "seldom"))


@pytest.mark.parametrize("name", MAKING)
@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        (tiny(**NUMBERS), "", "class 'seldom' has 1 training row.*random-over-sampling"),
        (tiny(few=4, **NUMBERS), ":k-neighbors=4", "4 neighbours need 5 training rows.*which has 4.*=3"),
        (
            tiny(pixels=lambda n: np.zeros((n, 1, 2, 2), np.uint8)),
            "",
            "this data is images; take random-over",
        ),
        (tiny(tokens=lambda n: np.zeros((n, 5), np.int64)), "", "this data is text"),
        (tiny(series=lambda n: np.zeros((n, 5, 1), np.float32)), "", "this data is series"),
        (tiny(count=20, few=0, **NUMBERS), "", "2 classes at least, and there is 1"),
    ],
)
def test_what_rows_cannot_be_made_between_is_refused(name, rows, options, words):
    with pytest.raises(UsageError, match=words):
        resample(name + options, rows, TWO)


@pytest.mark.parametrize("name", ["borderline-smote", "adasyn"])
def test_categories_are_refused_where_they_cannot_be(name):
    rows = tiny(few=9, **NUMBERS, categories=lambda n: np.ones((n, 2), np.int64))
    with pytest.raises(UsageError, match="2 here hold categories; take smote"):
        resample(name, rows, TWO)


def test_categories_alone_are_refused():
    rows = tiny(
        few=9, numbers=lambda n: np.zeros((n, 0), np.float32), categories=lambda n: np.ones((n, 2), np.int64)
    )
    with pytest.raises(UsageError, match="needs a column of numbers, and all 2 hold categories"):
        resample("smote", rows, TWO)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("smote:k-neighbors=0", "k-neighbors takes a whole number from 1 on, not 0"),
        ("smote:neighbours=2", "has no option neighbours.*it takes k-neighbors, ratio"),
        ("over:ratio=0", "ratio takes a number above 0 up to 1, not 0"),
        ("under:ratio=1.5", "ratio takes"),
        ("borderline-smote:kind=1", "kind takes borderline-1 or borderline-2, not 1"),
        ("over:k-neighbors=3", "has no option"),
    ],
)
def test_wrong_options_are_refused_before_any_work(name, words):
    with pytest.raises(UsageError, match=words):
        check(name)


@pytest.mark.parametrize(
    ("kind", "words"), [("labels", "holds labels; take --class-weights"), ("numbers", "holds numbers")]
)
def test_only_classes_are_resampled(kind, words):
    with pytest.raises(UsageError, match=words):
        resample("over", tiny(few=3, **NUMBERS), Task(kind, ("a", "b")))


def test_more_neighbours_than_rows():
    with pytest.raises(UsageError, match="30 neighbours need 31 training rows, and there are 29"):
        resample("borderline-smote:m-neighbors=30", tiny(few=9, **NUMBERS), TWO)


def test_names():
    assert (
        proper("Under_Sampling:ratio=0.5") == "random-under-sampling:ratio=0.5" and proper(" None ") == NONE
    )
    with pytest.raises(UnknownNameError, match="did you mean 'smote'"):
        check("smoot")


def test_without_the_package_one_sentence_says_what_to_install(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "imblearn" else find(name, *rest)
    )
    for module in [name for name in sys.modules if name.partition(".")[0] == "imblearn"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "imblearn", None)
    with pytest.raises(
        MissingDependencyError, match=r"install `gradwise\[imbalance\]`, or take --class-weights"
    ):
        check("smote")
    with pytest.raises(MissingDependencyError):
        resample("smote", *cancer())
