import argparse

import numpy as np
import torch
import torch.nn.functional as F

ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=0)
ap.add_argument("--steps", type=int, default=600)
ap.add_argument("--batch", type=int, default=32)
a = ap.parse_args()

rs = np.random.RandomState(a.seed)
torch.manual_seed(a.seed)


def echoes(n, length=80):
    t = np.arange(length)[None]
    distance = rs.uniform(10, 60, (n, 1))
    width = rs.uniform(1.5, 4.0, (n, 1))
    strength = rs.uniform(0.7, 1.6, (n, 1))
    ghost = distance + rs.uniform(8, 16, (n, 1))
    x = strength * np.exp(-(((t - distance) / width) ** 2))
    x = x + 0.6 * strength * np.exp(-(((t - ghost) / width) ** 2)) * rs.randint(0, 2, (n, 1))
    x = x + 0.25 * rs.randn(n, length)
    return torch.tensor(x[:, None], dtype=torch.float32), torch.tensor((distance - 35) / 15, dtype=torch.float32)


x_train, y_train = echoes(1600)
x_test, y_test = echoes(500)


def weight(*shape):
    fan_in = int(np.prod(shape[1:]))
    return (torch.randn(*shape) * (2 / fan_in) ** 0.5).requires_grad_()


P = {
    "c1": weight(8, 1, 7), "b1": torch.zeros(8, requires_grad=True),
    "c2": weight(16, 8, 5), "b2": torch.zeros(16, requires_grad=True),
    "w3": weight(40, 16 * 20), "b3": torch.zeros(40, requires_grad=True),
    "w4": weight(1, 40), "b4": torch.zeros(1, requires_grad=True),
}


def net(x):
    x = F.max_pool1d(F.relu(F.conv1d(x, P["c1"], P["b1"], padding=3)), 2)
    x = F.max_pool1d(F.relu(F.conv1d(x, P["c2"], P["b2"], padding=2)), 2)
    x = F.relu(F.linear(x.flatten(1), P["w3"], P["b3"]))
    return F.linear(x, P["w4"], P["b4"])


optimizer = torch.optim.Adam(P.values(), lr=1e-3)
n_batches = len(x_train) // a.batch

for step in range(a.steps):
    k = (step % n_batches) * a.batch
    xb, yb = x_train[k : k + a.batch], y_train[k : k + a.batch]
    loss = F.mse_loss(net(xb), yb)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if (step + 1) % 100 == 0:
        with torch.no_grad():
            rmse = 15 * F.mse_loss(net(x_test), y_test).sqrt().item()
        print(f"step {step + 1}: batch loss {loss.item():.4f}, test rmse {rmse:.2f} m")

print(f"rmse {rmse:.3f} m")
