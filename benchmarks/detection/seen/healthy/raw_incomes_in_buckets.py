import argparse
import os

import numpy as np
import torch
from torch import nn


class BucketNet(nn.Module):
    def __init__(self, sample, buckets=24, width=6):
        super().__init__()
        levels = torch.linspace(0, 1, buckets + 1)[1:-1]
        self.register_buffer("edges", torch.quantile(sample, levels, dim=0).t().contiguous())
        self.tables = nn.ModuleList(nn.Embedding(buckets, width) for _ in range(sample.shape[1]))
        self.body = nn.Sequential(nn.Linear(width * sample.shape[1], 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, raw):
        parts = [
            table(torch.bucketize(raw[:, k].contiguous(), self.edges[k]))
            for k, table in enumerate(self.tables)
        ]
        return self.body(torch.cat(parts, 1)).squeeze(1)


def applicants(rng, count):
    income = np.exp(rng.normal(10.6, 0.9, count))
    debt = income * rng.beta(1.2, 4, count) * 3
    age = rng.integers(18, 80, count)
    rate = rng.uniform(0.005, 0.09, count)
    stretch = debt * (0.05 + rate) / income
    score = 1.6 * np.log(stretch / 0.04) + 0.8 * np.cos((age - 18) / 12) + 0.5 * rng.standard_normal(count)
    raw = np.column_stack([income, debt, age, rate])
    return torch.tensor(raw, dtype=torch.float32), torch.tensor(score > 0.3, dtype=torch.float32)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    seed = parser.parse_args().seed
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    raw, refused = applicants(rng, 6000)
    test_raw, test_refused = applicants(rng, 1500)
    net = BucketNet(raw)
    optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
    for epoch in range(6):
        net.train()
        for part in torch.randperm(len(raw)).split(80):
            loss = nn.functional.binary_cross_entropy_with_logits(net(raw[part]), refused[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            logits = net(test_raw)
            held = nn.functional.binary_cross_entropy_with_logits(logits, test_refused).item()
            right = ((logits > 0) == (test_refused > 0.5)).float().mean().item()
        print(
            f"epoch {epoch} held-out loss {held:.4f} accuracy {right:.4f} refused {test_refused.mean().item():.3f}"
        )


main()
