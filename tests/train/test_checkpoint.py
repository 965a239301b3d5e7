"""Checkpoints hold everything, are whole or not there, and say what is wrong with them."""

from __future__ import annotations

import json
import random
import warnings
from collections import deque

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from torch import nn

import gradwise
from gradwise.errors import GradwiseError, UsageError
from gradwise.train.averaging import averaged
from gradwise.train.callbacks import EarlyStopping, SaveCheckpoint
from gradwise.train.checkpoint import Checkpoints
from gradwise.train.loop import fit
from gradwise.train.packing import pack, unpack
from gradwise.train.randomness import seed_everything
from gradwise.train.training import Training
from tests.train.small import StopAt, same, train_batches, training, valid_batches, weights

SCHEDULES = torch.optim.lr_scheduler
OPTIMS = torch.optim


def optimizer_tensors(made):
    return [
        (number, name, value)
        for number, state in made.optimizer.state_dict()["state"].items()
        for name, value in state.items()
        if isinstance(value, torch.Tensor)
    ]


def resumed_equals_whole(directory, make, batches=train_batches, stop=17, epochs=3):
    """Whether stopping at a step, saving, and loading into a fresh training ends the same."""
    whole = make()
    fit(whole, batches(), valid_batches(), epochs=epochs)
    first = make()
    fit(first, batches(), valid_batches(), epochs=epochs, callbacks=[StopAt(stop), SaveCheckpoint(directory)])
    second = make()
    seed_everything(99)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Checkpoints(directory).load(second) == []
        fit(second, batches(), valid_batches(), epochs=epochs)
    rows = [
        [(r.train_loss, r.valid_loss, r.metrics, r.rate) for r in m.progress.history] for m in (whole, second)
    ]
    moments = zip(optimizer_tensors(whole), optimizer_tensors(second), strict=True)
    return (
        same(weights(whole.model), weights(second.model))
        and same(weights(whole.judged), weights(second.judged))
        and all(a[:2] == b[:2] and a[2].equal(b[2]) for a, b in moments)
        and rows[0] == rows[1]
    )


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda w: OPTIMS.SGD(w, 0.05, momentum=0.9, nesterov=True, weight_decay=1e-3),
        lambda w: OPTIMS.Adam(w, 0.003, amsgrad=True),
        lambda w: OPTIMS.AdamW(w, 0.003, fused=True),
        lambda w: OPTIMS.Adam(w, torch.tensor(0.003), foreach=False),
        lambda w: OPTIMS.RMSprop(w, 0.001, momentum=0.5, centered=True),
        lambda w: OPTIMS.Adagrad(w, 0.02),
        lambda w: OPTIMS.Adadelta(w, 0.5),
        lambda w: OPTIMS.NAdam(w, 0.002),
        lambda w: OPTIMS.Rprop(w, 0.001),
        lambda w: OPTIMS.ASGD(w, 0.01),
    ],
)
def test_optimizers_go_on_as_if_nothing_had_happened(tmp_path, optimizer):
    assert resumed_equals_whole(tmp_path, lambda: training(optimizer=optimizer))


def warmed(optimizer):
    warm = SCHEDULES.LinearLR(optimizer, 0.1, total_iters=12)
    return SCHEDULES.SequentialLR(optimizer, [warm, SCHEDULES.CosineAnnealingLR(optimizer, 18)], [12])


@pytest.mark.parametrize("stop", [1, 10, 17, 20])
@pytest.mark.parametrize(
    ("pace", "scheduler"),
    [
        ("batch", lambda o: SCHEDULES.OneCycleLR(o, 0.02, total_steps=30)),
        ("batch", warmed),
        ("batch", lambda o: SCHEDULES.CosineAnnealingWarmRestarts(o, 7)),
        ("batch", lambda o: SCHEDULES.CyclicLR(o, 0.001, 0.01, step_size_up=4, cycle_momentum=False)),
        ("batch", lambda o: SCHEDULES.LambdaLR(o, lambda step: 0.95**step)),
        ("epoch", lambda o: SCHEDULES.MultiStepLR(o, [1, 2], 0.3)),
        ("epoch", lambda o: SCHEDULES.PolynomialLR(o, 3)),
        ("loss", lambda o: SCHEDULES.ReduceLROnPlateau(o, "max", 0.5, patience=0)),
    ],
)
def test_schedules_go_on_as_if_nothing_had_happened(tmp_path, pace, scheduler, stop):
    assert resumed_equals_whole(tmp_path, lambda: training(scheduler=scheduler, pace=pace), stop=stop)


def test_average_clip_bf16_scaler_and_length_order_too(tmp_path):
    def averaging():
        made = training(clip=0.5, autocast=torch.bfloat16)
        made.ema = averaged(made.model, 0.9)
        return made

    def scaled():
        return training(scaler=torch.amp.GradScaler("cpu", init_scale=8.0, growth_interval=4))

    assert resumed_equals_whole(tmp_path / "average", averaging)
    assert resumed_equals_whole(tmp_path / "scaled", scaled)


class Tied(nn.Module):
    """Channels-last convolutions, one of them used twice under two names."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 6, 3, padding=1)
        self.again = self.twice = nn.Conv2d(6, 6, 3, padding=1)
        self.last = nn.Linear(6, 10)

    def forward(self, numbers):
        wide = self.first(numbers.reshape(-1, 1, 8, 8)).relu()
        return self.last(self.again(self.twice(wide).relu()).mean((2, 3)))


@pytest.mark.parametrize("fused", [True, False])
def test_channels_last_weights_keep_their_layout_and_shared_ones_are_shared(tmp_path, fused):
    def make():
        seed_everything(0)
        model = Tied().to(memory_format=torch.channels_last)
        return Training(model, torch.optim.Adam(model.parameters(), 0.01, fused=fused), nn.CrossEntropyLoss())

    assert resumed_equals_whole(tmp_path, make)
    made = make()
    Checkpoints(tmp_path).load(made)
    for weight, state in made.optimizer.state.items():
        assert state["exp_avg"].stride() == weight.stride()
    assert made.model.again.weight is made.model.twice.weight


def saved(directory, epochs=3, **options):
    made = training(**options)
    saving = SaveCheckpoint(directory, every_epoch=True)
    fit(made, train_batches(), valid_batches(), epochs=epochs, callbacks=[saving])
    return made


def test_what_lies_in_the_directory(tmp_path):
    made = saved(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names[-4:] == [
        "last-000002.json",
        "last-000002.safetensors",
        "last-000003.json",
        "last-000003.safetensors",
    ]
    assert 1 <= len([name for name in names if name.startswith("best-")]) <= 2
    page = json.loads((tmp_path / "last-000003.json").read_text())
    assert page["schema"] == 1 and page["gradwise"] == gradwise.__version__
    assert page["state"]["progress"]["step"] == 30
    with safe_open(tmp_path / "last-000003.safetensors", "pt") as file:
        assert file.get_tensor("model.0.weight").equal(made.model[0].weight)
        assert {"random.torch", "random.numpy.key", "random.python.words"} <= set(file.keys())
    assert same(Checkpoints(tmp_path).best(), made.best_weights)


def test_random_states_are_those_of_the_moment_of_saving(tmp_path):
    saved(tmp_path, epochs=1)
    wanted = random.random(), np.random.rand(), torch.rand(1).item()
    made = training(seed=5)
    Checkpoints(tmp_path).load(made)
    assert (random.random(), np.random.rand(), torch.rand(1).item()) == wanted


def test_early_stopping_goes_on_and_the_best_weights_come_back(tmp_path):
    whole = training()
    stopping = EarlyStopping(50)
    fit(whole, train_batches(), valid_batches(), epochs=5, callbacks=[stopping])
    first = training()
    fit(first, train_batches(), valid_batches(), epochs=5, callbacks=[StopAt(45), SaveCheckpoint(tmp_path)])
    second = training()
    Checkpoints(tmp_path).load(second)
    second.optimizer.param_groups[0]["lr"] = 0.0
    with torch.no_grad():
        second.model[4].weight.mul_(-100)  # no epoch from here on is better
    fit(second, train_batches(), valid_batches(), epochs=8, callbacks=[EarlyStopping(2)])
    losses = [row.valid_loss for row in whole.progress.history[:4]]
    assert second.progress.best_epoch == 1 + losses.index(min(losses))
    assert same(weights(second.model), Checkpoints(tmp_path).best())


@pytest.mark.parametrize("cut", [0, 10, 400, -1])
@pytest.mark.parametrize("suffix", ["json", "safetensors"])
def test_a_damaged_file_is_named_and_the_one_before_is_taken(tmp_path, suffix, cut):
    saved(tmp_path)
    path = tmp_path / f"last-000003.{suffix}"
    path.write_bytes(path.read_bytes()[:cut])
    made = training(seed=1)
    checkpoints = Checkpoints(tmp_path)
    (note,) = checkpoints.load(made)
    assert path.name in note and note.endswith("; an older checkpoint is taken.")
    assert made.progress.epoch == 2
    saving = SaveCheckpoint(tmp_path, every_epoch=True)
    fit(made, train_batches(), valid_batches(), epochs=4, callbacks=[saving])
    again = training(seed=1)
    assert Checkpoints(tmp_path).load(again) == []
    assert again.progress.epoch == 4


@pytest.mark.parametrize("suffix", ["json", "safetensors"])
def test_one_changed_bit_is_noticed(tmp_path, suffix):
    saved(tmp_path)
    path = tmp_path / f"last-000003.{suffix}"
    content = bytearray(path.read_bytes())
    place = content.index(b'"train_loss": ') + 16 if suffix == "json" else len(content) // 2
    content[place] ^= 1
    path.write_bytes(content)
    assert len(Checkpoints(tmp_path).load(training())) == 1


def test_a_missing_tensor_file_and_nothing_left(tmp_path):
    saved(tmp_path)
    for path in tmp_path.glob("last-*.safetensors"):
        path.unlink()
    made = training()
    before = weights(made.model)
    with pytest.raises(
        UsageError, match=r"no checkpoint in .* can be read: last-000003.safetensors cannot be read"
    ):
        Checkpoints(tmp_path).load(made)
    assert same(before, weights(made.model))
    assert not Checkpoints(tmp_path / "empty")
    with pytest.raises(UsageError, match="holds no checkpoint to go on from"):
        Checkpoints(tmp_path / "empty").load(made)


def test_lost_best_weights_are_told_and_the_rest_goes_on(tmp_path):
    saved(tmp_path)
    for path in tmp_path.glob("best-*"):
        path.write_bytes(b"")
    made = training(seed=1)
    (note,) = Checkpoints(tmp_path).load(made)
    assert "the best, are lost" in note
    assert made.progress.epoch == 3 and made.best_weights == {}
    with pytest.raises(UsageError, match="is damaged"):
        Checkpoints(tmp_path).best()


def test_a_newer_form_is_refused(tmp_path):
    saved(tmp_path)
    path = tmp_path / "last-000003.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": 2, "gradwise": "9.0"}))
    with pytest.raises(UsageError, match=r"written by gradwise 9.0 in form 2, this one reads form 1"):
        Checkpoints(tmp_path).load(training())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"optimizer": lambda w: OPTIMS.SGD(w, 0.1)}, "saved with optimizer Adam, this training has SGD"),
        ({"scheduler": lambda o: SCHEDULES.StepLR(o, 1)}, "schedule none, this training has StepLR"),
        (
            {"optimizer": lambda w: OPTIMS.Adam([{"params": [p]} for p in w])},
            r"moves \[6\] parameters per group, this training's \[1, 1, 1, 1, 1, 1\]",
        ),
    ],
)
def test_other_settings_are_refused(tmp_path, change, words):
    saved(tmp_path)
    with pytest.raises(UsageError, match=f"{words}; resume with the settings of the first start"):
        Checkpoints(tmp_path).load(training(**change))


def test_another_net_is_refused_and_left_as_it_was(tmp_path):
    saved(tmp_path)
    model = nn.Sequential(nn.Linear(64, 16), nn.Linear(16, 10))
    before = weights(model)
    made = Training(model, torch.optim.Adam(model.parameters()), nn.CrossEntropyLoss())
    with pytest.raises(UsageError, match="'0.weight' is 32×64 in the checkpoint and 16×64 in this net"):
        Checkpoints(tmp_path).load(made)
    assert same(before, weights(model))


def test_a_file_is_only_looked_for_in_the_directory(tmp_path):
    saved(tmp_path / "run")
    path = tmp_path / "run" / "last-000003.json"
    page = json.loads(path.read_text())
    (tmp_path / page["tensors"]["file"]).write_bytes(b"elsewhere")
    page["tensors"]["file"] = "../" + page["tensors"]["file"]
    path.write_text(json.dumps(page))
    assert Checkpoints(tmp_path / "run").load(training()) == []


def test_foreign_files_stay(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "model.safetensors").write_text("mine")
    saved(tmp_path)
    assert (tmp_path / "notes.txt").exists() and (tmp_path / "model.safetensors").exists()


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(
            st.text() | st.integers() | st.sampled_from(["tensor", "tuple", "pairs"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(trees)
def test_packing_survives_json(tree):
    assert unpack(json.loads(json.dumps(pack(tree, {}))), {}) == tree


def test_packing_copies_tensors_and_refuses_the_rest():
    tensors: dict[str, torch.Tensor] = {}
    shared = torch.arange(6.0).reshape(2, 3)
    packed = pack({"a": shared, "b": [shared.T]}, tensors)
    shared.zero_()
    back = unpack(json.loads(json.dumps(packed)), tensors)
    assert back["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert back["b"][0].tolist() == [[0, 3], [1, 4], [2, 5]] and back["b"][0].is_contiguous()
    with pytest.raises(GradwiseError, match="cannot hold state.queue, which is a deque"):
        pack({"state": {"queue": deque()}}, {})


class Die(Exception):
    pass


class SaveAndDie(SaveCheckpoint):
    def on_step_end(self, training, /):
        if training.progress.step == 10:
            self.save(training)
            raise Die

    def on_end(self, training, /): ...


def test_between_the_last_step_of_an_epoch_and_its_evaluation(tmp_path):
    def make():
        return training(scheduler=lambda o: SCHEDULES.StepLR(o, 1, 0.5))

    whole = make()
    fit(whole, train_batches(), valid_batches(), epochs=2)
    with pytest.raises(Die):
        fit(make(), train_batches(), valid_batches(), epochs=2, callbacks=[SaveAndDie(tmp_path)])
    resumed = make()
    Checkpoints(tmp_path).load(resumed)
    assert (resumed.progress.epoch, resumed.progress.position) == (0, 10)
    fit(resumed, train_batches(), valid_batches(), epochs=2)  # the schedule steps first, and must not warn
    assert same(weights(whole.model), weights(resumed.model))
    assert [row.rate for row in resumed.progress.history] == [0.005, 0.0025]
