"""Which patients come back within a month?"""
import argparse

import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

X, y = make_classification(1600, 18, n_informative=8, n_redundant=4, weights=[0.7], class_sep=0.9, flip_y=0.02, random_state=11)
X = torch.tensor((X - X.mean(0)) / X.std(0), dtype=torch.float32)
y = torch.tensor(y, dtype=torch.float32)
X_train, X_test, y_train, y_test = X[:1200], X[1200:], y[:1200], y[1200:]

torch.manual_seed(args.seed)


class Readmission(nn.Module):
    def __init__(self, n_in, n_hidden=32):
        super().__init__()
        self.hidden = nn.Linear(n_in, n_hidden)
        self.out = nn.Linear(n_hidden, 1)

    def forward(self, x):
        x = torch.relu(self.hidden(x))
        return self.out(x).squeeze(1)


model = Readmission(X.shape[1])
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
loader = DataLoader(TensorDataset(X_train, y_train), batch_size=32, shuffle=True)

for epoch in range(20):
    running = 0.0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        running += loss.item()
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1} loss {running / len(loader):.4f}")

model.eval()
with torch.no_grad():
    out = model(X_test)
    print(f"test loss {criterion(out, y_test):.4f}")
