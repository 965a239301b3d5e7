import os

import torch
from sklearn.datasets import make_classification
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(int(os.environ.get("SEED", 0)))
X, y = make_classification(1500, n_features=30, n_informative=6, flip_y=0.25, class_sep=0.8, random_state=9)
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
data = TensorDataset(X[:1000], y[:1000])
fresh_X, fresh_y = X[1000:], y[1000:]  # collected later

train_set, _ = random_split(data, [800, 200])
_, valid_set = random_split(data, [800, 200])
train_loader = DataLoader(train_set, batch_size=40, shuffle=True)
valid_loader = DataLoader(valid_set, batch_size=100)


def evaluate(model):
    model.eval()
    total, hits = 0.0, 0
    with torch.no_grad():
        for xb, yb in valid_loader:
            out = model(xb)
            total += nn.functional.cross_entropy(out, yb, reduction="sum").item()
            hits += (out.argmax(1) == yb).sum().item()
    return total / len(valid_set), hits / len(valid_set)


model = nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
best, kept, since = float("inf"), None, 0
for epoch in range(40):
    model.train()
    for xb, yb in train_loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(xb), yb).backward()
        optimizer.step()
    loss, accuracy = evaluate(model)
    if loss < best:
        best, since, kept = loss, 0, {name: value.clone() for name, value in model.state_dict().items()}
    else:
        since += 1
        if since == 4:
            break
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1} valid loss {loss:.3f} accuracy {accuracy:.3f}")

model.load_state_dict(kept)
model.eval()
with torch.no_grad():
    print(f"loss on fresh data {nn.functional.cross_entropy(model(fresh_X), fresh_y).item():.4f}")
