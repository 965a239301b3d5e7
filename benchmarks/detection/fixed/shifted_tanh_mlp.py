import argparse

import torch
import torch.nn as nn
from sklearn.datasets import make_classification

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.manual_seed(args.seed)

X, y = make_classification(1600, 30, n_informative=12, n_classes=4, class_sep=1.2, random_state=4)
X = torch.tensor(X, dtype=torch.float32)
X = (X - X.mean(0)) / X.std(0)
y = torch.tensor(y)

model = nn.Sequential(nn.Linear(30, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 4))
for p in (model[0], model[2]):
    nn.init.constant_(p.bias, 0.0)

opt = torch.optim.SGD(model.parameters(), lr=0.05)
for step in range(1200):
    i = torch.randint(0, 1200, (48,))
    loss = nn.functional.cross_entropy(model(X[i]), y[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 200 == 0:
        print(step, loss.item())
with torch.no_grad():
    print("accuracy", (model(X[1200:]).argmax(1) == y[1200:]).float().mean().item())
