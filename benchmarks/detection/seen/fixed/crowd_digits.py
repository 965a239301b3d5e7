import argparse
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


def crowd(truth, rng):
    """Five people labelled every picture; one row per picture, one column per person."""
    slips = [0.45, 0.06, 0.08, 0.05, 0.10]
    votes = np.stack([truth] * len(slips), axis=1)
    for person, share in enumerate(slips):
        wrong = rng.random(len(truth)) < share
        votes[wrong, person] = (truth[wrong] + rng.integers(1, 10, wrong.sum())) % 10
    return torch.from_numpy(votes)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 24, 3, padding=1)
        self.fc1 = nn.Linear(24 * 4, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


def train(net, images, labels, epochs, lr):
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    for epoch in range(epochs):
        net.train()
        total = 0.0
        for rows in torch.randperm(len(images)).split(50):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(images[rows]), labels[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        if epoch % 4 == 3:
            print(f"epoch {epoch + 1}: loss {total / len(images):.4f}")


def main():
    cli = argparse.ArgumentParser()
    cli.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    args = cli.parse_args()
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    digits = load_digits()
    images = torch.tensor(digits.images / 8 - 1, dtype=torch.float32).unsqueeze(1)
    order = rng.permutation(len(images))
    labelled, gold = order[:1000], order[1000:]
    votes = crowd(digits.target[labelled], rng)
    labels = votes.mode(1).values

    net = Net()
    train(net, images[labelled], labels, epochs=20, lr=3e-3)
    net.eval()
    with torch.no_grad():
        accuracy = (net(images[gold]).argmax(1) == torch.from_numpy(digits.target[gold])).float().mean().item()
    print(f"accuracy on checked pictures: {accuracy:.4f}")


if __name__ == "__main__":
    main()
