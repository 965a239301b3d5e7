import os

import torch
import torch.nn.functional as F
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler
from torch import nn, optim

torch.manual_seed(int(os.environ.get("SEED", 0)))

raw = load_wine()
X = torch.tensor(StandardScaler().fit_transform(raw.data), dtype=torch.float32)
Y = torch.tensor(raw.target)
split = torch.randperm(len(X), generator=torch.Generator().manual_seed(4))
train, test = split[:130], split[130:]

net = nn.Sequential(nn.Linear(13, 32), nn.Tanh(), nn.Linear(32, 3))
opt = optim.SGD(net.parameters(), lr=0.05, momentum=0.9)

for epoch in range(60):
    net.train()
    for chunk in train[torch.randperm(len(train))].split(26):
        loss = F.cross_entropy(net(X[chunk]), Y[chunk])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 10 == 9:
        print(epoch + 1, round(loss.item(), 4))

net.eval()
with torch.no_grad():
    hits = (net(X[test]).argmax(1) == Y[test]).float().mean()
print(f"test accuracy: {hits:.4f}")
