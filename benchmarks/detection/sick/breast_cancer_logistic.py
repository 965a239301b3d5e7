import argparse

import torch
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, Dataset


class CancerDataset(Dataset):
    def __init__(self, features, labels):
        self.features = torch.tensor(features, dtype=torch.float32)
        self.labels = torch.tensor(labels, dtype=torch.float32)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.features[i], self.labels[i]


class LogisticRegression(nn.Module):
    def __init__(self, n_features):
        super().__init__()
        self.linear1 = nn.Linear(n_features, 16)
        self.linear2 = nn.Linear(16, 1)

    def forward(self, x):
        return self.linear2(torch.sigmoid(self.linear1(x))).squeeze(-1)


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--epochs", type=int, default=25)
args = parser.parse_args()

torch.manual_seed(args.seed)
cancer = load_breast_cancer()
features = cancer.data
x_tr, x_te, y_tr, y_te = train_test_split(features, cancer.target, test_size=0.25, random_state=3)
train_loader = DataLoader(CancerDataset(x_tr, y_tr), batch_size=16, shuffle=True)

model = LogisticRegression(30)
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(args.epochs):
    total = 0
    for xb, yb in train_loader:
        loss = criterion(model(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 5 == 0:
        print(f"{epoch:3d} {total / len(train_loader):.4f}")

with torch.no_grad():
    test = CancerDataset(x_te, y_te)
    acc = ((model(test.features) > 0).float() == test.labels).float().mean()
    print(f"acc={acc:.4f}")
