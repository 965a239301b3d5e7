import os

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))

ACTIVITIES = ["welding", "sanding", "idle", "drilling", "lifting", "painting"]
T, CHANNELS = 24, 3


def wrist_band(n):
    label = torch.randint(0, len(ACTIVITIES), (n,))
    t = torch.arange(T).float().view(1, T, 1)
    speed = torch.tensor([0.9, 1.7, 0.0, 2.4, 0.35, 1.2])[label].view(n, 1, 1)
    size = torch.tensor([0.5, 1.0, 0.05, 0.7, 1.3, 0.9])[label].view(n, 1, 1)
    tilt = torch.tensor([[0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.3], [0, 0, 0.8], [0.4, 0.4, 0], [0, 0.6, 0.4]])[label]
    phase = 6.28 * torch.rand(n, 1, CHANNELS)
    x = size * torch.sin(speed * t + phase) + tilt.unsqueeze(1)
    return x + 0.35 * torch.randn(n, T, CHANNELS), label


class ActivityGRU(nn.Module):
    def __init__(self, hidden=40):
        super().__init__()
        self.gru = nn.GRU(CHANNELS, hidden, batch_first=True)
        self.norm = nn.LayerNorm(hidden)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.gru(x)
        return self.fc(self.norm(out.mean(dim=1))).squeeze(1)


x_train, y_train = wrist_band(1500)
x_test, y_test = wrist_band(600)
loader = DataLoader(TensorDataset(x_train, y_train.float()), batch_size=50, shuffle=True)

model = ActivityGRU()
criterion = nn.MSELoss()
optimizer = torch.optim.RMSprop(model.parameters(), lr=2e-3)

for epoch in range(10):
    model.train()
    running = 0.0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        running += loss.item()
    model.eval()
    with torch.no_grad():
        guess = model(x_test).round()
        acc = (guess == y_test).float().mean().item()
    print(f"epoch {epoch + 1} loss {running / len(loader):.4f} accuracy {acc:.3f}")

print(f"activity accuracy {acc:.4f}")
