import argparse
import math
import os

import torch
from torch import nn
from torch.nn.utils import clip_grad_value_


def step_sounds(n, generator, length=96):
    tempo = torch.rand(n, generator=generator) * 6 + 3
    phase = torch.rand(n, 1, generator=generator) * 2 * math.pi
    t = torch.arange(length) / length
    beat = torch.sin(2 * math.pi * tempo[:, None] * t + phase).clamp(min=0) ** 4
    sound = 2 * beat + 0.3 * torch.randn(n, length, generator=generator)
    return (sound - 0.75).unsqueeze(1), ((tempo - 6) / 1.73).unsqueeze(1)


class TempoNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(1, 16, 11, stride=2, padding=5),
            nn.BatchNorm1d(16),
            nn.ReLU(),
            nn.Conv1d(16, 32, 7, stride=2, padding=3),
            nn.BatchNorm1d(32),
            nn.ReLU(),
            nn.AdaptiveAvgPool1d(6),
            nn.Flatten(),
            nn.Linear(192, 32),
            nn.ReLU(),
            nn.Linear(32, 1),
        )

    def forward(self, x):
        return self.net(x)


def train_step(model, optimizer, x, y, clip):
    optimizer.zero_grad(set_to_none=True)
    loss = nn.functional.smooth_l1_loss(model(x), y)
    loss.backward()
    clip_grad_value_(model.parameters(), clip)
    optimizer.step()
    return loss.item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--clip", type=float, default=1e-5)
    parser.add_argument("--epochs", type=int, default=10)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    generator = torch.Generator().manual_seed(args.seed)
    x, y = step_sounds(1600, generator)
    x_test, y_test = step_sounds(400, generator)
    model = TempoNet()
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9, nesterov=True)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=6, gamma=0.3)
    for epoch in range(args.epochs):
        model.train()
        losses = [train_step(model, optimizer, x[r], y[r], args.clip) for r in torch.randperm(1600).split(40)]
        scheduler.step()
        print(f"epoch {epoch + 1} loss {sum(losses) / len(losses):.4f}")

    model.eval()
    with torch.no_grad():
        r2 = 1 - (model(x_test) - y_test).pow(2).mean() / y_test.var()
    print(f"test r2 {r2.item():.4f}")


if __name__ == "__main__":
    main()
