import os

import torch
import torch.nn as nn
from sklearn.datasets import make_classification

torch.manual_seed(int(os.environ.get("SEED", 0)))

# yes/no answers, one in six of them careless
X, y = make_classification(2400, 24, n_informative=4, n_redundant=0, flip_y=0.35, class_sep=1.0, random_state=6)
X = torch.tensor((X - X.mean(0)) / X.std(0)).float()
y = torch.tensor(y).float()
train_X, train_y, test_X, test_y = X[:1600], y[:1600], X[1600:], y[1600:]


class Survey(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(24, 16)
        self.answer = nn.Linear(16, 1)

    def forward(self, x):
        return self.answer(torch.tanh(self.hidden(x))).squeeze(-1)


BATCH = 2
model = Survey()
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
for epoch in range(2):
    order = torch.randperm(len(train_X))
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        optimizer.zero_grad()
        loss = criterion(model(train_X[batch]), train_y[batch])
        loss.backward()
        optimizer.step()

with torch.no_grad():
    print(f"log loss on held-out people: {criterion(model(test_X), test_y).item():.4f}")
