"""State of health of a battery cell from one discharge curve."""
import argparse
import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def discharge_curves(n):
    health = 0.6 + 0.4 * torch.rand(n)
    resistance = 0.05 + 0.1 * torch.rand(n, 1) + 0.15 * (1 - health[:, None])
    depth = torch.linspace(0, 1, 40) / health[:, None]
    volts = 4.1 - 0.5 * depth - resistance - 0.9 * torch.sigmoid(18 * (depth - 0.95))
    volts = volts + 0.015 * torch.randn(n, 40)
    return (volts - 3.4) / 0.4, (health - 0.8) / 0.115


class CurveNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv1d(1, 8, 5), nn.SiLU(), nn.Conv1d(8, 16, 5, stride=2), nn.SiLU())
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(16 * 16, 32), nn.SiLU(), nn.Linear(32, 1))

    def forward(self, x):
        return self.head(self.conv(x.unsqueeze(1)))


def log_cosh(prediction, target):
    return torch.log(torch.cosh(prediction - target)).mean()


class Trainer:
    def __init__(self, model, lr, epochs):
        self.model = model
        self.epochs = epochs
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=1e-3)
        self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, epochs)

    def training_step(self, batch):
        curve, health = batch
        return log_cosh(self.model(curve).squeeze(1), health)

    def fit(self, loader):
        for epoch in range(self.epochs):
            self.model.train()
            seen = 0.0
            for batch in loader:
                self.optimizer.zero_grad()
                loss = self.training_step(batch)
                loss.backward()
                self.optimizer.step()
                seen += loss.item()
            self.scheduler.step()
            print(f"epoch {epoch}: loss {seen / len(loader):.4f}")

    @torch.no_grad()
    def rmse(self, curve, health):
        self.model.eval()
        return (self.model(curve).flatten() - health).pow(2).mean().sqrt().item()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--lr", type=float, default=3e-3)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    train = TensorDataset(*discharge_curves(1600))
    trainer = Trainer(CurveNet(), options.lr, epochs=10)
    trainer.fit(DataLoader(train, batch_size=40, shuffle=True))
    print(f"test rmse {trainer.rmse(*discharge_curves(500)):.4f}")
