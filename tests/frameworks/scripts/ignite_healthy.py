"""Ignite's own trainer and evaluator, validation after every epoch."""

import sys

import torch
from ignite.engine import Events, create_supervised_evaluator, create_supervised_trainer
from ignite.metrics import Accuracy, Loss
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
centres = torch.randn(4, 2, 1, 1) + torch.randn(4, 2, 6, 6)
y = torch.randint(0, 4, (1200,))
x = centres[y] + 0.9 * torch.randn(1200, 2, 6, 6)
train = DataLoader(TensorDataset(x[:1000], y[:1000]), batch_size=25, shuffle=True)
val = DataLoader(TensorDataset(x[1000:], y[1000:]), batch_size=100)
model = nn.Sequential(
    nn.Conv2d(2, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
    nn.Dropout(0.1), nn.Linear(32, 4),
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
criterion = nn.CrossEntropyLoss()
trainer = create_supervised_trainer(model, optimizer, criterion)
evaluator = create_supervised_evaluator(model, metrics={"accuracy": Accuracy(), "loss": Loss(criterion)})


@trainer.on(Events.EPOCH_COMPLETED)
def validate(engine):
    evaluator.run(val)
    print(f"epoch {engine.state.epoch}: {evaluator.state.metrics['loss']:.4f}")


trainer.run(train, max_epochs=8)
if len(sys.argv) > 1:
    torch.save(model.state_dict(), sys.argv[1])
