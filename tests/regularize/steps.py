"""A training loop as a user writes it, and real tables."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits

from gradwise.regularize import Regularisers


def take_step(model, optimizer, loss, parts=None):
    """One step; ``loss`` is called for the loss."""
    parts = parts or Regularisers()
    optimizer.zero_grad()
    parts.before_forward(model)
    made = loss()
    made.backward()
    parts.gradient(model, optimizer)
    optimizer.step()
    parts.after_step(model, optimizer)
    return made.item()


def descend(model, optimizer, loss, parts, steps, *, annealed=False):
    """Steps at a constant rate, or at one that falls to zero."""
    rates = [group["lr"] for group in optimizer.param_groups]
    for step in range(steps):
        if annealed:
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * (1 - step / steps)
        take_step(model, optimizer, loss, parts)


def _standardised(data):
    return torch.from_numpy((data - data.mean(0)) / data.std(0))


@cache
def diabetes():
    """(442, 10) and (442, 1) standardised float64."""
    bunch = load_diabetes()
    return _standardised(bunch.data), _standardised(bunch.target).unsqueeze(1)


@cache
def cancer():
    """(569, 30) standardised float64 and (569, 1) of 0 and 1."""
    bunch = load_breast_cancer()
    return _standardised(bunch.data), torch.from_numpy(bunch.target.astype(np.float64)).unsqueeze(1)


@cache
def digits():
    """(1797, 64) float32 from 0 to 1, and class ids."""
    bunch = load_digits()
    return torch.from_numpy((bunch.data / 16).astype(np.float32)), torch.from_numpy(bunch.target)


def linear(columns, outputs=1):
    """A linear net in float64 that starts at zero."""
    net = torch.nn.Linear(columns, outputs).double()
    torch.nn.init.zeros_(net.weight)
    torch.nn.init.zeros_(net.bias)
    return net
