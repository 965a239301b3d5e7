import argparse
import os

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def shipments(rng, count):
    carrier = rng.integers(0, 6, count)
    region = rng.integers(0, 10, count)
    numbers = rng.standard_normal((count, 4)).astype("float32")
    effect = np.linspace(-1.2, 1.2, 6)[carrier] + np.sin(region) * 0.9
    score = effect + numbers @ np.array([0.9, -0.8, 0.6, 0.0]) - 2.6
    late = (score + 0.6 * rng.logistic(size=count) > 0).astype("float32")
    places = torch.tensor(np.column_stack([carrier, region]))
    return places, torch.tensor(numbers), torch.tensor(late)


class DelayModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.carrier = nn.Embedding(6, 4)
        self.region = nn.Embedding(10, 6)
        self.mlp = nn.Sequential(nn.Linear(14, 40), nn.ReLU(), nn.Dropout(0.1), nn.Linear(40, 1))

    def forward(self, places, numbers):
        parts = [self.carrier(places[:, 0]), self.region(places[:, 1]), numbers]
        return self.mlp(torch.cat(parts, dim=1)).squeeze(1)


def balanced_accuracy(model, places, numbers, late):
    model.eval()
    with torch.no_grad():
        guess = model(places, numbers) > 0
    return 0.5 * (guess[late == 1].float().mean() + (~guess[late == 0]).float().mean()).item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    places, numbers, y_train = shipments(rng, 3000)
    test = shipments(rng, 1500)
    loader = DataLoader(TensorDataset(places, numbers, y_train), batch_size=60, shuffle=True)
    model = DelayModel()
    pos_weight = (y_train == 0).sum() / (y_train == 1).sum()
    criterion = nn.BCEWithLogitsLoss(pos_weight=pos_weight)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for epoch in range(10):
        model.train()
        total = 0.0
        for p, n, y in loader:
            loss = criterion(model(p, n), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch}: loss {total / len(loader):.4f}")
    print(f"late share {test[2].mean().item():.3f}")
    print(f"balanced accuracy {balanced_accuracy(model, *test):.4f}")


if __name__ == "__main__":
    main()
