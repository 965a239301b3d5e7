import argparse
import copy
import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def patients(n, generator):
    """Short two-channel hand movements; tremor shows as a faint faster swing, and the diagnosis is not always sure."""
    t = torch.linspace(0, 1, 25)
    y = torch.randint(0, 2, (n,), generator=generator)
    phase = 6.28 * torch.rand(n, 2, 1, generator=generator)
    x = torch.sin(6.28 * 2 * t + phase) + 0.7 * torch.randn(n, 2, 25, generator=generator)
    x = x + 1.0 * y.view(-1, 1, 1) * torch.sin(6.28 * 5 * t + 2 * phase)
    doubt = torch.rand(n, generator=generator) < 0.12
    return x.transpose(1, 2), torch.where(doubt, 1 - y, y)


class TremorNet(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.conv = nn.Conv1d(2, 24, 5, padding=2)
        self.lstm = nn.LSTM(24, hidden, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * hidden, 2)

    def forward(self, x):
        local = torch.relu(self.conv(x.transpose(1, 2))).transpose(1, 2)
        out, _ = self.lstm(local)
        return self.head(out.mean(1))


def epoch_loss(model, loader, criterion, optimizer=None):
    model.train(optimizer is not None)
    total = 0.0
    with torch.set_grad_enabled(optimizer is not None):
        for x, y in loader:
            loss = criterion(model(x), y)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            total += loss.item() * len(x)
    return total / len(loader.dataset)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--hidden", type=int, default=40)
    parser.add_argument("--epochs", type=int, default=45)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    gen = torch.Generator().manual_seed(args.seed)
    train = DataLoader(TensorDataset(*patients(144, gen)), batch_size=16, shuffle=True)
    val = DataLoader(TensorDataset(*patients(200, gen)), batch_size=200)

    model = TremorNet(args.hidden)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    best, kept, stale = float("inf"), None, 0
    for epoch in range(args.epochs):
        train_loss = epoch_loss(model, train, criterion, optimizer)
        val_loss = epoch_loss(model, val, criterion)
        print(f"epoch {epoch + 1:3d} train {train_loss:.4f} val {val_loss:.4f}")
        stale += 1
        if val_loss < best:
            best, kept, stale = val_loss, copy.deepcopy(model.state_dict()), 0
        if stale == 7:
            break
    model.load_state_dict(kept)
    print(f"final validation loss {epoch_loss(model, val, criterion):.4f}")


if __name__ == "__main__":
    main()
