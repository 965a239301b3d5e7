import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))

# Which way does a hand move?  24 readings of three sensors; it rests from the 16th on.
N, T = 1200, 24
label = torch.randint(0, 3, (N,))
drift = torch.tensor([[1.0, 0.0, -0.5], [-0.5, 1.0, 0.0], [0.0, -0.5, 1.0]])[label] * 0.12
moving = (torch.arange(T) < 15).float()[None, :, None]
x = torch.randn(N, T, 3) + 6 * moving * drift[:, None, :]
x = (x - x[:900].mean((0, 1))) / x[:900].std((0, 1))
train = DataLoader(TensorDataset(x[:900], label[:900]), batch_size=50, shuffle=True)


class Gestures(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(input_size=3, hidden_size=32, batch_first=True)
        self.head = nn.Linear(32, 3)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.head(out[:, -1])


model = Gestures()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(8):
    for xb, yb in train:
        loss = loss_fn(model(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.3f}")

model.eval()
with torch.no_grad():
    print(f"test accuracy: {(model(x[900:]).argmax(1) == label[900:]).float().mean().item():.4f}")
