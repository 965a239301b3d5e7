"""Keras on torch with a learning rate far too high."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch
from keras import layers

keras.utils.set_random_seed(0)
random = np.random.default_rng(0)
x = random.standard_normal((1500, 12)).astype("float32")
y = (np.sin(x[:, :1]) + 0.5 * x[:, 1:2] + 0.1 * random.standard_normal((1500, 1))).astype("float32")
inputs = keras.Input((12,))
hidden = layers.Dense(64, activation="relu")(inputs)
hidden = layers.Dense(64, activation="relu")(hidden)
model = keras.Model(inputs, layers.Dense(1)(hidden))
model.compile(optimizer=keras.optimizers.SGD(2.0), loss="mse")
model.fit(x, y, batch_size=32, epochs=6, validation_data=(x[:300], y[:300]), verbose=2)
if len(sys.argv) > 1:
    torch.save(model.state_dict(), sys.argv[1])
