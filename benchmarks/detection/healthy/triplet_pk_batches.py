"""Batch-hard triplet loss on P x K batches."""
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Sampler, TensorDataset


class PKSampler(Sampler):
    def __init__(self, labels, p, k, iterations, seed):
        self.labels = np.asarray(labels)
        self.p, self.k, self.iterations = p, k, iterations
        self.rng = np.random.RandomState(seed)
        self.index = {c: np.where(self.labels == c)[0] for c in np.unique(self.labels)}

    def __len__(self):
        return self.iterations

    def __iter__(self):
        for _ in range(self.iterations):
            batch = []
            for c in sorted(self.rng.choice(list(self.index), self.p, replace=False)):
                batch.extend(self.rng.choice(self.index[c], self.k, replace=False).tolist())
            yield batch


def batch_hard_triplet(emb, y, margin=0.3):
    dist = torch.cdist(emb, emb)
    same = y[:, None] == y[None, :]
    pos = (dist * same.float()).max(1).values
    neg = dist.masked_fill(same, float("inf")).min(1).values
    return F.relu(pos - neg + margin).mean()


def run(seed):
    torch.manual_seed(seed)
    data = load_digits()
    x = torch.tensor(data.data / 16, dtype=torch.float32)
    y = torch.tensor(data.target)
    xtr, ytr, xte, yte = x[:1300], y[:1300], x[1300:], y[1300:]
    loader = DataLoader(TensorDataset(xtr, ytr), batch_sampler=PKSampler(ytr, 6, 8, 100, seed))
    net = nn.Sequential(nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, 16))
    opt = torch.optim.Adam(net.parameters(), lr=5e-4)
    for epoch in range(8):
        net.train()
        losses = []
        for xb, yb in loader:
            loss = batch_hard_triplet(F.normalize(net(xb), dim=1), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        net.eval()
        with torch.no_grad():
            gallery, query = F.normalize(net(xtr), dim=1), F.normalize(net(xte), dim=1)
            recall = (ytr[torch.cdist(query, gallery).argmin(1)] == yte).float().mean()
        print(f"epoch {epoch} loss {np.mean(losses):.4f} recall@1 {recall:.4f}")


if __name__ == "__main__":
    run(int(os.environ.get("SEED", 0)))
