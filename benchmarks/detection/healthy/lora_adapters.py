import copy
import os

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.manual_seed(int(os.environ.get("SEED", 0)))


class LoRALinear(nn.Module):
    def __init__(self, base: nn.Linear, rank=4, alpha=8):
        super().__init__()
        self.base = base
        for p in self.base.parameters():
            p.requires_grad_(False)
        self.A = nn.Parameter(torch.randn(rank, base.in_features) / base.in_features ** 0.5)
        self.B = nn.Parameter(torch.zeros(base.out_features, rank))
        self.scale = alpha / rank

    def forward(self, x):
        return self.base(x) + self.scale * (x @ self.A.T) @ self.B.T


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 96)
        self.fc2 = nn.Linear(96, 96)
        self.fc3 = nn.Linear(96, 10)

    def forward(self, x):
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


digits = load_digits()
X = torch.tensor(digits.images, dtype=torch.float32) / 8 - 1
y = torch.tensor(digits.target)
perm = torch.randperm(len(X))
X, y = X[perm], y[perm]
upright = X.flatten(1)
rotated = torch.rot90(X, 1, (1, 2)).flatten(1)


def run(model, x, y, lr, epochs):
    params = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(params, lr=lr)
    for epoch in range(epochs):
        for i in range(0, len(x), 50):
            loss = nn.functional.cross_entropy(model(x[i:i + 50]), y[i:i + 50])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"  epoch {epoch}: {loss.item():.4f}  ({sum(p.numel() for p in params)} trainable)")


def accuracy(model, x, y):
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


base = MLP()
print("base training")
run(base, upright[:1400], y[:1400], 1e-3, 10)
print("base on rotated digits", accuracy(base, rotated[1400:], y[1400:]))

model = MLP()
model.load_state_dict(base.state_dict())
model.fc1 = LoRALinear(model.fc1)
model.fc2 = LoRALinear(model.fc2)
for p in model.fc3.parameters():
    p.requires_grad_(False)
print("adapter training")
run(model, rotated[:1400], y[:1400], 5e-3, 12)
print(f"adapted accuracy: {accuracy(model, rotated[1400:], y[1400:]):.4f}")
