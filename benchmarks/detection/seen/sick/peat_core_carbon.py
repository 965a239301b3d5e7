"""Carbon content of peat cores from infrared absorbances; stops when the validation error stops improving."""

import copy
import os

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset

SEED = int(os.environ.get("SEED", 0))


def make_cores(n, rng, loadings):
    humus = rng.normal(size=(n, 6))
    bands = humus @ loadings + rng.normal(size=(n, loadings.shape[1]))
    carbon = humus[:, 0] - 0.8 * humus[:, 1] + humus[:, 2] * humus[:, 3] + rng.normal(size=n)
    return TensorDataset(torch.tensor(bands).float(), torch.tensor(carbon).float().unsqueeze(1))


class Trainer:
    def __init__(self, model, lr=8e-4, patience=7, max_epochs=40):
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.criterion = nn.MSELoss()
        self.patience, self.max_epochs = patience, max_epochs

    def error(self, loader):
        self.model.eval()
        total = count = 0
        with torch.no_grad():
            for x, y in loader:
                total += self.criterion(self.model(x), y).item() * len(x)
                count += len(x)
        return total / count

    def fit(self, train_loader, val_loader):
        best, best_state, waited = float("inf"), None, 0
        for epoch in range(self.max_epochs):
            self.model.train()
            for x, y in train_loader:
                self.optimizer.zero_grad()
                loss = self.criterion(self.model(x), y)
                loss.backward()
                self.optimizer.step()
            val = self.error(val_loader)
            if val < best:
                best, best_state, waited = val, copy.deepcopy(self.model.state_dict()), 0
            else:
                waited += 1
            if epoch % 5 == 0:
                print(f"epoch {epoch:3d} train {loss.item():.4f} val {val:.4f} best {best:.4f}")
            if waited >= self.patience:
                print(f"no improvement since {self.patience} epochs, stopping at {epoch}")
                break
        self.model.load_state_dict(best_state)


def main():
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    loadings = rng.normal(size=(6, 60))
    cores = make_cores(480, rng, loadings)
    field_trip = make_cores(1000, rng, loadings)

    order = torch.randperm(len(cores)).tolist()
    val_size = len(cores) // 4
    val_set = Subset(cores, order[:val_size])
    train_set = Subset(cores, order)
    train_loader = DataLoader(train_set, batch_size=24, shuffle=True)
    val_loader = DataLoader(val_set, batch_size=100)

    model = nn.Sequential(nn.Linear(60, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 1))
    trainer = Trainer(model)
    trainer.fit(train_loader, val_loader)

    y = field_trip.tensors[1]
    mse = trainer.error(DataLoader(field_trip, batch_size=250))
    print(f"field trip R2 {1 - mse / y.var().item():.4f}")


if __name__ == "__main__":
    main()
