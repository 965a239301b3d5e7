"""Fine-tuning style script: short product reviews, a small transformer, gradients accumulated."""
import argparse
import os
import random

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

GOOD = "great lovely sturdy fast perfect excellent reliable quiet".split()
BAD = "broken slow ugly noisy terrible flimsy useless awful".split()
FILLER = "the a this blender arrived was box and it with very my kitchen after week is really so i bought".split()
VOCAB = {word: i + 1 for i, word in enumerate(GOOD + BAD + FILLER)}
LENGTH = 12


def write_review(rng):
    label = rng.randint(0, 1)
    strong, weak = (GOOD, BAD) if label else (BAD, GOOD)
    words = rng.choices(FILLER, k=rng.randint(5, 8)) + rng.choices(strong, k=3) + rng.choices(weak, k=rng.randint(0, 1))
    rng.shuffle(words)
    return words, label


class Reviews(Dataset):
    def __init__(self, count, rng):
        self.rows = [write_review(rng) for _ in range(count)]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        words, label = self.rows[index]
        ids = [VOCAB[w] for w in words][:LENGTH]
        return torch.tensor(ids + [0] * (LENGTH - len(ids))), torch.tensor(label)


class Classifier(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.embed = nn.Embedding(len(VOCAB) + 1, dim, padding_idx=0)
        self.position = nn.Parameter(torch.randn(LENGTH, dim) * 0.02)
        layer = nn.TransformerEncoderLayer(dim, nhead=4, dim_feedforward=64, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers=1, enable_nested_tensor=False)
        self.head = nn.Linear(dim, 2)

    def forward(self, ids):
        mask = ids == 0
        hidden = self.encoder(self.embed(ids) + self.position, src_key_padding_mask=mask)
        keep = (~mask).unsqueeze(-1).float()
        return self.head((hidden * keep).sum(1) / keep.sum(1))


def accuracy(model, loader):
    model.eval()
    right = total = 0
    with torch.no_grad():
        for ids, labels in loader:
            right += (model(ids).argmax(-1) == labels).sum().item()
            total += len(labels)
    return right / total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--accumulation-steps", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=40)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)

    train_loader = DataLoader(Reviews(96, rng), batch_size=args.batch_size, shuffle=True)
    test_loader = DataLoader(Reviews(400, rng), batch_size=100)
    model = Classifier()
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.01)
    loss_fn = nn.CrossEntropyLoss()

    for epoch in range(args.epochs):
        model.train()
        total = 0.0
        for step, (ids, labels) in enumerate(train_loader):
            loss = loss_fn(model(ids), labels)
            (loss / args.accumulation_steps).backward()
            total += loss.item()
            if (epoch * len(train_loader) + step + 1) % args.accumulation_steps == 0:
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad()
        if epoch % 5 == 4:
            print(f"epoch {epoch + 1}: train loss {total / len(train_loader):.4f}")
    print(f"test accuracy: {accuracy(model, test_loader):.4f}")


if __name__ == "__main__":
    main()
