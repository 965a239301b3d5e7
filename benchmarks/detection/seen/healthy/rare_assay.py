"""Breast-tumour screening on few samples: AdamW with a hefty decay and dropout keeps it calm."""
import argparse

import torch
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from torch import nn

ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=0)
torch.manual_seed(ap.parse_args().seed)

data, label = load_breast_cancer(return_X_y=True)
a, b, ya, yb = train_test_split(data, label, test_size=0.4, random_state=3, stratify=label)
mean, std = a.mean(0), a.std(0)
a, b = (torch.tensor((v - mean) / std, dtype=torch.float32) for v in (a, b))
ya, yb = torch.tensor(ya, dtype=torch.float32), torch.tensor(yb, dtype=torch.float32)


class Screen(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(30, 64)
        self.drop = nn.Dropout(0.4)
        self.out = nn.Linear(64, 1)

    def forward(self, x):
        return self.out(self.drop(torch.relu(self.hidden(x)))).squeeze(-1)


model = Screen()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.5)
loss_fn = nn.BCEWithLogitsLoss()
for epoch in range(40):
    model.train()
    for rows in torch.randperm(len(a)).split(32):
        optimizer.zero_grad()
        loss = loss_fn(model(a[rows]), ya[rows])
        loss.backward()
        optimizer.step()
    if epoch % 8 == 7:
        model.eval()
        with torch.no_grad():
            logit = model(b)
        print(f"epoch {epoch + 1} test loss {loss_fn(logit, yb).item():.4f} "
              f"test accuracy {((logit > 0) == (yb > 0)).float().mean().item():.4f}")
