"""Which pane broke? A stack of one-dimensional convolutions on short sound envelopes."""

import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def sounds(n):
    pane = torch.randint(0, 4, (n,))
    t = torch.linspace(0, 1, 64)
    start = 0.1 + 0.2 * torch.rand(n, 1)
    fade = torch.exp(-(t - start).clamp(min=0) * (4 + 2 * torch.rand(n, 1)))
    ring = torch.sin(2 * torch.pi * (5 + 3.5 * pane.unsqueeze(1)) * (t - start) + 6.28 * torch.rand(n, 1))
    wave = (t > start) * fade * ring + 0.25 * torch.randn(n, 64)
    return wave.unsqueeze(1), pane


class SoundStack(nn.Module):
    def __init__(self, classes=4, depth=7, width=24):
        super().__init__()
        layers, channels = [], 1
        for level in range(depth):
            layers += [nn.Conv1d(channels, width, 5, padding=2), nn.ReLU()]
            if level % 2:
                layers.append(nn.MaxPool1d(2))
            channels = width
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(width, classes)
        self.apply(self._init_weights)

    @staticmethod
    def _init_weights(module):
        if isinstance(module, nn.Conv1d | nn.Linear):
            nn.init.normal_(module.weight, std=0.01)
            nn.init.zeros_(module.bias)

    def forward(self, x):
        return self.classifier(self.features(x).amax(dim=2))


def evaluate(model, loader):
    model.eval()
    with torch.no_grad():
        right = sum((model(x).argmax(1) == y).sum().item() for x, y in loader)
    return right / len(loader.dataset)


if __name__ == "__main__":
    cli = argparse.ArgumentParser()
    cli.add_argument("--seed", type=int, default=0)
    cli.add_argument("--lr", type=float, default=0.02)
    args = cli.parse_args()
    torch.manual_seed(args.seed)
    train_loader = DataLoader(TensorDataset(*sounds(1400)), batch_size=32, shuffle=True)
    test_loader = DataLoader(TensorDataset(*sounds(400)), batch_size=200)
    model = SoundStack()
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9, weight_decay=1e-4)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [6])
    for epoch in range(8):
        model.train()
        for x, y in train_loader:
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        scheduler.step()
        print(f"epoch {epoch}: last loss {loss.item():.4f}")
    print(f"test accuracy {evaluate(model, test_loader):.4f}")
