"""An Accelerate loop in which nobody clears the gradients."""

import sys

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

set_seed(0)
accelerator = Accelerator(cpu=True)
x = torch.randn(2400, 10)
y = torch.sin(x[:, :1]) + 0.5 * x[:, 1:2] * x[:, 2:3] + 0.1 * torch.randn(2400, 1)
train = DataLoader(TensorDataset(x[:2000], y[:2000]), batch_size=25, shuffle=True)
val = DataLoader(TensorDataset(x[2000:], y[2000:]), batch_size=100)
model = nn.Sequential(nn.Linear(10, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
model, optimizer, train, val = accelerator.prepare(model, optimizer, train, val)
for epoch in range(6):
    model.train()
    for inputs, targets in train:
        loss = F.mse_loss(model(inputs), targets)
        accelerator.backward(loss)
        optimizer.step()
    model.eval()
    with torch.no_grad():
        losses = [F.mse_loss(model(inputs), targets).item() for inputs, targets in val]
    accelerator.print(f"epoch {epoch}: {sum(losses) / len(losses):.4f}")
if len(sys.argv) > 1:
    accelerator.save(accelerator.unwrap_model(model).state_dict(), sys.argv[1])
