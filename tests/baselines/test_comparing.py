"""A whole comparison: what is left out is told, nothing leaks, the time is kept, Ctrl-C keeps what is done."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_breast_cancer, load_digits

from gradwise.baselines import compare, features, planning, working
from gradwise.baselines.collection import names_for
from gradwise.baselines.listening import Listener
from gradwise.errors import UsageError
from tests.cli.as_typed import write_iris
from tests.data.pictures import digit_folder


@pytest.fixture
def iris(tmp_path):
    return write_iris(tmp_path) / "iris.csv"


def write(folder, **columns):
    pl.DataFrame(columns).write_csv(folder / "data.csv")
    return folder / "data.csv"


def choice(made, name):
    return next(each for each in made.choices if each.name == name)


def test_guessing_is_always_there_and_the_best_comes_first(iris) -> None:
    made = compare(iris, target="kind", only="naive-bayes,logistic-regression", folds=4)
    assert {entry.name for entry in made.entries} == {"guessing", "naive-bayes", "logistic-regression"}
    assert [entry.mean for entry in made.entries] == sorted(
        (entry.mean for entry in made.entries), reverse=True
    )
    assert made["guessing"].mean == pytest.approx(1 / 3, abs=0.03)
    assert (made["guessing"].beside, made.best.beside) == ("worse", "best")
    assert made.best.low <= made.best.mean <= made.best.high
    assert [entry.done for entry in made.entries] == [4, 4, 4]
    with pytest.raises(KeyError):
        made["svm-rbf"]


def test_the_same_seed_gives_the_same_numbers(iris) -> None:
    first, second = (compare(iris, target="kind", only="perceptron,k-nn", folds=3, seed=5) for _ in range(2))
    assert [entry.scores for entry in first.entries] == [entry.scores for entry in second.entries]
    other = compare(iris, target="kind", only="perceptron,k-nn", folds=3, seed=6)
    assert other["perceptron"].scores != first["perceptron"].scores


def test_categories_that_mean_nothing_teach_nothing(tmp_path) -> None:
    """Words that stand once each would tell the target if they were coded with the help of test rows."""
    draw = np.random.default_rng(0)
    y = draw.integers(0, 2, 240)
    words = [f"w{at % 60}" for at in range(240)]
    path = write(tmp_path, a=draw.normal(size=240), w=words, y=[("no", "yes")[each] for each in y])
    made = compare(path, target="y", only="logistic-regression,k-nn,svm-rbf")
    assert all(abs(entry.mean - 0.5) < 0.12 for entry in made.entries)


def test_encoders_see_training_rows_alone(iris, monkeypatch) -> None:
    seen = []
    real = working.encoder_for
    monkeypatch.setattr(working, "encoder_for", lambda source, rows: seen.append(rows) or real(source, rows))
    compare(iris, target="kind", only="naive-bayes")
    assert [len(rows) for rows in seen] == [120] * 5
    assert len({rows.tobytes() for rows in seen}) == 5


def test_uneven_classes_are_judged_evenly(tmp_path) -> None:
    draw = np.random.default_rng(0)
    rare = draw.random(600) < 0.05
    path = write(
        tmp_path, a=draw.normal(size=600) + 2 * rare, y=[("often", "seldom")[int(each)] for each in rare]
    )
    made = compare(path, target="y", only="logistic-regression")
    assert made.metric == "balanced-accuracy"
    assert made["guessing"].mean == 0.5
    assert made["logistic-regression"].mean > 0.75, "classes weigh the same"
    assert choice(made, "class-weights").value == "balanced"


def test_labels_are_learnt_each_by_itself(tmp_path) -> None:
    x = np.random.default_rng(0).normal(size=(200, 2))
    path = write(
        tmp_path, a=x[:, 0], b=x[:, 1], u=(x[:, 0] > 0).astype(int), v=(x.sum(axis=1) > 1).astype(int)
    )
    made = compare(path, target=["u", "v"], folds=3, skip="svm-sigmoid,svm-poly")
    assert made.kind == "labels"
    assert made["logistic-regression"].mean > 0.9 > made["guessing"].mean
    ranked = compare(
        path, target=["u", "v"], folds=3, metric="roc-auc", only="svm-linear,logistic-regression"
    )
    assert ranked.best.mean > 0.95 and ranked["guessing"].mean == 0.5


def test_several_numbers_at_once(tmp_path) -> None:
    x = np.random.default_rng(0).normal(size=(150, 3))
    path = write(tmp_path, a=x[:, 0], b=x[:, 1], c=x[:, 2], u=3 * x[:, 0] + 5, v=x[:, 1] - x[:, 2])
    made = compare(path, target=["u", "v"], folds=3)
    assert made["linear-regression"].mean == pytest.approx(1.0)
    assert made["svr"].done == made["k-nn"].done == made["polynomial"].done == 3


def test_images(tmp_path) -> None:
    digit_folder(tmp_path / "photos", 3, 12)
    made = compare(tmp_path / "photos", only="k-nn,logistic-regression,svm-rbf", folds=3)
    assert made["k-nn"].mean > 0.8 and made["svm-rbf"].mean > 0.8
    assert choice(made, "features").value == "64 pixels"


def test_texts_by_their_words(tmp_path) -> None:
    good, bad = (
        ["a fine and lovely film", "lovely, truly fine acting"],
        ["a dull and boring film", "boring, truly dull acting"],
    )
    path = write(tmp_path, review=(good + bad) * 15, y=(["good"] * 2 + ["bad"] * 2) * 15)
    made = compare(path, target="y", text="review", folds=3)
    means = {entry.name: entry.mean for entry in made.entries if entry.name != "guessing"}
    assert means == dict.fromkeys(names_for("classes"), 1.0)
    numbers = write(
        tmp_path, review=(good + bad) * 15, y=np.tile([1.5, 2.25, -1.0, -2.5], 15) + np.arange(60) / 1e4
    )
    made = compare(numbers, target="y", text="review", folds=3)
    assert made["polynomial"].notes == ["left out: products of words are too many"]
    assert made["ridge"].mean > 0.9


def test_series_of_one_length_and_of_several(tmp_path) -> None:
    draw = np.random.default_rng(0)
    kinds = np.arange(60) % 2
    rising = np.sign(kinds - 0.5)[:, None] * np.linspace(-1, 1, 12) + draw.normal(size=(60, 12)) / 3
    cells = [" ".join(f"{value:.3f}" for value in row) for row in rising]
    made = compare(
        write(tmp_path, wave=cells, y=[("down", "up")[k] for k in kinds]), target="y", only="k-nn", folds=3
    )
    assert made["k-nn"].mean > 0.95 and choice(made, "features").value == "12 values of each"
    ragged = [cell if at % 3 else cell.rpartition(" ")[0] for at, cell in enumerate(cells)]
    made = compare(
        write(tmp_path, wave=ragged, y=[("down", "up")[k] for k in kinds]), target="y", only="k-nn", folds=3
    )
    assert made["k-nn"].mean > 0.9 and "11 to 12 moments" in choice(made, "features").reason


def test_time_goes_forward(tmp_path) -> None:
    when = np.arange(120)
    path = write(tmp_path, t=when, a=np.sin(when), y=np.sin(when) + when / 200)
    made = compare(path, target="y", time="t", only="ridge:alpha=1")
    assert "by time" in choice(made, "folds").value
    assert len(made.best.scores) == 5


def test_what_a_model_cannot_take_is_told_and_the_others_go_on(iris) -> None:
    made = compare(iris, target="kind", only="k-nn:k=140,naive-bayes", folds=3)
    assert made["naive-bayes"].done == 3
    lost = made["k-nn:k=140"]
    assert math.isnan(lost.mean) and lost.notes[0].startswith("could not be fitted: Expected n_neighbors")
    assert made.entries[-1] is lost


def test_many_columns_have_too_many_products(tmp_path) -> None:
    x = np.random.default_rng(0).normal(size=(60, 70))
    path = write(tmp_path, **{f"c{at}": x[:, at] for at in range(70)}, y=x[:, 0])
    made = compare(path, target="y", only="polynomial,ridge", folds=3)
    assert "70 columns have 2,555 products at degree 2" in made["polynomial"].notes[0]


def big(folder, rows=6000):
    x = np.random.default_rng(0).normal(size=(rows, 4))
    return write(folder, **{f"c{at}": x[:, at] for at in range(4)}, y=(x[:, 0] * x[:, 1] > 0).astype(int))


def test_in_little_time_fewer_rows_are_learnt_from_and_that_is_told(tmp_path, monkeypatch) -> None:
    slow = planning.Cost(1000, 5.0, 0.0, 1.0, 0.0)
    monkeypatch.setattr(planning, "try_out", lambda contender, part, rows: slow)
    made = compare(big(tmp_path), target="y", only="naive-bayes", folds=2, seconds=20)
    entry = made["naive-bayes"]
    assert 200 <= entry.rows < 3000
    assert f"learnt from {entry.rows:,} of 3,000 rows" in entry.notes


def test_large_folds_are_sampled_and_that_is_told(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(working, "MOST_TESTED", 500)
    monkeypatch.setattr(features, "MOST_BYTES", 2000 * 4 * 8)
    made = compare(big(tmp_path), target="y", only="naive-bayes", folds=2)
    assert made["naive-bayes"].rows == 2000
    assert any(note.startswith("2,000 of 3,000 training rows") for note in made.notes)
    assert any(note.startswith("500 of 3,000 test rows") for note in made.notes)


def test_rare_words_of_many_columns_get_no_column(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(features, "MOST_ONE_HOT", 5)
    draw = np.random.default_rng(0)
    often = draw.choice(["a", "b", "c"], 300)
    seldom = draw.choice([f"s{at}" for at in range(40)], 300)
    path = write(tmp_path, often=often, seldom=seldom, y=np.where(often == "a", "yes", "no"))
    made = compare(path, target="y", only="logistic-regression", folds=2)
    assert made["logistic-regression"].mean == 1.0
    assert choice(made, "one-hot").value == "5 columns" and "most frequent" in choice(made, "one-hot").reason


class Watch:
    """A clock that jumps ahead at every look."""

    def __init__(self, step):
        self.now, self.step = 0.0, step

    def __call__(self):
        self.now += self.step
        return self.now


def test_when_the_time_is_up_what_is_done_is_shown(iris, monkeypatch) -> None:
    monkeypatch.setattr(working, "perf_counter", Watch(1.0))
    monkeypatch.setattr("gradwise.baselines.comparing.perf_counter", lambda: 0.0)
    made = compare(iris, target="kind", only="naive-bayes", seconds=18)
    assert 0 < made["naive-bayes"].done < 5
    assert any("of 5 folds" in note for note in made["naive-bayes"].notes)
    assert made["guessing"].done < 5, "no fold is begun when the time is up"
    assert not made.interrupted


def test_no_time_at_all_leaves_guessing(iris, monkeypatch) -> None:
    monkeypatch.setattr(working, "perf_counter", Watch(50.0))
    monkeypatch.setattr("gradwise.baselines.comparing.perf_counter", lambda: 0.0)
    made = compare(iris, target="kind", only="naive-bayes", seconds=10)
    assert made["guessing"].done >= 1
    assert made["naive-bayes"].notes == ["no time was left for it"]


class Stopper(Listener):
    """Presses Ctrl-C when a part of the work begins."""

    def __init__(self, at):
        self.at, self.labels = at, []

    def moved(self, done, of, label):
        self.labels.append(label)
        if done == self.at:
            raise KeyboardInterrupt


def test_ctrl_c_keeps_what_is_done(iris) -> None:
    stopper = Stopper(7)  # guessing and two models in a fold: the third fold is under way
    made = compare(iris, target="kind", only="naive-bayes,k-nn:k=3", folds=5, listener=stopper)
    assert made.interrupted
    assert made["naive-bayes"].done == 2 and made["guessing"].done == 3
    assert "2 of 5 folds" in made["naive-bayes"].notes
    assert made["naive-bayes"].mean > 0.9 and not math.isnan(made["naive-bayes"].low)


def test_settings_are_compared_on_a_part_where_the_plan_says_so(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(planning, "SEARCH_ROWS", (1000,))
    made = compare(big(tmp_path), target="y", only="naive-bayes", folds=2, seconds=300)
    assert "settings compared on 1,000 rows" in made["naive-bayes"].notes
    assert made["naive-bayes"].rows == 3000


def test_a_table_in_memory_scale_is_that_of_the_data(tmp_path) -> None:
    bunch = load_breast_cancer()
    path = write(tmp_path, **{f"c{at}": bunch.data[:, at] * 1e-9 for at in range(5)}, y=bunch.target)
    plain = write(tmp_path, **{f"c{at}": bunch.data[:, at] for at in range(5)}, y=bunch.target)
    small, usual = (compare(each, target="y", only="svm-rbf", folds=2) for each in (path, plain))
    assert small["svm-rbf"].mean == pytest.approx(usual["svm-rbf"].mean, abs=1e-3)


def test_huge_numbers_do_not_end_it(tmp_path) -> None:
    bunch = load_digits()
    columns = {f"c{at}": bunch.data[:300, at + 20] for at in range(4)}
    path = write(
        tmp_path, **columns, huge=np.where(np.arange(300) == 5, 1e300, 1.5), y=bunch.target[:300] % 2
    )
    made = compare(path, target="y", only="logistic-regression,naive-bayes", folds=2)
    assert all(entry.done == 2 for entry in made.entries)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"folds": 1}, "--folds takes a whole number from 2 to 50, not 1"),
        ({"seconds": 0}, "--seconds takes a number above 0"),
        ({"seconds": math.nan}, "--seconds takes a number above 0"),
        ({"metric": "r2"}, "--metric r2 is not for a target of classes; take one of accuracy"),
        ({"metric": "acuracy"}, "did you mean 'accuracy'"),
        ({"only": "lasso"}, "is for numbers"),
    ],
)
def test_wrong_settings(iris, options, told) -> None:
    with pytest.raises(Exception, match=".") as raised:
        compare(iris, target="kind", **options)
    assert told in str(raised.value)
    assert isinstance(raised.value, UsageError) or "did you mean" in told
