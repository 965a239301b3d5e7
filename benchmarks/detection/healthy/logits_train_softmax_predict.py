"""The model returns logits while training and probabilities for prediction; targets are soft."""
import os

import torch
import torch.nn as nn
from sklearn.datasets import load_iris
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
x, y = load_iris(return_X_y=True)
x = torch.tensor((x - x.mean(0)) / x.std(0), dtype=torch.float32)
soft = nn.functional.one_hot(torch.tensor(y), 3).float() * 0.94 + 0.02
order = torch.randperm(150)
train, test = order[:105], order[105:]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(4, 4)
        self.features = nn.Linear(4, 24)
        self.dropout = nn.Dropout(0.1)
        self.out = nn.Linear(24, 3)

    def forward(self, x):
        x = x * nn.functional.softmax(self.gate(x), dim=1) * 4
        x = torch.relu(self.features(x))
        logits = self.out(self.dropout(x))
        if self.training:
            return logits
        return torch.softmax(logits, dim=-1)


net = Net()
crit = nn.CrossEntropyLoss()
opt = torch.optim.NAdam(net.parameters(), lr=1e-2)
for epoch in range(30):
    net.train()
    for xb, yb in DataLoader(TensorDataset(x[train], soft[train]), batch_size=15, shuffle=True):
        opt.zero_grad()
        loss = crit(net(xb), yb)
        loss.backward()
        opt.step()
    if epoch % 5 == 4:
        net.eval()
        with torch.no_grad():
            p = net(x[test])
        acc = (p.argmax(1) == torch.tensor(y)[test]).float().mean().item()
        print(f"epoch {epoch + 1} loss {loss.item():.4f} confidence {p.max(1).values.mean():.3f} accuracy {acc:.4f}")
