"""Learnt or not, on numbers whose answer is known and on nets that are known to be good or bad."""

from __future__ import annotations

import numpy as np
import pytest

from gradwise.baselines import quick
from gradwise.baselines.quick import Yardstick
from gradwise.data.examples import Task
from gradwise.fitting.scores import score
from gradwise.fitting.verdict import WORSE, judge


def stick(metric: str = "accuracy", trivial: float = 0.5, linear: float | None = None) -> Yardstick:
    return Yardstick(metric, trivial, linear, 0.1, "")


@pytest.mark.parametrize(
    ("score", "rows", "word"),
    [
        (0.57, 200, "learnt"),  # 1.96 · sqrt(0.25 / 200) = 0.0693
        (0.569, 200, "not learnt"),
        (0.53, 2000, "learnt"),  # 0.0219
        (0.5, 2000, "not learnt"),
        (0.2, 2000, "not learnt"),
        (float("nan"), 2000, "not learnt"),
    ],
)
def test_an_accuracy_must_beat_guessing_by_more_than_chance(score: float, rows: int, word: str) -> None:
    assert judge(score, stick(), rows).word == word


def test_chance_is_smaller_where_guessing_is_nearly_always_right() -> None:
    assert judge(0.99, stick(trivial=0.97), 1000).learnt  # ± 0.0106
    assert not judge(0.975, stick(trivial=0.97), 1000).learnt


def test_a_perfect_guess_cannot_be_beaten() -> None:
    assert not judge(1.0, stick(trivial=1.0), 50).learnt


def test_r2_must_beat_what_an_unrelated_output_can_reach() -> None:
    draw = np.random.default_rng(0)
    learnt = 0
    for _ in range(400):
        target, output = draw.normal(size=(2, 100))
        z = float(np.corrcoef(target, output)[0, 1]) * 10  # z / sqrt(n) is the best scale of the output
        best = target.mean() + z / 10 * (output - output.mean()) / output.std() * target.std()
        learnt += judge(quick.r2(target[:, None], best[:, None]), stick("r2", 0.0), 100).learnt
    assert learnt <= 0.07 * 400, "5 % are expected, whatever scale chance picks"
    assert judge(0.2, stick("r2", 0.0), 100).learnt


def test_a_net_behind_a_linear_model_is_told() -> None:
    verdict = judge(0.8, stick(linear=0.95), 200)  # ± 0.030 at 0.95
    assert verdict.word == WORSE
    assert verdict.learnt
    assert "a linear model's 0.95" in verdict.sentence
    assert judge(0.93, stick(linear=0.95), 200).word == "learnt", "within chance"
    assert judge(0.5, stick(linear=0.95), 200).word == "not learnt"


def test_no_linear_model_no_comparison() -> None:
    verdict = judge(0.8, stick(linear=None), 200)
    assert verdict.word == "learnt"
    assert "linear" not in verdict.sentence


def test_a_balanced_accuracy_is_worth_its_rarest_class() -> None:
    measured = Yardstick("balanced_accuracy", 0.5, None, 0.1, "", worth=16.0)  # ± 0.245
    assert not judge(0.7, measured, 10_000).learnt
    verdict = judge(0.8, measured, 10_000)
    assert verdict.learnt
    assert verdict.sentence.startswith("balanced accuracy 0.8 on 10000 validation rows")


def test_a_target_that_never_changes_is_told() -> None:
    verdict = judge(float("nan"), stick("r2", float("nan"), float("nan")), 7)
    assert verdict.word == "not learnt"
    assert "the same in all 7 validation rows" in verdict.sentence


def test_outputs_that_are_no_numbers_are_told() -> None:
    assert "no numbers" in judge(float("nan"), stick("r2", 0.0), 7).sentence


def test_every_metric_of_the_yardstick_is_scored() -> None:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(300, 2)).astype(np.float32)
    rare, even = (x[:, 0] > 2).astype(np.int64), (x[:, 0] > 0).astype(np.int64)
    for task, target in (
        (Task("classes", ("y",), ("a", "b")), rare),
        (Task("classes", ("y",), ("a", "b")), even),
        (Task("labels", ("a", "b")), np.stack([rare, even], 1).astype(np.float32)),
        (Task("numbers", ("a",)), x[:, :1]),
    ):
        measured = quick.measure(task.kind, {"numbers": x}, target, {"numbers": x}, target)
        perfect = np.eye(2)[target] if task.kind == "classes" else target
        metrics = score(task, perfect, target).metrics
        assert metrics[measured.metric] == 1, measured.metric
        assert judge(metrics[measured.metric], measured, 300).learnt


def test_as_dict_holds_what_run_json_needs() -> None:
    document = judge(0.8, stick(linear=0.7), 200).as_dict()
    assert document["metric"] == "accuracy"
    assert (document["score"], document["trivial"], document["linear"], document["rows"]) == (
        0.8,
        0.5,
        0.7,
        200,
    )
