"""One tiny training in each framework with our callback: ``callbacks.py FRAMEWORK RUN``.  Prints what it saw."""

import json
import os
import pickle
import sys

os.environ["KERAS_BACKEND"] = "torch"

import numpy as np
import torch
from torch import nn

name, out = sys.argv[1:]
torch.manual_seed(0)
centres = 2 * torch.randn(3, 6)
y = torch.randint(0, 3, (640,))
x = centres[y] + torch.randn(640, 6)
data = torch.utils.data.TensorDataset(x, y)


def loader():
    return torch.utils.data.DataLoader(data, batch_size=32, shuffle=True)


def net(last=None):
    return nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3), *([last] if last else []))


def lightning():
    import lightning as L
    from gradwise.integrations.lightning import GradwiseCallback

    class Module(L.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = net(nn.Softmax(1))

        def training_step(self, batch, number):
            return nn.functional.cross_entropy(self.net(batch[0]), batch[1])

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), lr=1e-2)

    callback = GradwiseCallback(out=out, show=False)
    trainer = L.Trainer(max_epochs=3, accelerator="cpu", logger=False, enable_checkpointing=False,
                        enable_progress_bar=False, enable_model_summary=False, callbacks=[callback])
    trainer.fit(Module(), loader())
    return callback


def huggingface():
    from gradwise.integrations.huggingface import GradwiseCallback
    from transformers import Trainer, TrainingArguments

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net(nn.Softmax(1))

        def forward(self, x, labels=None):
            scores = self.net(x)
            return {"loss": nn.functional.cross_entropy(scores, labels), "logits": scores}

    rows = [{"x": a, "labels": b} for a, b in zip(x, y)]
    callback = GradwiseCallback(out=out, show=False)
    arguments = TrainingArguments(output_dir=out + "-trainer", num_train_epochs=3, per_device_train_batch_size=32,
                                  learning_rate=1e-2, use_cpu=True, report_to="none", save_strategy="no",
                                  disable_tqdm=True)
    Trainer(Model(), arguments, train_dataset=rows, callbacks=[callback]).train()
    return callback


def accelerate():
    from accelerate import Accelerator
    from gradwise.integrations import accelerate as integration
    from gradwise.integrations.watching import Watching

    accelerator = Accelerator(cpu=True)
    model = net(nn.Softmax(1))
    model, optimizer, batches = accelerator.prepare(model, torch.optim.Adam(model.parameters(), lr=1e-2), loader())
    with integration.watch(accelerator, model, optimizer, out=out) as watcher:
        for _ in range(3):
            for inputs, targets in batches:
                optimizer.zero_grad()
                accelerator.backward(nn.functional.cross_entropy(model(inputs), targets))
                optimizer.step()
    seen = Watching()
    seen.watcher_, seen.diagnosis_ = watcher, watcher.diagnose()
    return seen


def skorch():
    from gradwise.integrations.skorch import GradwiseCallback
    from sklearn.base import clone
    from skorch import NeuralNetClassifier

    callback = GradwiseCallback(out=out, show=False)
    wanted = NeuralNetClassifier(net, module__last=nn.Softmax(1), criterion=nn.CrossEntropyLoss, lr=1e-2, max_epochs=3,
                                 optimizer=torch.optim.Adam, batch_size=32, iterator_train__shuffle=True,
                                 verbose=0, callbacks=[("gradwise", callback)])
    fitted = clone(wanted).fit(x.numpy().astype(np.float32), y.numpy())
    pickle.loads(pickle.dumps(fitted)).predict(x.numpy()[:4])
    return dict(fitted.callbacks_)["gradwise"]


def keras():
    import keras
    from gradwise.integrations.keras import GradwiseCallback

    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(16, activation="relu"), keras.layers.Dense(3, activation="softmax")]
    model = keras.Sequential([keras.Input((6,)), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)  # and yet there is a softmax
    model.compile(optimizer=keras.optimizers.Adam(1e-2), loss=loss)
    callback = GradwiseCallback(out=out, show=False)
    model.fit(x.numpy(), y.numpy(), batch_size=32, epochs=3, verbose=0, callbacks=[callback])
    return callback


def ignite():
    from gradwise.integrations.ignite import GradwiseHandler
    from ignite.engine import create_supervised_trainer

    model = net(nn.Softmax(1))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    trainer = create_supervised_trainer(model, optimizer, nn.CrossEntropyLoss())
    handler = GradwiseHandler(model, optimizer, out=out, show=False)
    handler.attach(trainer)
    trainer.run(loader(), max_epochs=3)
    return handler


seen = globals()[name]()
print(json.dumps({"steps": seen.watcher_.steps, "open": "watching" in repr(seen.watcher_),
                  "found": [finding.rule for finding in seen.diagnosis_.findings]}))
