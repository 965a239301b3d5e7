"""Augmentation in a training: the same whoever makes the batches, and after every resume."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

from gradwise.data.examples import Examples, Task
from gradwise.errors import UsageError
from gradwise.nets import make
from gradwise.train.augmenting import Augmenter, augmenter, choose
from gradwise.train.batches import Batches
from gradwise.train.callbacks import Callback, SaveCheckpoint
from gradwise.train.checkpoint import Checkpoints
from gradwise.train.config import FitConfig
from gradwise.train.loop import evaluate, fit
from gradwise.train.metrics import metrics_for
from gradwise.train.plan import make_plan
from gradwise.train.randomness import seed_everything
from gradwise.train.together import MemberBatches, together
from gradwise.train.training import Training
from tests.train.small import DIGITS, StopAt, same, weights

SHAPE = {"channels": 1, "height": 8, "width": 8}
NAMES = "rotate:degrees=10, crop:padding=1, noise, cutout:share=0.3, mixup, cutmix"


def examples(first=0, end=160, *, on_disk=None):
    data = load_digits()
    pixels = (data.images * 15).astype(np.uint8)[first:end, None]
    if on_disk is not None:
        np.save(on_disk, pixels)
        pixels = np.load(on_disk, mmap_mode="r")
    return Examples({"pixels": pixels}, data.target[first:end].astype(np.int64))


def training(names=NAMES, seed=0, loss=None):
    seed_everything(seed)
    model = nn.Sequential(make("cnn", outputs=10, **SHAPE), nn.Dropout(0.1))
    optimizer = torch.optim.Adam(model.parameters(), 0.003)
    changed = augmenter(names, DIGITS, [seed])
    criterion = loss or nn.CrossEntropyLoss()
    return Training(model, optimizer, criterion, metrics=metrics_for(DIGITS), augment=changed)


class Seen(Callback):
    """Keeps what the net was given."""

    def __init__(self, made):
        self.batches = []
        made.model.register_forward_pre_hook(self._keep)

    def _keep(self, model, inputs):
        if model.training:
            self.batches.append(inputs[0].clone())


def test_a_training_stopped_anywhere_and_resumed_ends_with_the_same_weights(tmp_path):
    whole = training()
    valid = Batches(examples(1000, 1100), 64, shuffle=False)
    fit(whole, Batches(examples(), 32), valid, epochs=3)
    for stop in (1, 4, 5, 8, 14):
        first = training()
        saving = SaveCheckpoint(tmp_path / str(stop))
        fit(first, Batches(examples(), 32), valid, epochs=3, callbacks=[StopAt(stop), saving])
        second = training()
        seed_everything(99)
        Checkpoints(tmp_path / str(stop)).load(second)
        fit(second, Batches(examples(), 32), valid, epochs=3)
        assert same(weights(whole.model), weights(second.model)), stop
        assert [r.train_loss for r in whole.progress.history] == [
            r.train_loss for r in second.progress.history
        ]


def test_batches_do_not_hang_on_who_reads_them_ahead_or_on_what_else_is_drawn(tmp_path):
    seen = []
    for path, rows in ((None, 0), (tmp_path / "pixels.npy", 5)):
        made = training()
        keeping = Seen(made)
        torch.rand(rows)
        fit(made, Batches(examples(on_disk=path), 32), epochs=2)
        seen.append(keeping.batches)
    assert len(seen[0]) == 10
    assert all(one.equal(other) for one, other in zip(*seen, strict=True))
    assert not seen[0][0].equal(seen[0][5]) and seen[0][0].dtype == torch.uint8


def test_every_batch_is_changed_in_its_own_way_and_validation_rows_are_not():
    rows = Examples(
        {"pixels": np.repeat(examples(0, 1).inputs["pixels"], 64, axis=0)}, np.zeros(64, np.int64)
    )
    made = training("rotate:degrees=20")
    keeping = Seen(made)
    fit(made, Batches(rows, 32), epochs=2)
    assert len({tuple(batch.flatten().tolist()) for batch in keeping.batches}) == 4
    seed_everything(0)
    plain = evaluate(made.model, Batches(rows, 32), made.criterion)
    assert evaluate(made.model, Batches(rows, 32), made.criterion) == plain


def test_it_learns_under_all_of_them():
    made = training("rotate:degrees=10, crop:padding=1, mixup")
    fit(made, Batches(examples(0, 600), 32), Batches(examples(1000, 1300), 100, shuffle=False), epochs=6)
    assert made.progress.history[-1].metrics["accuracy"] > 0.8


def test_a_checkpoint_of_other_augmentations_is_refused(tmp_path):
    first = training("flip")
    fit(first, Batches(examples(), 32), epochs=1, callbacks=[SaveCheckpoint(tmp_path)])
    with pytest.raises(UsageError, match="saved with augmentation flip, this training has cutout"):
        Checkpoints(tmp_path).load(training("cutout"))
    with pytest.raises(UsageError, match="saved with augmentation flip, this training has none"):
        Checkpoints(tmp_path).load(training("none"))


def test_members_of_an_ensemble_meet_what_each_would_meet_alone():
    rows, seeds = examples(0, 64), (3, 4)
    changed = Augmenter(NAMES, augmenter(NAMES, DIGITS, seeds).pipeline, seeds)
    ((inputs, target),) = MemberBatches(rows, 64, seeds=seeds).iterate(0)
    both = changed(inputs, target, epoch=0, batch=0)
    for number, seed in enumerate(seeds):
        ((inputs, target),) = Batches(rows, 64, seed=seed).iterate(0)
        alone = dataclasses.replace(changed, seeds=(seed,))(inputs, target, epoch=0, batch=0)
        part = slice(64 * number, 64 * (number + 1))
        assert both[0][0][part].equal(alone[0][0]) and both[1][part].equal(alone[1])


def test_a_stack_trains_with_them():
    seed_everything(0)
    nets = [nn.Sequential(nn.Flatten(), Halves()) for _ in range(2)]
    first = Training(nets[0], torch.optim.Adam(nets[0].parameters(), 0.01), nn.CrossEntropyLoss())
    first.augment = augmenter("rotate, mixup", DIGITS, (0, 1))
    stack = together(first, nets)
    valid = MemberBatches(examples(1000, 1200), 100, shuffle=False, seeds=(0, 1))
    fit(stack, MemberBatches(examples(0, 320), 32, seeds=(0, 1)), valid, epochs=4)
    losses = [row.valid_loss for row in stack.progress.history]
    assert losses[-1] < losses[0]


class Halves(nn.Module):
    """Bytes to numbers, and a layer."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 10)

    def forward(self, pixels):
        return self.layer(pixels.float() / 255 - 0.3)


def plan(task=DIGITS, shape=SHAPE, rows=400, **settings):
    return make_plan(task, shape, rows, FitConfig.make(settings))


def test_none_is_the_default_and_nothing_is_told_of_it():
    assert plan().augment == "none"
    assert "augment" not in [choice.name for choice in plan().choices]


def test_auto_moves_images_a_little_and_leaves_other_data_alone():
    made = plan(augment="auto", shape={"channels": 1, "height": 28, "width": 28})
    assert made.augment == "translate:pixels=1, rotate:degrees=10"
    (told,) = [choice for choice in made.choices if choice.name == "augment"]
    assert told.reason == "up to 1 of 28 pixels and 10 degrees keep nearly every label; a flip need not"
    small = plan(augment="auto")
    assert small.augment == "none"
    (told,) = [choice for choice in small.choices if choice.name == "augment"]
    assert told.reason == "8 pixels, and a shift of one is 12% of them (limit 16 pixels)"
    large = plan(augment="auto", shape={"channels": 3, "height": 64, "width": 48})
    assert large.augment == "translate:pixels=3, rotate:degrees=10"
    assert plan(augment="auto", shape={"numbers": 4, "categories": ()}).augment == "none"


def test_lists_and_aliases():
    assert plan(augment=["hflip", "rotation:degrees=5"]).augment == "flip, rotate:degrees=5"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"augment": "jitter"}, "'jitter' is for series, not for images; leave it out"),
        ({"augment": "crop:size=4"}, "8 x 8 pixels 4 x 4"),
        (
            {"augment": "mixup", "loss": "focal"},
            "--augment mixup makes shares of classes, and loss 'focal' takes class ids",
        ),
        ({"augment": "flip", "optimizer": "l-bfgs"}, "--augment changes the loss at every look"),
        ({"augment": 3}, "augment takes a word, not 3"),
    ],
)
def test_what_does_not_go_together(settings, said):
    with pytest.raises(UsageError, match=said):
        plan(**settings)


def test_numbers_may_be_mixed_under_their_losses():
    task = Task("numbers", ("y",), shift=(0.0,), scale=(1.0,))
    told = []
    assert choose("mixup, swap-noise", task, "table", {"numbers": 3}, "mse", told) == "mixup, swap-noise"
    assert told == []
