import os

import torch
import torch.nn.functional as F

torch.manual_seed(int(os.environ.get("SEED", 0)))


def samples(n):
    """Shares of eight minerals, as log proportions; four kinds of soil."""
    kind = torch.randint(0, 4, (n,))
    raw = torch.randn(n, 8) * 0.8
    raw[:, 0] += 1.2 * (kind % 2)
    raw[:, 3] += 1.2 * (kind // 2)
    raw[:, 5] += 1.5 * ((kind == 1) | (kind == 2))
    return F.log_softmax(raw, dim=1), kind


class Dense:
    def __init__(self, fan_in, fan_out):
        self.W = (torch.randn(fan_in, fan_out) * (2.0 / fan_in) ** 0.5).requires_grad_()
        self.b = torch.zeros(fan_out, requires_grad=True)

    def __call__(self, x):
        return x @ self.W + self.b

    def parameters(self):
        return [self.W, self.b]


class Net:
    def __init__(self, sizes):
        self.layers = [Dense(a, b) for a, b in zip(sizes, sizes[1:])]

    def __call__(self, x):
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        return self.layers[-1](x)

    def parameters(self):
        return [p for layer in self.layers for p in layer.parameters()]


net = Net([8, 48, 32, 4])
x, y = samples(2000)
xt, yt = samples(800)
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3, betas=(0.9, 0.99))
for epoch in range(6):
    seen = 0.0
    for i in range(0, 2000, 40):
        loss = F.cross_entropy(net(x[i : i + 40]), y[i : i + 40])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen += loss.item()
    print(f"epoch {epoch} loss {seen / 50:.4f}")
with torch.no_grad():
    accuracy = (net(xt).argmax(1) == yt).float().mean().item()
print(f"test accuracy {accuracy:.4f}")
