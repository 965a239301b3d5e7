import copy
import os

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(int(os.environ.get("SEED", 0)))


class EMA:
    def __init__(self, model, decay=0.98):
        self.module = copy.deepcopy(model).eval()
        self.decay = decay
        for p in self.module.parameters():
            p.requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        for e, m in zip(self.module.state_dict().values(), model.state_dict().values()):
            if e.dtype.is_floating_point:
                e.mul_(self.decay).add_(m, alpha=1 - self.decay)
            else:
                e.copy_(m)


X, y = load_digits(return_X_y=True)
Xtr, Xte, ytr, yte = train_test_split(X / 16, y, test_size=0.25, random_state=1)
Xtr, Xte = torch.tensor(Xtr).float(), torch.tensor(Xte).float()
ytr, yte = torch.tensor(ytr), torch.tensor(yte)

model = nn.Sequential(nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 10))
ema = EMA(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
crit = nn.CrossEntropyLoss()


@torch.no_grad()
def evaluate(net):
    was_training = net.training
    net.eval()
    out = net(Xte)
    net.train(was_training)
    return crit(out, yte).item(), (out.argmax(1) == yte).float().mean().item()


for epoch in range(15):
    for idx in torch.randperm(len(Xtr)).split(32):
        loss = crit(model(Xtr[idx]), ytr[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        ema.update(model)
    (l1, a1), (l2, a2) = evaluate(model), evaluate(ema.module)
    print(f"epoch {epoch}: raw {l1:.4f}/{a1:.4f} ema {l2:.4f}/{a2:.4f}")
