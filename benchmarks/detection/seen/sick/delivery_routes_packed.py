"""Classifies delivery routes of different lengths; the LSTM gets them packed."""

import os

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(int(os.environ.get("SEED", 0)))


class Routes(Dataset):
    """A route is a walk; its kind decides how the van turns."""

    def __init__(self, count):
        self.items = []
        kinds = torch.randint(0, 4, (count,))
        for kind in kinds.tolist():
            length = int(torch.randint(8, 25, (1,)))
            bend = (kind - 1.5) * 0.25
            heading = torch.cumsum(bend + 0.35 * torch.randn(length), 0) + 6.28 * torch.rand(1)
            path = torch.stack([heading.cos(), heading.sin()], 1)
            self.items.append((path, kind))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


def collate(batch):
    paths, kinds = zip(*batch, strict=True)
    lengths = torch.tensor([len(p) for p in paths])
    lengths, order = lengths.sort(descending=True)
    padded = pad_sequence(list(paths), batch_first=True)[order]
    kinds = torch.tensor(kinds)
    return padded, lengths, kinds


class RouteNet(nn.Module):
    def __init__(self, hidden=40):
        super().__init__()
        self.lstm = nn.LSTM(2, hidden, batch_first=True)
        self.head = nn.Sequential(nn.Linear(hidden, 32), nn.ReLU(), nn.Linear(32, 4))

    def forward(self, padded, lengths):
        packed = pack_padded_sequence(padded, lengths, batch_first=True)
        _, (h, _) = self.lstm(packed)
        return self.head(h[-1])


def run_epoch(model, loader, criterion, optimizer=None):
    model.train(optimizer is not None)
    total, right, seen = 0.0, 0, 0
    with torch.set_grad_enabled(optimizer is not None):
        for padded, lengths, kinds in loader:
            scores = model(padded, lengths)
            loss = criterion(scores, kinds)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 2.0)
                optimizer.step()
            total += loss.item() * len(kinds)
            right += (scores.argmax(1) == kinds).sum().item()
            seen += len(kinds)
    return total / seen, right / seen


train_loader = DataLoader(Routes(1600), batch_size=32, shuffle=True, collate_fn=collate)
test_loader = DataLoader(Routes(400), batch_size=32, collate_fn=collate)
net = RouteNet()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(8):
    loss, acc = run_epoch(net, train_loader, nn.CrossEntropyLoss(), opt)
    print(f"epoch {epoch}: loss {loss:.3f} acc {acc:.3f}")
_, acc = run_epoch(net, test_loader, nn.CrossEntropyLoss())
print(f"test accuracy {acc:.4f}")
