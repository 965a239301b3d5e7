import os

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(int(os.environ.get("SEED", 0)))
g = torch.Generator().manual_seed(8)
PAD, LENGTH = 0, 24

# short messages; messages with a word from the first half of the list more often are spam
messages, labels = [], []
for i in range(1500):
    size = int(torch.randint(5, 13, (1,), generator=g))
    spam = i % 2
    low = torch.rand(size, generator=g) < (0.75 if spam else 0.25)
    words = torch.where(low, torch.randint(1, 100, (size,), generator=g), torch.randint(100, 200, (size,), generator=g))
    messages.append(words)
    labels.append(spam)
longest = torch.full((60,), PAD)  # room for longer messages later


def collate(items):
    rows = pad_sequence([messages[i] for i in items] + [longest], batch_first=True, padding_value=PAD)[:-1]
    return rows[:, :LENGTH], torch.tensor([labels[i] for i in items])


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(200, 16)
        self.out = nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 2))

    def forward(self, ids):
        return self.out(self.embed(ids).mean(dim=1))


train_loader = DataLoader(range(1200), batch_size=30, shuffle=True, collate_fn=collate)
test_loader = DataLoader(range(1200, 1500), batch_size=100, collate_fn=collate)
model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(8):
    for ids, y in train_loader:
        optimizer.zero_grad()
        loss = loss_fn(model(ids), y)
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", loss.item())

hits = 0
with torch.no_grad():
    for ids, y in test_loader:
        hits += (model(ids).argmax(1) == y).sum().item()
print(f"accuracy {hits / 300:.4f}")
