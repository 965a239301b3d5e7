import argparse
import random

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

VOCAB, LENGTH, TOPICS = 120, 18, 5


def corpus(n):
    rows, labels = [], []
    for _ in range(n):
        topic = random.randrange(TOPICS)
        row = [random.randrange(30, VOCAB) for _ in range(LENGTH)]
        for _ in range(2):
            at = random.randrange(LENGTH - 1)
            row[at], row[at + 1] = 6 * topic + random.randrange(3), 6 * topic + 3 + random.randrange(3)
        if random.random() < 0.5:
            row[random.randrange(LENGTH)] = random.randrange(30)
        rows.append(row)
        labels.append(topic)
    return TensorDataset(torch.tensor(rows), torch.tensor(labels))


class TextCNN(nn.Module):
    def __init__(self, dim=24, filters=20, kernels=(2, 3, 4)):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, dim)
        self.convs = nn.ModuleList(nn.Conv1d(dim, filters, k) for k in kernels)
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(filters * len(kernels), TOPICS)

    def forward(self, x):
        x = self.embedding(x).permute(0, 2, 1)
        pooled = [F.relu(conv(x)).amax(dim=2) for conv in self.convs]
        return self.fc(self.dropout(torch.cat(pooled, dim=1)))


def train_one_epoch(model, loader, optimizer):
    model.train()
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


@torch.inference_mode()
def accuracy(model, loader):
    model.eval()
    hits = [(model(x).argmax(1) == y).float().mean().item() for x, y in loader]
    return sum(hits) / len(hits)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--lr", type=float, default=0.001)
    p.add_argument("--epochs", type=int, default=5)
    a = p.parse_args()
    random.seed(a.seed)
    torch.manual_seed(a.seed)
    train = DataLoader(corpus(1400), batch_size=28, shuffle=True)
    test = DataLoader(corpus(400), batch_size=100)
    model = TextCNN()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=a.lr, alpha=0.9)
    for epoch in range(1, a.epochs + 1):
        loss = train_one_epoch(model, train, optimizer)
        print(f"epoch {epoch}: train loss {loss:.4f}, test accuracy {accuracy(model, test):.4f}")
    print(f"test accuracy {accuracy(model, test):.4f}")


main()
