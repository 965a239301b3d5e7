import os

import torch
from sklearn.datasets import load_diabetes
from sklearn.metrics import r2_score
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
x, y = load_diabetes(return_X_y=True)
x = torch.tensor(x, dtype=torch.float32) * 21
y = torch.tensor(y, dtype=torch.float32)[:, None]
y = (y - y.mean()) / y.std()
order = torch.randperm(len(x), generator=torch.Generator().manual_seed(9))
train, test = order[:340], order[340:]

WIDTH, DEPTH = 48, 16
layers = [nn.Linear(10, WIDTH)]
for _ in range(DEPTH):
    layers += [nn.LeakyReLU(0.1), nn.Linear(WIDTH, WIDTH)]
layers += [nn.LeakyReLU(0.1), nn.Linear(WIDTH, 1)]
model = nn.Sequential(*layers)

optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
for step in range(400):
    idx = train[torch.randint(len(train), (34,))]
    loss = nn.functional.mse_loss(model(x[idx]), y[idx])
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()

with torch.no_grad():
    print(f"R2 {r2_score(y[test], model(x[test])):.4f}")
