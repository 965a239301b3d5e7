import argparse
import os
from dataclasses import dataclass

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Settings:
    odours: int = 14
    receptors: int = 40
    cells: int = 160
    threshold: float = 0.1
    lr: float = 0.1
    epochs: int = 8


def sniff(n, settings, gen, prototypes):
    odour = torch.randint(0, settings.odours, (n,), generator=gen)
    strength = 0.7 + 0.6 * torch.rand(n, 1, generator=gen)
    answer = strength * prototypes[odour] + 0.9 * torch.randn(n, settings.receptors, generator=gen)
    return answer, odour


class SparseCell(nn.Module):
    """Cells that fire in proportion to what their input has above a threshold."""

    def __init__(self, n_in, n_out, threshold):
        super().__init__()
        self.synapses = nn.Linear(n_in, n_out)
        self.threshold = threshold

    def forward(self, x):
        return torch.relu(self.synapses(x) - self.threshold)


class MushroomBody(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.cells = SparseCell(s.receptors, s.cells, s.threshold)
        self.readout = nn.Linear(s.cells, s.odours)

    def forward(self, x):
        return self.readout(self.cells(x))


def main(seed):
    s = Settings()
    gen = torch.Generator().manual_seed(30)
    prototypes = torch.randn(s.odours, s.receptors, generator=gen)
    train = TensorDataset(*sniff(2000, s, gen, prototypes))
    x_test, y_test = sniff(600, s, gen, prototypes)
    torch.manual_seed(seed)
    model = MushroomBody(s)
    optimizer = torch.optim.SGD(model.parameters(), lr=s.lr, momentum=0.9)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=s.epochs)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(s.epochs):
        total = 0.0
        for x, y in DataLoader(train, batch_size=50, shuffle=True):
            loss = loss_fn(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        schedule.step()
        print(f"epoch {epoch} loss {total / 40:.4f}")
    with torch.no_grad():
        accuracy = (model(x_test).argmax(1) == y_test).float().mean().item()
    print(f"test accuracy {accuracy:.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    main(parser.parse_args().seed)
