import os
import torch
from sklearn.datasets import load_digits

torch.manual_seed(int(os.environ.get("SEED", 0)))

digits = load_digits()
X = torch.tensor(digits.data / 16, dtype=torch.float32)
T = torch.tensor(digits.target)
perm = torch.randperm(len(X), generator=torch.Generator().manual_seed(10))
X_train, T_train, X_test, T_test = X[perm[:1350]], T[perm[:1350]], X[perm[1350:]], T[perm[1350:]]

n_hidden = 40
w1 = torch.zeros(64, n_hidden, requires_grad=True)
b1 = torch.zeros(n_hidden, requires_grad=True)
w2 = torch.zeros(n_hidden, 10, requires_grad=True)
b2 = torch.zeros(10, requires_grad=True)


def forward(x):
    h = torch.sigmoid(x @ w1 + b1)
    return h @ w2 + b2


optimizer = torch.optim.Adam([w1, b1, w2, b2], lr=0.01)
loss_fn = torch.nn.CrossEntropyLoss()
for epoch in range(20):
    idx = torch.randperm(len(X_train))
    for i in range(0, len(idx), 50):
        b = idx[i:i + 50]
        loss = loss_fn(forward(X_train[b]), T_train[b])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print("epoch", epoch, loss.item())

print("test accuracy", (forward(X_test).argmax(1) == T_test).float().mean().item())
