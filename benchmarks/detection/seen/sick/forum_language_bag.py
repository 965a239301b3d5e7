"""Which language is a forum post written in? Average of word vectors, small network on top."""

import argparse
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

VOCAB = 700
DIM = 12
LANGUAGES = 9


class Posts(Dataset):
    def __init__(self, n, seed):
        shared = np.random.default_rng(40)
        frequencies = shared.dirichlet(np.full(VOCAB - 1, 0.15), size=LANGUAGES)
        common = shared.dirichlet(np.ones(VOCAB - 1))
        rng = np.random.default_rng(seed)
        self.items = []
        for _ in range(n):
            lang = int(rng.integers(LANGUAGES))
            length = int(rng.integers(14, 26))
            words = 1 + rng.choice(VOCAB - 1, length, p=0.45 * frequencies[lang] + 0.55 * common)
            self.items.append((torch.from_numpy(words), lang))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    words = nn.utils.rnn.pad_sequence([w for w, _ in batch], batch_first=True)
    return words, torch.tensor([lang for _, lang in batch])


def initial_vectors():
    vectors = F.normalize(torch.randn(VOCAB, DIM), dim=1)
    vectors[0] = 0.0
    return vectors


class LanguageNet(nn.Module):
    def __init__(self, vectors):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(vectors, padding_idx=0)
        self.hidden = nn.Linear(DIM, 32)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(32, LANGUAGES)

    def forward(self, words):
        count = (words > 0).sum(1, keepdim=True).clamp(min=1)
        mean = self.embedding(words).sum(1) / count
        return self.head(self.drop(F.relu(self.hidden(mean))))


def run_epoch(model, loader, optimizer=None):
    model.train(optimizer is not None)
    loss_sum = hits = seen = 0
    with torch.set_grad_enabled(optimizer is not None):
        for words, lang in loader:
            logits = model(words)
            loss = F.cross_entropy(logits, lang)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            loss_sum += loss.item() * len(lang)
            hits += (logits.argmax(1) == lang).sum().item()
            seen += len(lang)
    return loss_sum / seen, hits / seen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    train_loader = DataLoader(Posts(2600, 1), batch_size=40, shuffle=True, collate_fn=collate)
    test_loader = DataLoader(Posts(600, 2), batch_size=200, collate_fn=collate)
    model = LanguageNet(initial_vectors())
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(trainable, lr=5e-3)
    for epoch in range(5):
        loss, acc = run_epoch(model, train_loader, optimizer)
        print(f"epoch {epoch}  loss {loss:.3f}  train acc {acc:.3f}")
    _, acc = run_epoch(model, test_loader)
    print(f"test accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
