import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


def clouds(n, size=20):
    """Rings, discs, crosses and two-lump sets around a random centre."""
    kind = torch.randint(0, 4, (n,))
    angle = torch.rand(n, size) * 2 * torch.pi
    ring = torch.stack([angle.cos(), angle.sin()], -1)
    disc = ring * torch.rand(n, size, 1).sqrt()
    arm = torch.rand(n, size) * 2 - 1
    upright = (torch.rand(n, size) < 0.5).float()
    cross = torch.stack([arm * upright, arm * (1 - upright)], -1)
    side = (torch.rand(n, size) < 0.5).float() * 2 - 1
    lumps = torch.stack([side, torch.zeros_like(side)], -1) + 0.2 * torch.randn(n, size, 2)
    every = torch.stack([ring, disc, cross, lumps], 1)
    chosen = every[torch.arange(n), kind] + 0.05 * torch.randn(n, size, 2)
    return chosen + 0.1 * torch.randn(n, 1, 2), kind


class SetClassifier(nn.Module):
    def __init__(self, hidden=48, classes=4):
        super().__init__()
        self.lift = nn.Linear(2, hidden)
        self.point = nn.Linear(hidden, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.squeeze = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, classes)
        self.relu = nn.ReLU()

    def encode(self, points):
        h = self.relu(self.lift(points))
        h = self.relu(self.point(h))
        return h.mean(dim=1)

    def forward(self, points):
        h = self.norm(self.encode(points))
        return self.out(self.relu(self.squeeze(h)))


def main():
    net = SetClassifier()
    optim = torch.optim.Adam(net.parameters(), lr=3e-3)
    objective = nn.CrossEntropyLoss()
    for step in range(1, 351):
        points, kind = clouds(32)
        loss = objective(net(points), kind)
        optim.zero_grad()
        loss.backward()
        optim.step()
        if step % 50 == 0:
            print("step", step, "loss", round(loss.item(), 4))
    net.eval()
    with torch.no_grad():
        points, kind = clouds(1000)
        print(f"test accuracy {(net(points).argmax(1) == kind).float().mean().item():.4f}")


if __name__ == "__main__":
    main()
