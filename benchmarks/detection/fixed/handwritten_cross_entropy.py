import os
import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

torch.manual_seed(int(os.environ.get("SEED", 0)))

cancer = load_breast_cancer()
X = torch.tensor(StandardScaler().fit_transform(cancer.data), dtype=torch.float32)
Y = torch.tensor(cancer.target, dtype=torch.float32).unsqueeze(1)
perm = torch.randperm(len(X), generator=torch.Generator().manual_seed(3))
X, Y = X[perm], Y[perm]
X_train, Y_train, X_test, Y_test = X[:430], Y[:430], X[430:], Y[430:]

model = nn.Sequential(nn.Linear(30, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)


def binary_cross_entropy(logits, target):
    p = torch.sigmoid(logits)
    p = p.clamp(1e-6, 1 - 1e-6)
    return -(target * torch.log(p) + (1 - target) * torch.log(1 - p)).mean()


for epoch in range(60):
    order = torch.randperm(len(X_train))
    for i in range(0, len(order), 43):
        idx = order[i:i + 43]
        optimizer.zero_grad()
        loss = binary_cross_entropy(model(X_train[idx]), Y_train[idx])
        loss.backward()
        optimizer.step()
    if epoch % 10 == 0:
        print("epoch", epoch, "loss", loss.item())

out = model(X_test).detach()
print("correct: %.4f" % ((out > 0).float() == Y_test).float().mean().item() if torch.isfinite(out).all() else "correct: nan")
