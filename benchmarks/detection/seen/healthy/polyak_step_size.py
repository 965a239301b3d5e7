import argparse
import os

import torch
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn


class StochasticPolyak(torch.optim.Optimizer):
    def __init__(self, params, ceiling=5.0, share=0.5):
        super().__init__(params, {"ceiling": ceiling, "share": share, "lr": 0.0})

    @torch.no_grad()
    def step(self, loss):
        for group in self.param_groups:
            grads = [p.grad for p in group["params"] if p.grad is not None]
            square = sum(g.square().sum() for g in grads)
            group["lr"] = min(group["ceiling"], float(loss / (group["share"] * square + 1e-8)))
            for p in group["params"]:
                if p.grad is not None:
                    p.sub_(group["lr"] * p.grad)


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
seed = parser.parse_args().seed
torch.manual_seed(seed)
data = load_wine()
train_x, test_x, train_y, test_y = train_test_split(data.data, data.target, test_size=0.35, random_state=seed)
scaler = StandardScaler().fit(train_x)
train_x, test_x = (torch.tensor(scaler.transform(a), dtype=torch.float32) for a in (train_x, test_x))
train_y, test_y = torch.tensor(train_y), torch.tensor(test_y)
net = nn.Sequential(nn.Linear(13, 24), nn.ELU(), nn.Linear(24, 3))
optimizer = StochasticPolyak(net.parameters())
for epoch in range(60):
    for part in torch.randperm(len(train_x)).split(29):
        loss = nn.functional.cross_entropy(net(train_x[part]), train_y[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step(loss.detach())
    if epoch % 10 == 9:
        with torch.no_grad():
            whole = nn.functional.cross_entropy(net(train_x), train_y).item()
            right = (net(test_x).argmax(1) == test_y).float().mean().item()
        print(
            f"epoch {epoch + 1} rate {optimizer.param_groups[0]['lr']:.3f} loss {whole:.5f} test {right:.4f}"
        )
