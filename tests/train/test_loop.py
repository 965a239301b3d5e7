"""The loop learns, counts, judges, and does the same thing twice."""

from __future__ import annotations

import math
import random
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from gradwise.data.examples import Examples
from gradwise.errors import UsageError
from gradwise.train.averaging import averaged
from gradwise.train.batches import Batches
from gradwise.train.callbacks import Callback
from gradwise.train.loop import evaluate, fit, step
from gradwise.train.metrics import metrics_for
from gradwise.train.outputs import outputs
from gradwise.train.randomness import random_state, restore_random_state, seed_everything
from gradwise.train.training import Training
from tests.train.small import DIGITS, StopAt, same, train_batches, training, valid_batches, weights

SCHEDULES = torch.optim.lr_scheduler


def test_it_learns_and_writes_its_history():
    made = training()
    fit(made, train_batches(640), valid_batches(), epochs=6)
    first, last = made.progress.history[0], made.progress.history[-1]
    assert last.metrics["accuracy"] > 0.85
    assert last.train_loss < 0.3 * first.train_loss
    assert [row.epoch for row in made.progress.history] == [1, 2, 3, 4, 5, 6]
    assert last.rate == 0.005
    assert 0 < 640 / last.examples_per_second < last.seconds
    progress = made.progress
    assert (progress.epoch, progress.position, progress.step, progress.seen) == (6, 0, 120, 3840)
    assert progress.best_value == min(row.valid_loss for row in progress.history)


def test_the_same_seed_twice_and_another():
    ends = []
    for seed in (0, 0, 1):
        made = training(seed)
        fit(made, train_batches(seed=seed), epochs=2)
        ends.append(weights(made.model))
    assert same(ends[0], ends[1])  # equal bit by bit
    assert not same(ends[0], ends[2])


class DrawsNumbers(Callback):
    def on_step_end(self, _training, /):
        random.random(), np.random.rand()


def test_what_others_draw_changes_neither_order_nor_weights():
    ends = []
    for callbacks in ([], [DrawsNumbers()]):
        made = training()
        fit(made, train_batches(), epochs=2, callbacks=callbacks)
        ends.append(weights(made.model))
    assert same(*ends)


def test_epochs_count_those_done_before():
    at_once = training()
    fit(at_once, train_batches(), epochs=3)
    in_parts = training()
    for epochs in (1, 3, 3):
        fit(in_parts, train_batches(), epochs=epochs)
    assert same(weights(at_once.model), weights(in_parts.model))
    assert len(in_parts.progress.history) == 3


@pytest.mark.parametrize("at", [1, 7, 10])
def test_a_stop_within_an_epoch_leaves_it_open_and_another_fit_finishes_it(at):
    whole = training()
    fit(whole, train_batches(), valid_batches(), epochs=2)
    parts = training()
    fit(parts, train_batches(), valid_batches(), epochs=2, callbacks=[StopAt(at)])
    assert parts.stop == "enough"
    assert (parts.progress.step, len(parts.progress.history)) == (at, at // 10)
    fit(parts, train_batches(), valid_batches(), epochs=2)
    assert same(weights(whole.model), weights(parts.model))
    assert [row.train_loss for row in whole.progress.history] == [
        row.train_loss for row in parts.progress.history
    ]


def test_an_epoch_does_not_go_on_with_other_batches():
    made = training()
    fit(made, train_batches(), epochs=1, callbacks=[StopAt(3)])
    with pytest.raises(UsageError, match="epoch 1 cannot go on from batch 3 .*batch_size was 32, now 16"):
        fit(made, train_batches(size=16), epochs=1)


def test_the_loss_of_an_epoch_is_the_mean_over_its_rows():
    made = training(optimizer=lambda weights: torch.optim.SGD(weights, 0.0))
    made.model.eval()
    made.model.train = lambda mode=True: made.model  # nothing random, nothing learnt
    batches = train_batches(rows=100, size=32)  # a last batch of 4
    fit(made, batches, epochs=1)
    (numbers,), target = next(iter(train_batches(100, 100).iterate(0)))
    wanted = nn.functional.cross_entropy(made.model(numbers), target).item()
    assert made.progress.history[0].train_loss == pytest.approx(wanted, rel=1e-6)


def test_evaluation_changes_nothing_and_has_no_gradient():
    made = training()
    made.model[1].eval()  # a frozen batch-norm in a net that trains
    before, state = weights(made.model), torch.get_rng_state()
    seen = []
    made.model[4].register_forward_hook(
        lambda module, inputs, output: seen.append((made.model.training, output.requires_grad))
    )
    scores = evaluate(made.model, valid_batches(), nn.CrossEntropyLoss(), metrics_for(DIGITS))
    assert set(seen) == {(False, False)}
    assert [module.training for module in made.model.modules()] == [True, True, False, True, True, True]
    assert same(before, weights(made.model))
    assert state.equal(torch.get_rng_state())
    assert scores["loss"] == pytest.approx(scores["log-loss"], rel=1e-6)


def test_modes_come_back_after_an_error_too():
    made = training()
    with pytest.raises(RuntimeError, match="no"):
        evaluate(made.model, valid_batches(), Refuses())
    assert all(module.training for module in made.model.modules())
    assert torch.is_grad_enabled()


class Refuses(nn.Module):
    def forward(self, outputs, target):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("pace", "make", "rates"),
    [
        ("epoch", lambda o: SCHEDULES.ExponentialLR(o, 0.5), [0.8, 0.4, 0.2]),
        ("batch", lambda o: SCHEDULES.StepLR(o, 10, 0.5), [0.4, 0.2, 0.1]),
        ("loss", lambda o: SCHEDULES.ReduceLROnPlateau(o, "max", 0.5, patience=0), [0.8, 0.8, 0.4]),
    ],
)
def test_schedules_step_at_their_pace(pace, make, rates):
    made = training(optimizer=lambda w: torch.optim.SGD(w, 0.8), scheduler=make, pace=pace)
    fit(made, train_batches(), valid_batches(), epochs=3)  # plateau in mode max: a falling loss is none
    assert [row.rate for row in made.progress.history] == rates


def test_clipping_bounds_the_step():
    made = training(optimizer=lambda w: torch.optim.SGD(w, 1.0), clip=1e-3)
    before = torch.cat([w.detach().clone().flatten() for w in made.model.parameters()])
    step(made, *next(iter(train_batches().iterate(0))))
    after = torch.cat([w.detach().flatten() for w in made.model.parameters()])
    assert (after - before).norm().item() == pytest.approx(1e-3, rel=1e-3)


def test_an_optimizer_that_asks_for_the_loss_itself():
    made = training(optimizer=lambda w: torch.optim.LBFGS(w, max_iter=5), closure=True)
    fit(made, train_batches(320, 320), epochs=3)
    losses = [row.train_loss for row in made.progress.history]
    assert losses[-1] < 0.5 * losses[0]
    with pytest.raises(UsageError, match="cannot scale it"):
        training(closure=True, scaler=torch.amp.GradScaler("cpu"))


def test_bf16_forward_keeps_float32_weights_and_learns():
    made = training(autocast=torch.bfloat16)
    kinds = set()
    made.model[0].register_forward_hook(lambda module, inputs, output: kinds.add(output.dtype))
    fit(made, train_batches(640), valid_batches(), epochs=4)
    assert kinds == {torch.bfloat16}
    assert {w.dtype for w in made.model.parameters()} == {torch.float32}
    assert made.progress.history[-1].metrics["accuracy"] > 0.8


def test_a_scaler_skips_a_step_that_overflows_and_the_schedule_waits():
    made = training(
        scaler=torch.amp.GradScaler("cpu", init_scale=2.0**127, growth_interval=10**6),
        scheduler=lambda o: SCHEDULES.StepLR(o, 1, 0.5),
        pace="batch",
    )
    before = weights(made.model)
    batch = next(iter(train_batches().iterate(0)))
    made.criterion = TimesTen()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        step(made, *batch)
        assert made.model[4].weight.equal(before["4.weight"]) and made.rate == 0.005
        for _ in range(20):
            step(made, *batch)
    assert made.scaler.get_scale() < 2.0**127
    assert not made.model[4].weight.equal(before["4.weight"]) and made.rate < 0.005
    assert all(w.isfinite().all() for w in made.model.parameters())


class TimesTen(nn.CrossEntropyLoss):
    def forward(self, outputs, target):
        return 10 * super().forward(outputs, target)


def test_the_average_is_what_is_judged():
    made = training()
    made.ema = averaged(made.model, 0.9)
    fit(made, train_batches(640), valid_batches(), epochs=3)
    scores = evaluate(made.ema.module, valid_batches(), made.criterion)
    assert made.progress.history[-1].valid_loss == scores["loss"]
    assert scores != evaluate(made.model, valid_batches(), made.criterion)
    assert made.ema.module[1].num_batches_tracked == made.model[1].num_batches_tracked == 60


def test_the_average_follows_its_formula():
    model = nn.Linear(1, 1, bias=False)
    ema, wanted = averaged(model, 0.9), None
    for update in range(200):
        value = math.sin(update)
        nn.init.constant_(model.weight, value)
        ema.update_parameters(model)
        decay = min(0.9, (1 + update) / (10 + update))
        wanted = value if wanted is None else decay * wanted + (1 - decay) * value
    assert ema.module.weight.item() == pytest.approx(wanted, rel=1e-4)
    with pytest.raises(UsageError, match="--ema takes a decay from 0 to 1, not 1.5"):
        averaged(model, 1.5)


def test_random_states_come_back():
    seed_everything(4)
    random.gauss(0, 1), np.random.randn(), torch.randn(1)  # leave spares behind
    state = random_state()
    first = [random.gauss(0, 1), np.random.randn(), torch.randn(3).tolist(), random.random()]
    restore_random_state(state)
    assert [random.gauss(0, 1), np.random.randn(), torch.randn(3).tolist(), random.random()] == first
    with pytest.raises(UsageError, match="--seed"):
        seed_everything(-1)


def test_the_monitored_metric_must_exist():
    with pytest.raises(UsageError, match="no metric 'acuracy' .*there are loss, accuracy"):
        fit(training(monitor="acuracy"), train_batches(), valid_batches(), epochs=1)


def test_no_step_reads_a_number_from_the_device(monkeypatch):
    made = training(clip=1.0, scheduler=lambda o: SCHEDULES.StepLR(o, 1, 0.9), pace="batch")
    batches = list(train_batches().iterate(0))
    step(made, *batches[0])
    read = []
    for name in ("item", "tolist", "numpy", "__bool__", "__float__"):
        original = getattr(torch.Tensor, name)
        monkeypatch.setattr(
            torch.Tensor,
            name,
            lambda self, *a, o=original, n=name, **k: read.append((n, self.shape)) or o(self, *a, **k),
        )
    loss = step(made, *batches[1])
    monkeypatch.undo()
    # Adam's own count of steps lies on the CPU
    assert [place for place in read if place not in {("item", torch.Size([]))}] == []
    assert not loss.requires_grad


def test_two_inputs_go_in_in_their_order():
    class Divides(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(()))

        def forward(self, numbers, by):
            return self.weight * numbers / by

    data = Examples(
        {"numbers": np.full((8, 1), 6, np.float32), "by": np.full((8, 1), 2, np.float32)},
        np.full((8, 1), 9, np.float32),
    )
    model = Divides()
    made = Training(model, torch.optim.SGD(model.parameters(), 0.05), nn.MSELoss())
    fit(made, Batches(data, 4), epochs=40)
    assert model.weight.item() == pytest.approx(3, rel=1e-3)


@pytest.mark.parametrize("options", [{}, {"shuffle": False}, {"size": 7}])
def test_outputs_come_in_the_order_of_the_rows(options):
    made = training()
    made.model.eval()
    batches = train_batches(50, **options)
    with torch.no_grad():
        wanted = made.model(torch.from_numpy(batches.examples.inputs["numbers"]))
    made.model.train()
    torch.testing.assert_close(outputs(made.model, batches), wanted)
    assert made.model.training
