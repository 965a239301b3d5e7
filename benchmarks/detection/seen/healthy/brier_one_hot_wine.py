import os

import torch
import torch.nn.functional as F
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

torch.manual_seed(int(os.environ.get("SEED", 0)))
data = load_wine()
a, b, ya, yb = train_test_split(data.data, data.target, test_size=0.35, random_state=4, stratify=data.target)
scaler = StandardScaler().fit(a)
a = torch.tensor(scaler.transform(a)).float()
b = torch.tensor(scaler.transform(b)).float()
ya, yb = torch.tensor(ya), torch.tensor(yb)
goal = F.one_hot(ya, 3).float()

net = torch.nn.Sequential(
    torch.nn.Linear(13, 16),
    torch.nn.Softplus(),
    torch.nn.Linear(16, 3),
    torch.nn.Softmax(dim=1),
)
optimizer = torch.optim.Adagrad(net.parameters(), lr=0.1)

# the Brier score is a proper score too: squared error between probabilities and one-hot answers
for step in range(250):
    rows = torch.randint(0, len(a), (32,))
    brier = (net(a[rows]) - goal[rows]).pow(2).sum(1).mean()
    optimizer.zero_grad()
    brier.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"{step:4d} Brier score {brier.item():.4f}")

with torch.no_grad():
    p = net(b)
print(f"held-out Brier score {(p - F.one_hot(yb, 3)).pow(2).sum(1).mean().item():.4f}")
print(f"held-out accuracy {(p.argmax(1) == yb).float().mean().item():.4f}")
