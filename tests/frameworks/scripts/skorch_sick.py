"""A regression in which a vector of targets meets the column that the net puts out."""

import sys

import numpy as np
import torch
from sklearn.datasets import make_regression
from skorch import NeuralNetRegressor
from torch import nn

torch.manual_seed(0)
x, y = make_regression(1600, 10, noise=1.0, random_state=0)
x, y = x.astype(np.float32), (y / y.std()).astype(np.float32)
net = NeuralNetRegressor(
    nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1)),
    max_epochs=8,
    lr=0.01,
    batch_size=32,
    iterator_train__shuffle=True,
    verbose=0,
)
net.fit(x, y)  # a vector against the column that the net puts out
if len(sys.argv) > 1:
    torch.save(net.module_.state_dict(), sys.argv[1])
