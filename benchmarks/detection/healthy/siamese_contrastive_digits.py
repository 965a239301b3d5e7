import os
import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset

SEED = int(os.environ.get("SEED", 0))
random.seed(SEED)
torch.manual_seed(SEED)


class PairDataset(Dataset):
    def __init__(self, images, labels, n_pairs):
        self.images, self.labels, self.n = images, labels, n_pairs
        self.by_class = [torch.nonzero(labels == c).flatten().tolist() for c in range(10)]

    def __len__(self):
        return self.n

    def __getitem__(self, idx):
        same = random.random() < 0.5
        c1 = random.randrange(10)
        c2 = c1 if same else random.choice([c for c in range(10) if c != c1])
        i, j = random.choice(self.by_class[c1]), random.choice(self.by_class[c2])
        return self.images[i], self.images[j], torch.tensor(0.0 if same else 1.0)


class EmbeddingNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 16, 3), nn.PReLU(), nn.Conv2d(16, 32, 3), nn.PReLU(), nn.MaxPool2d(2))
        self.fc = nn.Sequential(nn.Linear(32 * 2 * 2, 64), nn.PReLU(), nn.Linear(64, 8))

    def forward(self, x):
        return self.fc(self.conv(x).flatten(1))


class SiameseNet(nn.Module):
    def __init__(self, embedding_net):
        super().__init__()
        self.embedding_net = embedding_net

    def forward(self, x1, x2):
        return self.embedding_net(x1), self.embedding_net(x2)


class ContrastiveLoss(nn.Module):
    def __init__(self, margin=1.0):
        super().__init__()
        self.margin = margin

    def forward(self, out1, out2, label):
        d = F.pairwise_distance(out1, out2)
        return torch.mean((1 - label) * d.pow(2) + label * torch.clamp(self.margin - d, min=0.0).pow(2))


digits = load_digits()
images = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16
labels = torch.tensor(digits.target)
train_ds = PairDataset(images[:1300], labels[:1300], 2560)
model = SiameseNet(EmbeddingNet())
criterion = ContrastiveLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loader = DataLoader(train_ds, batch_size=64)

for epoch in range(10):
    total = 0.0
    for a, b, label in loader:
        optimizer.zero_grad()
        loss = criterion(*model(a, b), label)
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch} contrastive loss {total / len(loader):.4f}")

with torch.no_grad():
    gallery = model.embedding_net(images[:1300])
    query = model.embedding_net(images[1300:])
    nearest = torch.cdist(query, gallery).argmin(1)
print(f"1-nn accuracy {(labels[nearest] == labels[1300:]).float().mean().item():.4f}")
