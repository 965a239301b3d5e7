import argparse

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class Tagger(nn.Module):
    def __init__(self, n_in, hidden, n_out):
        super().__init__()
        self.hidden = hidden
        self.rnn = nn.GRU(n_in, hidden, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hidden, n_out)

    def forward(self, x):
        _, h = self.rnn(x)
        h = h.transpose(0, 1).reshape(x.size(0), 2 * self.hidden)
        return self.out(h)


def waves(n):
    kind = torch.randint(0, 4, (n,))
    t = torch.linspace(0, 6, 20)
    rate = torch.tensor([0.7, 1.4, 2.1, 2.8])[kind][:, None]
    x = torch.sin(rate * t + 6.28 * torch.rand(n, 1)) + 0.2 * torch.randn(n, 20)
    return x[..., None], kind


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--epochs", type=int, default=8)
args = parser.parse_args()
torch.manual_seed(args.seed)
x, y = waves(1200)
x_test, y_test = waves(400)
loader = DataLoader(TensorDataset(x, y), batch_size=50, shuffle=True)
model = Tagger(1, 24, 4)
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss()
for epoch in range(args.epochs):
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", loss.item())
model.eval()
with torch.no_grad():
    print(f"test accuracy {(model(x_test).argmax(1) == y_test).float().mean().item():.4f}")
