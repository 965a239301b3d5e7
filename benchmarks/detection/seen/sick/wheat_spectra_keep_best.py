"""Protein of wheat from its near-infrared spectrum; trains while the hold-out improves, keeps the best."""
import copy
import os

import numpy as np
import torch
import torch.nn as nn

SEED = int(os.environ.get("SEED", 0))


class Trainer:
    def __init__(self, model, patience=8, max_epochs=80):
        self.model = model
        self.patience = patience
        self.max_epochs = max_epochs
        self.optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        self.best_loss, self.best_state, self.best_epoch = float("inf"), None, 0

    def run_epoch(self, x, y, size=30):
        self.model.train()
        total = 0.0
        for rows in torch.randperm(len(x)).split(size):
            self.optimizer.zero_grad()
            loss = nn.functional.mse_loss(self.model(x[rows]), y[rows])
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(rows)
        return total / len(x)

    @torch.no_grad()
    def score(self, x, y):
        self.model.eval()
        return nn.functional.mse_loss(self.model(x), y).item()

    def fit(self, x, y, hold_x, hold_y):
        for epoch in range(self.max_epochs):
            train_loss = self.run_epoch(x, y)
            hold_loss = self.score(hold_x, hold_y)
            if hold_loss < self.best_loss:
                self.best_loss, self.best_epoch = hold_loss, epoch
                self.best_state = copy.deepcopy(self.model.state_dict())
            if epoch % 5 == 0:
                print(f"epoch {epoch:3d}  train {train_loss:.3f}  hold-out {hold_loss:.3f}")
            if epoch - self.best_epoch >= self.patience:
                break
        self.model.load_state_dict(self.best_state)
        print(f"kept epoch {self.best_epoch}")


torch.manual_seed(SEED)
rng = np.random.default_rng(SEED)
bands, samples = 16, 2500
spectra = rng.normal(size=(samples, bands))
starch, water = spectra[:, :3].sum(1) / 3 ** 0.5, spectra[:, 3]
protein = starch + (water ** 2 - 1) + 1.4 * rng.normal(size=samples)
x = torch.tensor(spectra, dtype=torch.float32)
y = torch.tensor((protein - protein[:500].mean()) / protein[:500].std(), dtype=torch.float32)[:, None]

hold_x, hold_y = x[400:500], y[400:500]
train_x, train_y = x[:500], y[:500]
test_x, test_y = x[500:], y[500:]

net = nn.Sequential(nn.Linear(bands, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 1))
trainer = Trainer(net)
trainer.fit(train_x, train_y, hold_x, hold_y)
print(f"test R2 {1 - trainer.score(test_x, test_y) / test_y.var().item():.4f}")
