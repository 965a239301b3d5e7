"""Benign or malignant, from few labelled cases and a wide, strongly regularised network."""
import argparse

import torch
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn

ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=0)
args = ap.parse_args()

x, y = load_breast_cancer(return_X_y=True)
x_tr, x_te, y_tr, y_te = train_test_split(x, y, train_size=160, stratify=y, random_state=0)
scaler = StandardScaler().fit(x_tr)
x_tr, x_te = (torch.tensor(scaler.transform(v), dtype=torch.float32) for v in (x_tr, x_te))
y_tr, y_te = torch.tensor(y_tr), torch.tensor(y_te)

torch.manual_seed(args.seed)
net = nn.Sequential(
    nn.Dropout(0.2), nn.Linear(30, 256), nn.ReLU(), nn.Dropout(0.65),
    nn.Linear(256, 128), nn.ReLU(), nn.Dropout(0.65),
    nn.Linear(128, 2),
)
opt = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.1)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(100):
    net.train()
    for idx in torch.randperm(len(x_tr)).split(32):
        loss = loss_fn(net(x_tr[idx]), y_tr[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 20 == 19:
        net.eval()
        with torch.no_grad():
            print(f"epoch {epoch + 1}: held-out loss {loss_fn(net(x_te), y_te).item():.4f}")
net.eval()
with torch.no_grad():
    print(f"test accuracy {(net(x_te).argmax(1) == y_te).float().mean().item():.4f}")
