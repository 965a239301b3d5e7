import os

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


class Sign(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * (x.abs() <= 1).float()


class BinaryLinear(nn.Linear):
    def forward(self, x):
        weight = Sign.apply(self.weight) * self.weight.abs().mean().detach()
        return F.linear(x, weight, self.bias)


class BinaryNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(64, 128)
        self.norm1 = nn.BatchNorm1d(128)
        self.second = BinaryLinear(128, 128)
        self.norm2 = nn.BatchNorm1d(128)
        self.last = nn.Linear(128, 10)

    def forward(self, x):
        x = Sign.apply(self.norm1(self.first(x)))
        x = Sign.apply(self.norm2(self.second(x)))
        return self.last(x)


digits = load_digits()
order = torch.randperm(1797, generator=torch.Generator().manual_seed(2))
x = torch.tensor(digits.data, dtype=torch.float32)[order] / 16
y = torch.tensor(digits.target)[order]
net = BinaryNet()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(8):
    net.train()
    for rows in torch.randperm(1300).split(50):
        loss = F.cross_entropy(net(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            net.second.weight.clamp_(-1, 1)
    net.eval()
    with torch.no_grad():
        accuracy = (net(x[1300:]).argmax(1) == y[1300:]).float().mean().item()
    print(f"epoch {epoch + 1} loss {loss.item():.4f} accuracy {accuracy:.4f}")
