import os

import torch
import torch.nn as nn
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

torch.manual_seed(int(os.environ.get("SEED", 0)))


class Critic(nn.Module):
    def __init__(self, n_in, n_out, width=32):
        super().__init__()
        self.l1 = nn.Linear(n_in, width)
        self.l2 = nn.Linear(width, width)
        self.l3 = nn.Linear(width, n_out)
        self.act = nn.LeakyReLU(0.2)

    def forward(self, x):
        return self.l3(self.act(self.l2(self.act(self.l1(x)))))


X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=5, stratify=y)
scaler = StandardScaler().fit(X_train)
X_train, X_test = (torch.tensor(scaler.transform(a), dtype=torch.float32) for a in (X_train, X_test))
y_train, y_test = torch.tensor(y_train), torch.tensor(y_test)

limit = 0.01
net = Critic(13, 3)
optimizer = torch.optim.RMSprop(net.parameters(), lr=1e-3)
for step in range(500):
    idx = torch.randint(len(X_train), (32,))
    loss = nn.functional.cross_entropy(net(X_train[idx]), y_train[idx])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    for p in net.parameters():
        p.data.clamp_(-limit, limit)
    if step % 100 == 0:
        print("step", step, "loss", loss.item())

with torch.no_grad():
    acc = (net(X_test).argmax(1) == y_test).float().mean().item()
print(f"Test accuracy: {acc:.4f}")
