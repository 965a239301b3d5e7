import os

import torch
import torch.nn.functional as F
from torch import nn


class Brewery(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
        self.alcohol = nn.Linear(64, 1)
        self.bitterness = nn.Linear(64, 1)
        self.style = nn.Linear(64, 3)
        self.log_var = nn.Parameter(torch.zeros(3))

    def forward(self, x):
        h = self.trunk(x)
        return self.alcohol(h).squeeze(1), self.bitterness(h).squeeze(1), self.style(h)

    def joint_loss(self, x, alcohol, bitterness, style):
        a, b, s = self(x)
        parts = torch.stack(
            [
                0.5 * F.mse_loss(a, alcohol),
                0.5 * F.mse_loss(b, bitterness),
                F.cross_entropy(s, style),
            ]
        )
        return (parts * torch.exp(-self.log_var) + 0.5 * self.log_var).sum(), parts.detach()


def brews(n):
    x = torch.randn(n, 8)
    alcohol = 0.6 * x[:, 0] + 0.4 * torch.sin(2 * x[:, 1]) + 0.3 * x[:, 2] + 0.02 * torch.randn(n)
    bitterness = 0.5 * x[:, 3].abs() - 0.5 * x[:, 4] + 0.05 * torch.randn(n)
    style = torch.stack([x[:, 5], x[:, 6], 0.8 * x[:, 7]], dim=1).argmax(1)
    return x, alcohol, bitterness, style


def main():
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    train, test = brews(4000), brews(800)
    model = Brewery()
    optimizer = torch.optim.Adam(
        [
            {"params": [p for name, p in model.named_parameters() if name != "log_var"], "lr": 2e-3},
            {"params": [model.log_var], "lr": 2e-2},
        ]
    )
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 600)
    for step in range(600):
        rows = torch.randint(0, 4000, (64,))
        loss, parts = model.joint_loss(*(part[rows] for part in train))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        if step % 100 == 0:
            print(f"{step}: joint {loss.item():.3f} parts", [round(v, 4) for v in parts.tolist()])
    model.eval()
    with torch.no_grad():
        a, b, s = model(test[0])
    print(f"alcohol r2 {1 - F.mse_loss(a, test[1]).item() / test[1].var().item():.4f}")
    print(f"bitterness r2 {1 - F.mse_loss(b, test[2]).item() / test[2].var().item():.4f}")
    print(f"style accuracy {(s.argmax(1) == test[3]).float().mean().item():.4f}")


if __name__ == "__main__":
    main()
