"""Small trainings that are killed again and again and must end as if nothing had happened.

    python resumable.py DIRECTORY KILLS SEED
    python resumable.py DIRECTORY VARIANT      one attempt, in this process

One process loads torch and the data and forks a child for every attempt.  A child resumes where the one
before it was killed: at a random time, or at a random call that writes a checkpoint (open, half a write,
fsync, rename, removal).  Prints one JSON object.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

from gradwise.data.examples import Examples, Task
from gradwise.train import callbacks, checkpoint, files
from gradwise.train.averaging import averaged
from gradwise.train.batches import Batches
from gradwise.train.callbacks import EarlyStopping, SaveCheckpoint
from gradwise.train.loop import fit
from gradwise.train.metrics import metrics_for
from gradwise.train.randomness import seed_everything
from gradwise.train.training import Training

ROWS, EPOCHS = 384, 10
SCHEDULES = torch.optim.lr_scheduler


def make(variant: str) -> Training:
    seed_everything(5)
    conv = variant == "layout"
    first = [nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6), nn.Flatten()] if conv else []
    width = 6 * 36 if conv else 64
    net = nn.Sequential(
        *first, nn.Linear(width, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 10)
    )
    if conv:
        net = net.to(memory_format=torch.channels_last)
    rest = {"metrics": metrics_for(Task("classes", ("digit",), tuple("0123456789")))}
    adam = torch.optim.Adam(net.parameters(), 0.003, fused=conv)
    if variant == "momentum":
        optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, nesterov=True)
        rest |= {"scheduler": SCHEDULES.CosineAnnealingLR(optimizer, EPOCHS), "clip": 1.0}
    elif variant == "average":
        optimizer = adam
        steps = EPOCHS * (ROWS // 32)
        rest |= {"scheduler": SCHEDULES.OneCycleLR(optimizer, 0.01, total_steps=steps), "pace": "batch"}
        rest |= {"ema": averaged(net, 0.98)}
    else:
        optimizer = adam
        rest |= {"scheduler": SCHEDULES.ReduceLROnPlateau(optimizer, patience=1), "pace": "loss"}
    return Training(net, optimizer, nn.CrossEntropyLoss(), **rest)


def train(variant: str, directory: Path, data: tuple[Examples, Examples]) -> None:
    """One attempt: what a user's resumed run does.  The end is written beside the checkpoints."""
    training = make(variant)
    saving = SaveCheckpoint(directory, seconds=0.02)
    if saving.checkpoints:
        saving.checkpoints.load(training)
    train_set = Batches(data[0], 32, seed=5)
    valid_set = Batches(data[1], 256, shuffle=False)
    stopping = EarlyStopping(1 if variant == "layout" else 50)
    fit(training, train_set, valid_set, epochs=EPOCHS, callbacks=[stopping, saving])
    (directory / "end.json").write_text(json.dumps(summary(training)))


def summary(training: Training) -> dict[str, object]:
    """Everything that a user could compare, bit by bit."""
    total = hashlib.sha256()
    trees = [training.model.state_dict(), training.judged.state_dict()]
    trees += [state for state in training.optimizer.state_dict()["state"].values()]
    for tree in trees:
        for tensor in tree.values():
            total.update(tensor.numpy().tobytes() if isinstance(tensor, torch.Tensor) else b"")
    progress = training.progress
    return {
        "weights": total.hexdigest(),
        "losses": [row.train_loss for row in progress.history]
        + [row.value("loss") for row in progress.history],
        "best": [progress.best_epoch, progress.best_value],
        "steps": [progress.step, progress.seen],
        "draw": torch.rand(1).item() + float(np.random.rand()) + random.random(),
    }


def die_at_call(number: int) -> None:
    """Be killed at the ``number``-th call that touches the disk for a checkpoint; half of a write is done."""
    left = number
    publish = files.publish

    def count() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(function):
        def call(*arguments, **options):
            count()
            return function(*arguments, **options)

        return call

    def half(path: Path, content: bytes) -> str:
        nonlocal left
        left -= 1
        if left == 0:
            with path.with_name(path.name + files.PART).open("wb") as file:
                file.write(content[: len(content) // 2])
                file.flush()
                os.kill(os.getpid(), signal.SIGKILL)
        return publish(path, content)

    checkpoint.publish = half
    os.replace, os.fsync = counted(os.replace), counted(os.fsync)
    Path.unlink = counted(Path.unlink)


def attempt(variant: str, directory: Path, data, *, after: float = 0.0, call: int = 0) -> bool:
    """Whether a child was killed: ``after`` seconds, or at its ``call``-th touch of the disk."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if call:
                die_at_call(call)
            train(variant, directory, data)
            code = 0
        finally:
            os._exit(code)
    if after:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit("an attempt failed")
    return os.WIFSIGNALED(status)


def load() -> tuple[Examples, Examples]:
    digits = load_digits()
    pixels, target = digits.data.astype(np.float32) / 16, digits.target.astype(np.int64)
    rows = Examples({"numbers": pixels}, target)
    return rows.take(np.arange(ROWS)), rows.take(np.arange(ROWS, 640))


def main(directory: Path, kills: int, seed: int) -> dict[str, object]:
    """Chains of at most three kills and an end, until there were so many kills."""
    chance, data = random.Random(seed), load()
    truth, seconds = {}, {}
    variants = ("momentum", "average", "layout")
    for variant in variants:
        (directory / "warm" / variant).mkdir(parents=True)
        train(
            variant, directory / "warm" / variant, data
        )  # what torch imports at the first step is not forked again
        (directory / variant).mkdir(parents=True)
        started = time.monotonic()
        attempt(variant, directory / variant, data)
        seconds[variant] = time.monotonic() - started
        truth[variant] = json.loads((directory / variant / "end.json").read_text())
    told = {"clock": 0, "write": 0, "chains": 0, "different": [], "seconds": seconds, "truth": truth}
    while told["clock"] + told["write"] < kills:
        variant = variants[told["chains"] % len(variants)]
        place = directory / f"chain-{told['chains']}"
        place.mkdir()
        ended = False
        for _ in range(3):
            if told["clock"] + told["write"] == kills or ended:
                break
            if chance.random() < 0.5:
                killed = attempt(variant, place, data, call=chance.randint(1, 40))
                told["write"] += killed
            else:
                killed = attempt(variant, place, data, after=chance.uniform(0.01, 0.8 * seconds[variant]))
                told["clock"] += killed
            ended = not killed
        if not ended:
            attempt(variant, place, data)
        if json.loads((place / "end.json").read_text()) != truth[variant]:
            told["different"].append([told["chains"], variant])
        told["chains"] += 1
        shutil.rmtree(place)
    return told


if __name__ == "__main__":
    torch.set_num_threads(1)
    callbacks.SAVE_SHARE = 1.0  # save as often as told, whatever it costs
    if len(sys.argv) == 3:
        train(sys.argv[2], Path(sys.argv[1]), load())
    else:
        print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
