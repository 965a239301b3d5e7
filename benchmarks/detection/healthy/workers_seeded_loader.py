import os
import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset


class AugmentedDigits(Dataset):
    def __init__(self, images, labels, train):
        self.images, self.labels, self.train = images, labels, train

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        img = self.images[i]
        if self.train:
            img = np.roll(img, np.random.randint(-1, 2), axis=random.choice([0, 1]))
        return torch.from_numpy((img / 16.0).astype(np.float32))[None], int(self.labels[i])


def seed_worker(worker_id):
    worker_seed = torch.initial_seed() % 2**32
    np.random.seed(worker_seed)
    random.seed(worker_seed)


class LeNetish(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, 3, padding=1)
        self.conv2 = nn.Conv2d(12, 24, 3, padding=1)
        self.fc1 = nn.Linear(24 * 4, 48)
        self.fc2 = nn.Linear(48, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


def main():
    seed = int(os.environ.get("SEED", 0))
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    g = torch.Generator()
    g.manual_seed(seed)
    d = load_digits()
    train = AugmentedDigits(d.images[:1400], d.target[:1400], True)
    test = AugmentedDigits(d.images[1400:], d.target[1400:], False)
    loader = DataLoader(train, batch_size=64, shuffle=True, num_workers=2, worker_init_fn=seed_worker, generator=g,
                        persistent_workers=True)
    test_loader = DataLoader(test, batch_size=200)
    net = LeNetish()
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    for epoch in range(14):
        net.train()
        for x, y in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x), y)
            loss.backward()
            optimizer.step()
        net.eval()
        right = 0
        with torch.no_grad():
            for x, y in test_loader:
                right += (net(x).argmax(1) == y).sum().item()
        print(f"epoch {epoch}: loss {loss.item():.4f}, test acc {right / len(test):.4f}")


if __name__ == "__main__":
    main()
