"""Sea state from a buoy's heave record: five classes by dominant period. AdamW with decay on
matrices only."""

import argparse
import os

import torch
import torch.nn as nn
import torch.nn.functional as F


class SwellNet(nn.Module):
    def __init__(self, width=6, depth=4, classes=5):
        super().__init__()
        self.stem = nn.Conv1d(1, width, 7, padding=3)
        self.convs = nn.ModuleList([nn.Conv1d(width, width, 5, padding=2) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        h = F.gelu(self.stem(x))
        for conv in self.convs:
            h = h + F.gelu(conv(h))
        return self.head(self.norm(h.mean(dim=2)))


def configure_optimizer(model, lr, weight_decay):
    decay = [p for p in model.parameters() if p.dim() >= 2]
    no_decay = [p for p in model.parameters() if p.dim() == 1]
    groups = [{"params": decay, "weight_decay": weight_decay}, {"params": no_decay, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.98))


def heave_records(n, length=64):
    state = torch.randint(0, 5, (n,))
    period = torch.tensor([16.0, 11.5, 8.5, 6.4, 5.0])[state] * (1 + 0.04 * torch.randn(n))
    t = torch.arange(length)
    wave = torch.sin(6.283 * t / period[:, None] + 6.283 * torch.rand(n, 1))
    wave = wave * (0.8 + 0.4 * torch.rand(n, 1)) + 0.7 * torch.randn(n, length)
    return wave.unsqueeze(1), state


def evaluate(model, x, y):
    model.eval()
    with torch.no_grad():
        scores = model(x)
    model.train()
    return F.cross_entropy(scores, y).item(), (scores.argmax(1) == y).float().mean().item()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--steps", type=int, default=450)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--lr", type=float, default=6e-3)
    parser.add_argument("--weight-decay", type=float, default=0.01)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    x, y = heave_records(3000)
    valid_x, valid_y = heave_records(800)
    model = SwellNet()
    optimizer = configure_optimizer(model, args.lr, args.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=args.steps)
    for step in range(args.steps):
        rows = torch.randint(0, len(x), (args.batch,))
        loss = F.cross_entropy(model(x[rows]), y[rows])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        if (step + 1) % 150 == 0:
            val_loss, val_acc = evaluate(model, valid_x, valid_y)
            print(f"{step + 1:4d} train {loss.item():.3f} valid {val_loss:.3f} acc {val_acc:.3f}")
    print(f"valid accuracy: {evaluate(model, valid_x, valid_y)[1]:.4f}")


if __name__ == "__main__":
    main()
