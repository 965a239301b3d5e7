"""Recognise eight users by their typing rhythm. The head is warmed up first, then everything is trained."""
import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)
USERS, KEYS = 8, 24

habit = torch.randn(USERS, KEYS) * 0.5
period = torch.linspace(2.5, 7.0, USERS)


def sessions(n):
    user = torch.randint(0, USERS, (n,))
    when = torch.arange(KEYS) + KEYS * torch.rand(n, 1)
    gap = 0.7 * torch.sin(2 * torch.pi * when / period[user, None]) + 0.4 * habit[user]
    hold = 0.3 * gap.roll(1, 1) + 0.5 * torch.randn(n, KEYS)
    return TensorDataset(torch.stack([gap + 0.6 * torch.randn(n, KEYS), hold], -1), user)


class RhythmNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.LSTM(2, 32, batch_first=True)
        self.head = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, USERS))

    def forward(self, x):
        out, _ = self.encoder(x)
        return self.head(out[:, -1])


def accuracy(model, data):
    model.eval()
    x, y = data.tensors
    with torch.no_grad():
        return (model(x).argmax(-1) == y).float().mean().item()


train, test = sessions(1600), sessions(600)
loader = DataLoader(train, batch_size=40, shuffle=True)
model = RhythmNet()
for p in model.encoder.parameters():
    p.requires_grad = False
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(14):
    if epoch == 1:
        model.encoder.requires_grad = True
        print("-- training the whole net from here")
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
    print(f"epoch {epoch:2d} loss {loss.item():.3f} train {accuracy(model, train):.3f} test {accuracy(model, test):.3f}")
print(f"final test accuracy: {accuracy(model, test):.4f}")
