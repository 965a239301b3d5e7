"""Batch-norm, ReLU in place, SGD with momentum, evaluation in eval mode without no_grad."""

import sys

import torch
from leaving import leave, seed
from torch import nn

seed(2)
images = torch.rand(64, 1, 12, 12)
labels = (images.mean(dim=(1, 2, 3)) > 0.5).long()
model = nn.Sequential(
    nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(inplace=True), nn.MaxPool2d(2),
    nn.Conv2d(6, 8, 3), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.Dropout2d(0.1),
    nn.Flatten(), nn.Linear(8 * 16, 2),
)
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-3)
for epoch in range(4):
    model.train()
    for at in range(0, 48, 16):
        loss = criterion(model(images[at : at + 16]), labels[at : at + 16])
        optimizer.zero_grad(set_to_none=epoch % 2 == 0)
        loss.backward()
        optimizer.step()
    model.eval()
    print("validation", criterion(model(images[48:]), labels[48:]).item())
leave(sys.argv[1], [model], [optimizer])
