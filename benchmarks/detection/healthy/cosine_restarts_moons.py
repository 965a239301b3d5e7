import os
import torch
import torch.nn as nn
from sklearn.datasets import make_moons
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts

torch.manual_seed(int(os.environ.get("SEED", 0)))
x, y = make_moons(1200, noise=0.2, random_state=10)
x, y = torch.tensor(x).float(), torch.tensor(y).float().unsqueeze(1)
xtr, ytr, xte, yte = x[:800], y[:800], x[800:], y[800:]


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Linear(2, 32)
        self.l2 = nn.Linear(32, 32)
        self.l3 = nn.Linear(32, 1)
        self.act = nn.LeakyReLU(0.1)

    def forward(self, inp):
        return self.l3(self.act(self.l2(self.act(self.l1(inp)))))


clf = Classifier()
opt = torch.optim.SGD(clf.parameters(), lr=0.2, momentum=0.9)
scheduler = CosineAnnealingWarmRestarts(opt, T_0=10, T_mult=2)
lossfn = nn.BCEWithLogitsLoss()
iters = 16
for epoch in range(70):
    for i in range(iters):
        sel = torch.randint(0, 800, (50,))
        loss = lossfn(clf(xtr[sel]), ytr[sel])
        opt.zero_grad()
        loss.backward()
        opt.step()
        scheduler.step(epoch + i / iters)
    if epoch % 10 == 9:
        acc = ((clf(xte) > 0).float() == yte).float().mean().item()
        print(f"epoch {epoch + 1} lr {opt.param_groups[0]['lr']:.4f} loss {loss.item():.4f} acc {acc:.4f}")
