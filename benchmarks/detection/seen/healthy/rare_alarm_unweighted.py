import argparse

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.manual_seed(args.seed)


def shifts(n):
    """Three minutes of smoke, heat and carbon monoxide; one shift in forty has a fire."""
    fire = (torch.rand(n) < 0.025).float()
    t = torch.linspace(0, 1, 30)
    onset = 0.1 + 0.4 * torch.rand(n, 1)
    rise = torch.relu(t - onset) * (2.5 + torch.rand(n, 1))
    x = 0.25 * torch.randn(n, 3, 30)
    x += fire.view(n, 1, 1) * rise.unsqueeze(1) * torch.tensor([1.0, 0.8, 1.2]).view(1, 3, 1)
    toast = (torch.rand(n) < 0.1).float().view(n, 1)
    x[:, 0] += toast * rise * (1 - fire.view(n, 1))
    return x, fire


class Alarm(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(3, 12, 5, stride=2), nn.ReLU(), nn.Conv1d(12, 12, 5, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(60, 1)
        )

    def forward(self, x):
        return self.net(x).squeeze(1)


x, y = shifts(4000)
x_val, y_val = shifts(4000)
model, loss_fn = Alarm(), nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
print(f"{int(y.sum())} fires in {len(y)} shifts")

for epoch in range(8):
    model.train()
    for xb, yb in DataLoader(TensorDataset(x, y), batch_size=64, shuffle=True):
        optimizer.zero_grad()
        loss = loss_fn(model(xb), yb)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        out = model(x_val)
        alarm = out > 0
        recall = alarm[y_val == 1].float().mean().item()
        precision = y_val[alarm].mean().item() if alarm.any() else 0.0
        val = loss_fn(out, y_val).item()
    print(f"epoch {epoch + 1}: val loss {val:.4f} recall {recall:.3f} precision {precision:.3f}")
