"""A small net of Keras 3 on the torch backend, as in its guides."""

import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch
from keras import layers

keras.utils.set_random_seed(0)
random = np.random.default_rng(0)
centres = 1.5 * random.standard_normal((3, 12))
y = random.integers(0, 3, 1500)
x = (centres[y] + random.standard_normal((1500, 12))).astype("float32")
model = keras.Sequential(
    [keras.Input((12,)), layers.Dense(32, activation="relu"), layers.Dropout(0.1), layers.Dense(3, activation="softmax")]
)
model.compile(optimizer=keras.optimizers.Adam(1e-2), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, batch_size=32, epochs=6, validation_split=0.2, verbose=2)
if len(sys.argv) > 1:
    torch.save(model.state_dict(), sys.argv[1])
