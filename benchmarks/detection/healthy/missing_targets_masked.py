"""Multi-task assay data: most labels are missing (NaN) and are masked out of the loss."""
import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
n, d, tasks = 2500, 24, 8
X = torch.randn(n, d)
W1, W2 = torch.randn(d, 16) / d ** 0.5, torch.randn(16, tasks)
truth = ((torch.relu(X @ W1) @ W2 + 0.3 * torch.randn(n, tasks)) > 0).float()
labels = truth.clone()
labels[torch.rand(n, tasks) < 0.6] = float("nan")


def masked_bce(logits, target):
    mask = ~torch.isnan(target)
    return nn.functional.binary_cross_entropy_with_logits(logits[mask], target[mask])


net = nn.Sequential(nn.Linear(d, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, tasks))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(25):
    net.train()
    total, count = 0.0, 0
    for idx in torch.randperm(2000).split(64):
        opt.zero_grad()
        loss = masked_bce(net(X[idx]), labels[idx])
        loss.backward()
        opt.step()
        total, count = total + loss.item(), count + 1
    if epoch % 5 == 4:
        net.eval()
        with torch.no_grad():
            acc = ((net(X[2000:]) > 0).float() == truth[2000:]).float().mean().item()
        print(f"epoch {epoch + 1} loss {total / count:.4f} accuracy {acc:.4f}")
