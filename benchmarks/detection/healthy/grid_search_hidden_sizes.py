import itertools
import os

import torch
import torch.nn as nn
from sklearn.datasets import make_circles

base_seed = int(os.environ.get("SEED", 0))
x, y = make_circles(900, noise=0.08, factor=0.5, random_state=0)
x, y = torch.tensor(x).float(), torch.tensor(y)
train_x, train_y = x[:600], y[:600]
val_x, val_y = x[600:], y[600:]


def run(hidden, lr, epochs=25):
    torch.manual_seed(base_seed)
    model = nn.Sequential(nn.Linear(2, hidden), nn.Tanh(), nn.Linear(hidden, 2))
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(epochs):
        for idx in torch.randperm(600).split(30):
            opt.zero_grad()
            nn.functional.cross_entropy(model(train_x[idx]), train_y[idx]).backward()
            opt.step()
    with torch.no_grad():
        return (model(val_x).argmax(1) == val_y).float().mean().item()


best = (0, None)
for hidden, lr in itertools.product([8, 16, 32], [5e-3, 1e-2]):
    acc = run(hidden, lr)
    print(f"hidden={hidden:3d} lr={lr:.0e} val acc {acc:.4f}")
    if acc > best[0]:
        best = (acc, (hidden, lr))
print(f"best {best[0]:.4f} with {best[1]}")
