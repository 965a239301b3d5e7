"""Plans: every default has a reason, the user's word always wins."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from gradwise.data.examples import Task
from gradwise.errors import UnknownNameError, UsageError
from gradwise.train.config import FitConfig
from gradwise.train.plan import Plan, make_plan
from gradwise.train.sizing import dense_weights

THREE = Task("classes", ("kind",), ("a", "b", "c"))
LABELS = Task("labels", ("x", "y"))
NUMBERS = Task("numbers", ("price",), (), (0.0,), (1.0,))
TABLE = {"numbers": 6, "categories": (9, 16, 7)}
MNIST = {"channels": 1, "height": 28, "width": 28}
CIFAR = {"channels": 3, "height": 32, "width": 32}


def plan(task=THREE, shape=TABLE, rows=1000, *, counts=None, device="cpu", **settings) -> Plan:
    return make_plan(task, shape, rows, FitConfig(**settings), counts=counts, device=device)


def chosen(made: Plan) -> dict[str, str]:
    return {choice.name: choice.value for choice in made.choices}


@pytest.mark.parametrize(
    ("shape", "rows", "net"),
    [
        (TABLE, 100, "mlp"),
        (MNIST, 60_000, "cnn"),
        (CIFAR, 9_999, "cnn"),
        (CIFAR, 10_000, "resnet18"),
        ({"features": 1, "length": 100}, 500, "lstm"),
        ({"features": 1, "length": 101}, 500, "cnn1d"),
        ({"vocabulary": 5000, "length": 40}, 500, "cnn1d"),
    ],
)
def test_net_by_kind_and_size(shape: dict, rows: int, net: str) -> None:
    made = plan(shape=shape, rows=rows)
    assert made.net == net == chosen(made)["net"]


def test_everything_left_open_is_told_with_a_reason() -> None:
    made = plan(rows=1000)
    names = set(chosen(made))
    assert names == {
        *("net", "width", "loss", "batch-size", "epochs", "optimizer", "weight-decay", "schedule", "patience")
    }
    assert all(choice.reason for choice in made.choices)
    told = chosen(made)
    assert told["width"] == str(made.net_options["units"])
    assert told["batch-size"] == str(made.batch_size) and told["epochs"] == str(made.epochs)
    assert asdict(made)["optimizer"] == "adamw"


def test_what_the_user_says_wins_and_is_not_told_back() -> None:
    made = plan(
        net="dnn",
        width=7,
        depth=3,
        dropout=0.1,
        epochs=4,
        batch_size=10,
        rate=0.5,
        optimizer="nag",
        schedule="fixed",
        loss="focal",
        init="he",
        weight_decay=0.3,
        clip=1.0,
        class_weights="no",
        patience=2,
        counts=(900, 50, 50),
    )
    assert made.choices == ()
    assert (made.net, made.net_options) == ("mlp", {"units": 7, "depth": 3, "dropout": 0.1})
    assert (made.epochs, made.batch_size, made.rate, made.patience) == (4, 10, 0.5, 2)
    assert (made.optimizer, made.schedule, made.loss, made.init) == (
        "nesterov",
        "constant",
        "focal",
        "he-normal",
    )
    assert (made.weight_decay, made.clip, made.class_weights) == (0.3, 1.0, None)


@pytest.mark.parametrize("rows", [50, 1_000, 10_000, 100_000, 1_000_000])
def test_the_widest_net_that_has_no_more_weights_than_fit_any_rows(rows: int) -> None:
    units = plan(rows=rows).net_options["units"]
    inputs = 6 + 5 + 8 + 4
    enough = 2 * rows + inputs
    assert units == 32 or dense_weights(inputs, units, 2, 3) <= enough
    assert units == 512 or dense_weights(inputs, 2 * units, 2, 3) > enough


def test_more_rows_mean_larger_batches_and_fewer_epochs() -> None:
    made = [plan(rows=rows) for rows in (20, 300, 5_000, 80_000, 2_000_000)]
    sizes, epochs = [p.batch_size for p in made], [p.epochs for p in made]
    assert sizes == sorted(sizes) and sizes[0] == 16 and sizes[-1] == 1024
    assert epochs == sorted(epochs, reverse=True) and epochs[-1] == 10
    assert plan(rows=2_000_000, device="cuda").batch_size == 4096
    assert plan(rows=5).batch_size == 5


@pytest.mark.parametrize(("rows", "size", "steps"), [(100, 10, 10), (101, 10, 10), (102, 10, 11), (3, 10, 1)])
def test_a_lone_last_row_is_no_step_of_its_own(rows: int, size: int, steps: int) -> None:
    assert plan(rows=rows, batch_size=size).steps_per_epoch == steps


@pytest.mark.parametrize(("task", "loss"), [(THREE, "cross-entropy"), (LABELS, "bce"), (NUMBERS, "mse")])
def test_loss_by_task(task: Task, loss: str) -> None:
    assert plan(task).loss == loss


def test_classes_are_weighted_from_more_than_ten_to_one() -> None:
    assert plan(counts=(500, 450, 50)).class_weights is None  # 10 to 1
    made = plan(counts=(510, 441, 49))
    assert made.class_weights == pytest.approx((1000 / (3 * 510), 1000 / (3 * 441), 1000 / (3 * 49)))
    assert "10 to 1" in next(c.reason for c in made.choices if c.name == "class-weights")
    assert plan(counts=(400, 300, 300), class_weights="yes").class_weights is not None
    assert plan(counts=(990, 10, 0)).class_weights[2] == 1.0  # a class without rows in training
    assert plan(NUMBERS, counts=None).class_weights is None


def test_labels_are_weighted_by_false_over_true() -> None:
    made = plan(LABELS, counts=(20, 500))
    assert made.class_weights == pytest.approx((49.0, 1.0))


def test_recurrent_nets_are_clipped_and_others_not() -> None:
    series = {"features": 1, "length": 50}
    assert plan(shape=series).clip == 5.0
    assert plan(shape=series, clip=0.5).clip == 0.5
    assert plan(shape=series, net="cnn1d").clip is None
    assert plan().clip is None


def test_short_trainings_do_not_warm_up_and_patience_covers_half() -> None:
    short, long = plan(rows=64, epochs=5), plan(rows=64, epochs=100)
    assert (short.schedule, long.schedule) == ("cosine", "one-cycle")
    assert (short.patience, long.patience) == (10, 50)
    assert plan(epochs=100, schedule="constant").patience == 10
    assert plan(epochs=100, patience=0).patience == 0
    assert plan(epochs=100, schedule="cosine:warm-up=0.1").patience == 50


def test_a_plateau_may_divide_three_times_before_training_stops() -> None:
    assert plan(schedule="plateau").patience == 18
    made = plan(schedule="reduce-on-plateau:patience=2,divide=5,warm-up=1")
    assert (made.schedule, made.patience) == ("plateau:patience=2,divide=5,warm-up=1", 10)


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("plateau:divide=1", "divide takes a number above 1, not 1"),
        ("step:evry=3", "did you mean 'every'"),
        ("cosine:warm-up=4", "warm up over 4 of 4 epochs"),
    ],
)
def test_a_schedule_is_checked_before_anything_is_tried(schedule: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        plan(schedule=schedule, epochs=4)


def test_only_adamw_decays_unasked() -> None:
    assert plan().weight_decay == 0.01
    assert plan(optimizer="sgd").weight_decay == 0.0


@pytest.mark.parametrize(
    ("task", "shape", "settings", "said"),
    [
        (THREE, TABLE, {"net": "cnn"}, "--net cnn takes images, not table; try mlp"),
        (THREE, {**MNIST}, {"net": "lenet", "width": 3}, "--width is nothing that net 'lenet-5'"),
        (THREE, {**MNIST}, {"net": "resnet18", "depth": 3}, "--depth is nothing"),
        (NUMBERS, TABLE, {"loss": "mse:reduction=sum"}, "learns from the mean of a batch's losses"),
        (THREE, TABLE, {"loss": "mse"}, "--loss mse is not for classes, which this target holds; try"),
        (NUMBERS, TABLE, {"class_weights": "yes"}, "--class-weights yes is for classes"),
    ],
)
def test_settings_that_do_not_go_together(task: Task, shape: dict, settings: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        plan(task, shape, **settings)


@pytest.mark.parametrize("word", ["net", "optimizer", "schedule", "loss", "init"])
def test_unknown_names(word: str) -> None:
    with pytest.raises(UnknownNameError, match="there is no"):
        plan(**{word: "adm"})
