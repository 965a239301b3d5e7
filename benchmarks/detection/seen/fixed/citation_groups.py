"""Field of study for papers in a citation graph, two rounds of neighbour averaging."""
import argparse

import numpy as np
import scipy.sparse as sp
import torch
from torch import nn


def graph(n=1200, fields=6, seed=0):
    rng = np.random.default_rng(seed)
    field = rng.integers(0, fields, n)
    same = field[:, None] == field[None, :]
    edge = np.triu(rng.random((n, n)) < np.where(same, 0.04, 0.003), 1)
    adj = sp.csr_matrix(edge + edge.T + np.eye(n), dtype=np.float32)
    deg = np.asarray(adj.sum(1)).ravel()
    adj = sp.diags(1 / deg).astype(np.float32) @ adj
    u, v = rng.normal(0, 1.0, (n, 5)), rng.normal(0, 1.0, (n, 5))
    angle = 2 * np.pi * field / fields
    radius = rng.choice([-1.0, 1.0], n) * 1.5
    # a paper's field shows in how two quantities go together, not in either's mean
    u[:, 0] = radius * np.cos(angle / 2) + 0.35 * rng.normal(size=n)
    u[:, 1] = radius * np.sin(angle / 2) + 0.35 * rng.normal(size=n)
    return sp.csr_matrix(adj), np.concatenate([u, v], 1).astype(np.float32), field


class FieldNet(nn.Module):
    def __init__(self, n_in, width, n_out, adj):
        super().__init__()
        self.first = nn.Linear(n_in, width)
        self.second = nn.Linear(width, width)
        self.out = nn.Linear(width, n_out)
        coo = adj.tocoo()
        index = torch.tensor(np.stack([coo.row, coo.col]), dtype=torch.long)
        self.adj = torch.sparse_coo_tensor(index, torch.tensor(coo.data), coo.shape).coalesce()

    def spread(self, h):
        return torch.sparse.mm(self.adj, h)

    def forward(self, x):
        h = self.spread(torch.relu(self.first(x)))
        h = torch.relu(self.second(h))
        return self.out(h)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--epochs", type=int, default=300)
    args = p.parse_args()
    torch.manual_seed(args.seed)
    adj, x, y = graph()
    x = torch.from_numpy((x - x.mean(0)) / x.std(0))
    y = torch.from_numpy(y)
    known = torch.zeros(len(y), dtype=torch.bool)
    known[torch.randperm(len(y), generator=torch.Generator().manual_seed(4))[:600]] = True

    net = FieldNet(x.shape[1], 24, 6, adj)
    opt = torch.optim.Adam(net.parameters(), lr=5e-3, weight_decay=2e-3)
    for epoch in range(args.epochs):
        net.train()
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(x)[known], y[known])
        loss.backward()
        opt.step()
        if epoch % 50 == 0:
            print(f"epoch {epoch} loss {loss.item():.4f}")
    net.eval()
    with torch.no_grad():
        hit = (net(x).argmax(1) == y)[~known]
    print(f"test accuracy {hit.float().mean().item():.4f}")


if __name__ == "__main__":
    main()
