"""Optimizers that take all rows or evaluate the loss themselves: their plan, and the loop with them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gradwise import optim
from gradwise.errors import UsageError
from gradwise.train.callbacks import EarlyStopping
from gradwise.train.checkpoint import Checkpoints
from gradwise.train.loop import fit, step
from gradwise.train.randomness import seed_everything
from gradwise.train.training import Training
from tests.train.small import StopAt, same, train_batches, training, valid_batches, weights
from tests.train.test_plan import chosen, plan

CLOSED = [name for name in optim.OPTIMIZERS if optim.OPTIMIZERS[name].closure]
every = pytest.mark.parametrize("name", CLOSED)


@pytest.mark.parametrize("name", ["bgd", *CLOSED])
def test_all_rows_are_one_batch_and_that_is_told(name: str) -> None:
    made = plan(rows=500, optimizer=name)
    assert (made.batch_size, made.steps_per_epoch) == (500, 1)
    assert chosen(made)["batch-size"] == "500"
    assert "batch-size" not in chosen(plan(rows=500, optimizer=name, batch_size=500))


@every
def test_a_line_search_needs_no_range_test_no_schedule_and_no_clipping(name: str) -> None:
    made = plan(shape={"features": 1, "length": 50}, optimizer=name)  # recurrent nets are clipped otherwise
    assert (made.rate, made.schedule, made.clip, made.patience) == (1.0, "constant", None, 10)
    reason = next(choice.reason for choice in made.choices if choice.name == "rate")
    assert "no range test" in reason
    assert plan(optimizer="bgd").rate is None, "for bgd it means something"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"optimizer": "bgd", "batch_size": 10},
            "bgd takes all 1,000 rows in every step, not 10; .* take sgd",
        ),
        ({"optimizer": "cg", "batch_size": 10}, "nonlinear-cg takes all 1,000 rows .* take momentum"),
        ({"optimizer": "l-bfgs", "clip": 1.0}, "--clip changes the gradient, and l-bfgs's line search"),
        ({"optimizer": "bfgs", "precision": "bf16"}, "--precision bf16 has 3 digits"),
        ({"optimizer": "newton-cg", "rate": 0.1}, "--rate does nothing for newton-cg"),
        ({"optimizer": "trust-ncg", "schedule": "cosine"}, "--schedule does nothing for trust-ncg"),
    ],
)
def test_settings_that_do_not_go_together_are_one_sentence(settings: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        plan(**settings)


def test_l_bfgs_takes_a_smaller_batch_with_a_word_about_it() -> None:
    made = plan(optimizer="l-bfgs", batch_size=100, rate=0.5, schedule="cosine")
    assert (made.batch_size, made.rate, made.schedule) == (100, 0.5, "cosine")
    assert "another function" in next(c.reason for c in made.choices if c.name == "batch-size")


def closed_training(name: str, seed: int = 0, **options):
    few = {"max_iter": 4} if name == "l-bfgs" else {"iterations": 4, "passes": 40}
    seed_everything(seed)
    model = nn.Sequential(nn.Linear(64, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(0.2), nn.Linear(4, 10))
    made = optim.make(name, model.parameters(), **few)
    return Training(model, made, nn.CrossEntropyLoss(), closure=True, **options)


@every
def test_the_loop_with_dropout_and_batch_norm_learns_stops_early_and_ends_with_the_best(name: str) -> None:
    made = closed_training(name)
    fit(made, train_batches(320, 320), valid_batches(), epochs=6, callbacks=[EarlyStopping(5)])
    history = made.progress.history
    assert history[-1].train_loss < 0.5 * history[0].train_loss
    assert made.progress.best_value == min(row.valid_loss for row in history)
    assert made.progress.seen == 320 * len(history)


@every
def test_within_a_step_dropout_is_one_function_and_in_the_next_another(name: str) -> None:
    made, masks = closed_training(name), []
    made.model[3].register_forward_hook(lambda module, inputs, output: masks.append(output == 0))
    made.model[2].register_forward_hook(lambda module, inputs, output: output + 1e-3)  # no zeros of its own
    batch = next(iter(train_batches(64, 64).iterate(0)))
    seen = []
    for _ in range(2):
        step(made, *batch)
        seen.append(masks[0])
        assert len(masks) > 2 and all(mask.equal(masks[0]) for mask in masks)
        masks.clear()
    assert not seen[0].equal(seen[1])


@every
def test_a_resumed_training_comes_to_the_same_bits(name: str, tmp_path) -> None:
    whole = closed_training(name)
    fit(whole, train_batches(200, 200), valid_batches(), epochs=4)
    parts = closed_training(name)
    fit(parts, train_batches(200, 200), valid_batches(), epochs=4, callbacks=[StopAt(2)])
    Checkpoints(tmp_path).save(parts)
    resumed = closed_training(name, seed=9)
    assert Checkpoints(tmp_path).load(resumed) == []
    fit(resumed, train_batches(200, 200), valid_batches(), epochs=4)
    assert same(weights(whole.model), weights(resumed.model))
    assert [row.train_loss for row in whole.progress.history] == [
        row.train_loss for row in resumed.progress.history
    ]


def test_single_rows_are_batches_too() -> None:
    assert plan(rows=40, batch_size=1).steps_per_epoch == 40
    made = training(optimizer=lambda w: optim.make("sgd", w, rate=0.03))
    made.model[1] = nn.Identity()  # batch-norm cannot learn from one row
    fit(made, train_batches(150, 1), valid_batches(), epochs=3)
    assert made.progress.step == 450
    assert made.progress.history[-1].metrics["accuracy"] > 0.5
    assert torch.isfinite(torch.tensor([row.train_loss for row in made.progress.history])).all()
