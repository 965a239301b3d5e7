"""A regression in an Accelerate loop, two batches accumulated for each step."""

import sys

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

set_seed(0)
accelerator = Accelerator(cpu=True, gradient_accumulation_steps=2)
x = torch.randn(2400, 10)
y = torch.sin(x[:, :1]) + 0.5 * x[:, 1:2] * x[:, 2:3] + 0.1 * torch.randn(2400, 1)
train = DataLoader(TensorDataset(x[:2000], y[:2000]), batch_size=25, shuffle=True)
val = DataLoader(TensorDataset(x[2000:], y[2000:]), batch_size=100)
model = nn.Sequential(nn.Linear(10, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
model, optimizer, train, val = accelerator.prepare(model, optimizer, train, val)
for epoch in range(6):
    model.train()
    for inputs, targets in train:
        with accelerator.accumulate(model):
            loss = F.mse_loss(model(inputs), targets)
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
    model.eval()
    total = 0.0
    with torch.no_grad():
        for inputs, targets in val:
            predictions, targets = accelerator.gather_for_metrics((model(inputs), targets))
            total += F.mse_loss(predictions, targets, reduction="sum").item()
    accelerator.print(f"epoch {epoch}: {total / 400:.4f}")
if len(sys.argv) > 1:
    accelerator.save(accelerator.unwrap_model(model).state_dict(), sys.argv[1])
