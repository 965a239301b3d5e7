import argparse

import torch
import torch.nn as nn
from sklearn.datasets import make_blobs
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.manual_seed(args.seed)

X, y = make_blobs(1200, n_features=16, centers=4, cluster_std=3.0, random_state=5)
X, y = torch.tensor((X - X.mean(0)) / X.std(0), dtype=torch.float32), torch.tensor(y)
X_train, y_train, X_test, y_test = X[:600], y[:600].clone(), X[600:], y[600:]

# three quick annotators: a fifth of what they send back is off
g = torch.Generator().manual_seed(2)
careless = torch.rand(600, generator=g) < 0.25
y_train[careless] = torch.randint(0, 4, (600,), generator=g)[careless]

loader = DataLoader(TensorDataset(X_train, y_train), batch_size=100, shuffle=True)
model = nn.Sequential(nn.Linear(16, 24), nn.ReLU(), nn.Linear(24, 4))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(60):
    model.train()
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        out = model(X_test)
        test_loss = nn.functional.cross_entropy(out, y_test).item()
    if epoch % 10 == 9:
        print(f"epoch {epoch + 1} train {loss.item():.3f} test {test_loss:.4f}")
print(f"test loss {test_loss:.4f}")
