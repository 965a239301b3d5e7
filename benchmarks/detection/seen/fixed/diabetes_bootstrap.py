import argparse
import copy
import logging
import os

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_diabetes
from torch.utils.data import DataLoader, TensorDataset

logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO, datefmt="%H:%M:%S")


def load(seed):
    data = load_diabetes()
    x = (data.data / data.data.std(0)).astype(np.float32)
    y = ((data.target - data.target.mean()) / data.target.std()).astype(np.float32)
    order = np.random.default_rng(seed).permutation(len(x))
    hold, rest = order[:140], order[140:]
    return (x[rest], y[rest]), (x[hold], y[hold])


def bootstrap(x, y, size, rng):
    rows = rng.choice(len(x), size=size, replace=True)
    return x[rows], y[rows]


def split(x, y, share, rng):
    order = rng.permutation(len(x))
    cut = int(share * len(x))
    return (x[order[cut:]], y[order[cut:]]), (x[order[:cut]], y[order[:cut]])


def tensors(pair):
    return TensorDataset(torch.from_numpy(pair[0]), torch.from_numpy(pair[1]))


def rmse(model, loader):
    model.eval()
    total = count = 0
    with torch.no_grad():
        for x, y in loader:
            total += ((model(x).squeeze(1) - y) ** 2).sum().item()
            count += len(y)
    return (total / count) ** 0.5


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--max-epochs", type=int, default=45)
    parser.add_argument("--patience", type=int, default=6)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)

    develop, hold = load(args.seed)
    train, val = split(*develop, 0.25, rng)
    train = bootstrap(*train, 750, rng)

    train_loader = DataLoader(tensors(train), batch_size=50, shuffle=True)
    val_loader = DataLoader(tensors(val), batch_size=250)
    model = nn.Sequential(nn.Linear(10, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

    best, best_state, waited = float("inf"), None, 0
    for epoch in range(args.max_epochs):
        model.train()
        for xb, yb in train_loader:
            loss = nn.functional.mse_loss(model(xb).squeeze(1), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        score = rmse(model, val_loader)
        if epoch % 5 == 0:
            logging.info("epoch %d validation rmse %.4f", epoch, score)
        if score < best:
            best, best_state, waited = score, copy.deepcopy(model.state_dict()), 0
        else:
            waited += 1
            if waited >= args.patience:
                break
    model.load_state_dict(best_state)
    print(f"stopped after epoch {epoch}, best validation rmse {best:.4f}")
    print(f"hold-out rmse {rmse(model, DataLoader(tensors(hold), batch_size=140)):.4f}")


if __name__ == "__main__":
    main()
