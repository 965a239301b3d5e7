import os
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.manual_seed(int(os.environ.get("SEED", 0)))

digits = load_digits()
X = torch.tensor(digits.data, dtype=torch.float32)
X = (X - X.mean(0)) / (X.std(0) + 1e-6)
y = torch.tensor(digits.target)
idx = torch.randperm(len(X))
tr, te = idx[:1400], idx[1400:]

layers = []
n_in = 64
for _ in range(10):
    lin = nn.Linear(n_in, 48)
    nn.init.xavier_uniform_(lin.weight, gain=nn.init.calculate_gain("tanh"))
    nn.init.zeros_(lin.bias)
    layers += [lin, nn.Tanh()]
    n_in = 48
layers.append(nn.Linear(n_in, 10))
net = nn.Sequential(*layers)

opt = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
for epoch in range(15):
    batches = tr[torch.randperm(len(tr))].split(50)
    tot = 0.0
    for b in batches:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(X[b]), y[b])
        loss.backward()
        opt.step()
        tot += loss.item()
    with torch.no_grad():
        acc = (net(X[te]).argmax(1) == y[te]).float().mean()
    print(f"{epoch:3d} | {tot / len(batches):.4f} | {acc:.4f}")
