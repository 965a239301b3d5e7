import os
import torch, torch.nn as nn, torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(int(os.environ.get('SEED', 11)))
d = load_digits()
X = torch.FloatTensor(d.data) / 16
Y = torch.LongTensor(d.target)
perm = torch.randperm(len(X))
X, Y = X[perm], Y[perm]
Xtr, Ytr, Xte, Yte = X[:1400], Y[:1400], X[1400:], Y[1400:]

model = nn.Sequential(nn.Linear(64, 100), nn.ReLU(), nn.Linear(100, 50), nn.ReLU(), nn.Linear(50, 10))
crit = nn.CrossEntropyLoss(label_smoothing=0.1)
opt = torch.optim.Adam(model.parameters(), 2e-3)

for ep in range(20):
    losses = []
    for i in range(0, 1400, 35):
        out = model(Xtr[i:i+35])
        l = crit(out, Ytr[i:i+35])
        opt.zero_grad(); l.backward(); opt.step()
        losses.append(l.item())
    with torch.no_grad():
        out = model(Xte)
        print('ep', ep, 'train', sum(losses) / len(losses), 'test', crit(out, Yte).item(),
              'acc', (out.argmax(1) == Yte).float().mean().item())
