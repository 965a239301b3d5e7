"""Small real data and a small net for the tests of the loop."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

from gradwise.data.examples import Examples, Task
from gradwise.train.batches import Batches
from gradwise.train.callbacks import Callback
from gradwise.train.metrics import metrics_for
from gradwise.train.randomness import seed_everything
from gradwise.train.training import Training

DIGITS = Task("classes", ("digit",), tuple("0123456789"))


def digits(first, end):
    data = load_digits()
    pixels = (data.data / 16).astype(np.float32)
    return Examples({"numbers": pixels[first:end]}, data.target[first:end].astype(np.int64))


def net():
    return nn.Sequential(nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 10))


def training(seed=0, optimizer=None, **options):
    """Of a small net; ``optimizer``: from the parameters."""
    seed_everything(seed)
    model = net()
    made = (optimizer or (lambda weights: torch.optim.Adam(weights, 0.005)))(model.parameters())
    made_options = {name: make(made) if name == "scheduler" else make for name, make in options.items()}
    return Training(model, made, nn.CrossEntropyLoss(), metrics=metrics_for(DIGITS), **made_options)


def train_batches(rows=320, size=32, **options):
    return Batches(digits(0, rows), size, **options)


def valid_batches(**options):
    return Batches(digits(1000, 1200), 128, shuffle=False, **options)


def weights(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(first, second):
    """Whether two state dicts are equal bit by bit."""
    return first.keys() == second.keys() and all(first[name].equal(second[name]) for name in first)


class StopAt(Callback):
    """Stop after a step."""

    def __init__(self, step):
        self.step = step

    def on_step_end(self, training, /):
        if training.progress.step == self.step:
            training.stop = "enough"
