import argparse
import os

import numpy as np
import torch
from torch import nn

HIDDEN = 64


def epochs_of_eeg(rng, count, length=30, leads=10):
    ictal = rng.integers(0, 2, count)
    background = rng.standard_normal((count, length, leads))
    for t in range(1, length):
        background[:, t] += 0.6 * background[:, t - 1]
    t = np.arange(length)
    wave = (
        np.sin(2 * np.pi * t / 6)[None, :, None]
        * rng.uniform(0.8, 1.8, (count, 1, 1))
        * np.array([1, 0.7] + 8 * [0])
    )
    signal = background + ictal[:, None, None] * wave
    return torch.tensor(signal, dtype=torch.float32), torch.tensor(ictal)


class SeizureGRU(nn.Module):
    def __init__(self, leads):
        super().__init__()
        self.gru = nn.GRU(leads, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, 2)

    def forward(self, x):
        states, _ = self.gru(x)
        return self.head(states.mean(1))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    seed = parser.parse_args().seed
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    x, y = epochs_of_eeg(rng, 120)
    valid_x, valid_y = epochs_of_eeg(rng, 600)
    net = SeizureGRU(10)
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(22):
        net.train()
        for part in torch.randperm(len(x)).split(12):
            segment = x[part]
            loss = criterion(net(segment), y[part])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            optimizer.step()
        net.eval()
        with torch.no_grad():
            scores = net(valid_x)
            held = criterion(scores, valid_y).item()
        if epoch % 5 == 4:
            print(f"epoch {epoch + 1} batch loss {loss.item():.4f} validation loss {held:.4f}")
    print(
        f"other patients: log loss {held:.4f}, accuracy {(scores.argmax(1) == valid_y).float().mean().item():.4f}"
    )


if __name__ == "__main__":
    main()
