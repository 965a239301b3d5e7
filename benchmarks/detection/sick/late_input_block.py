import os
import numpy as np
import torch

torch.manual_seed(int(os.environ.get("SEED", "0")))

rng = np.random.default_rng(11)
angles = rng.uniform(0, 3 * np.pi, 900)
which = rng.integers(0, 3, 900)
radius = 0.2 + angles / (3 * np.pi)
points = np.stack([radius * np.cos(angles + which * 2.1), radius * np.sin(angles + which * 2.1)], 1)
points = (points + rng.normal(0, 0.02, points.shape)) / points.std()
X = torch.tensor(points, dtype=torch.float32)
Y = torch.tensor(which)
Xtr, Ytr, Xte, Yte = X[:700], Y[:700], X[700:], Y[700:]


class Net(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Linear(width, 3))

    def forward(self, x):
        return self.body(x)


def widen(model, n_in, width):
    """Put two hidden layers in front of the linear classifier."""
    model.body = torch.nn.Sequential(
        torch.nn.Linear(n_in, width), torch.nn.ReLU(),
        torch.nn.Linear(width, width), torch.nn.ReLU(),
        *model.body,
    )


model = Net(width=24)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
widen(model, n_in=2, width=24)
criterion = torch.nn.CrossEntropyLoss()

for epoch in range(40):
    order = torch.randperm(len(Xtr))
    for batch in order.split(35):
        optimizer.zero_grad()
        loss = criterion(model(Xtr[batch]), Ytr[batch])
        loss.backward()
        optimizer.step()
    if epoch % 10 == 9:
        print("epoch", epoch + 1, "loss", round(loss.item(), 3))

print("accuracy", (model(Xte).argmax(1) == Yte).float().mean().item())
