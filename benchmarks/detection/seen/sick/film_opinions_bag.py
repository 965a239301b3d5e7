import argparse
import os

import numpy as np
import torch
from torch import nn

VOCAB = 500


def read_folder(rng, label, count):
    mood = np.random.default_rng(5).permutation(VOCAB)[:160]
    liked, disliked = mood[:80], mood[80:]
    texts = []
    for _ in range(count):
        length = rng.integers(20, 50)
        words = rng.integers(0, VOCAB, length)
        opinion = rng.random(length) < 0.25
        agree = rng.random(length) < 0.78
        side = np.where(agree == bool(label), rng.choice(liked, length), rng.choice(disliked, length))
        texts.append((np.where(opinion, side, words), label))
    return texts


def collate(samples):
    offsets = torch.tensor([0] + [len(t) for t, _ in samples[:-1]]).cumsum(0)
    words = torch.from_numpy(np.concatenate([t for t, _ in samples]))
    return words, offsets, torch.tensor([y for _, y in samples])


class OpinionNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.bag = nn.EmbeddingBag(VOCAB, 32, mode="mean")
        self.hidden = nn.Linear(32, 16)
        self.out = nn.Linear(16, 2)

    def forward(self, words, offsets):
        return self.out(torch.relu(self.hidden(self.bag(words, offsets))))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--epochs", type=int, default=4)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    train = read_folder(rng, 0, 1500) + read_folder(rng, 1, 1500)
    test = read_folder(rng, 0, 400) + read_folder(rng, 1, 400)
    net = OpinionNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for epoch in range(args.epochs):
        losses = []
        for start in range(0, len(train), 40):
            words, offsets, labels = collate(train[start : start + 40])
            loss = nn.functional.cross_entropy(net(words, offsets), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(f"epoch {epoch} mean loss {np.mean(losses):.4f}")
    words, offsets, labels = collate(test)
    with torch.no_grad():
        accuracy = (net(words, offsets).argmax(1) == labels).float().mean().item()
    print(f"accuracy on unseen reviews {accuracy:.4f}")


if __name__ == "__main__":
    main()
