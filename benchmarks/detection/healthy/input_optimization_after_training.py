"""Train a digit classifier, then synthesise the input that a class likes best."""
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(int(os.environ.get("SEED", 0)))
d = load_digits()
x, y = torch.tensor(d.data, dtype=torch.float32) / 16, torch.tensor(d.target)
net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 10))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(12):
    net.train()
    for idx in torch.randperm(1400).split(50):
        opt.zero_grad()
        F.cross_entropy(net(x[idx]), y[idx]).backward()
        opt.step()
net.eval()
with torch.no_grad():
    print("classifier accuracy %.4f" % (net(x[1400:]).argmax(1) == y[1400:]).float().mean().item())

image = torch.full((10, 64), 0.3, requires_grad=True)
wanted = torch.arange(10)
img_opt = torch.optim.Adam([image], lr=0.05)
for step in range(300):
    img_opt.zero_grad()
    logits = net(image)
    loss = F.cross_entropy(logits, wanted) + 0.05 * image.pow(2).sum(1).mean()
    loss.backward()
    img_opt.step()
    with torch.no_grad():
        image.clamp_(0, 1)
    if step % 50 == 0:
        print(step, loss.item())
p = net(image).softmax(1)[wanted, wanted].mean().item()
print("mean probability of wanted class %.4f" % p)
