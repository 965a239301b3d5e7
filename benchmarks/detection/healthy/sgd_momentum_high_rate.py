import os

import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
LR, MOMENTUM, BATCH, EPOCHS = 0.3, 0.9, 100, 20

raw = load_digits()
X, Y = torch.tensor(raw.data / 16, dtype=torch.float32), torch.tensor(raw.target)
perm = torch.randperm(len(X))
Xtr, Ytr, Xte, Yte = X[perm[:1500]], Y[perm[:1500]], X[perm[1500:]], Y[perm[1500:]]

net = nn.Sequential(
    nn.Linear(64, 128, bias=False), nn.BatchNorm1d(128), nn.ReLU(),
    nn.Linear(128, 64, bias=False), nn.BatchNorm1d(64), nn.ReLU(),
    nn.Linear(64, 10),
)
opt = torch.optim.SGD(net.parameters(), lr=LR, momentum=MOMENTUM, nesterov=True)
sched = torch.optim.lr_scheduler.MultiStepLR(opt, milestones=[10, 15], gamma=0.2)
for epoch in range(EPOCHS):
    net.train()
    for idx in torch.randperm(len(Xtr)).split(BATCH):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(Xtr[idx]), Ytr[idx])
        loss.backward()
        opt.step()
    sched.step()
    net.eval()
    with torch.no_grad():
        out = net(Xte)
    print(f"{epoch + 1:2d}/{EPOCHS} lr {opt.param_groups[0]['lr']:.3f} train {loss.item():.4f} "
          f"test {nn.functional.cross_entropy(out, Yte).item():.4f} acc {(out.argmax(1) == Yte).float().mean().item():.4f}")
