"""Suggest tags for recipes from ingredient counts; a recipe can carry several tags or none."""
import os
import sys

import torch
import torch.nn as nn
from sklearn.datasets import make_multilabel_classification
from torch.utils.data import DataLoader, TensorDataset, random_split

seed = int(os.environ.get("SEED", 0))
if "--seed" in sys.argv:
    seed = int(sys.argv[sys.argv.index("--seed") + 1])
torch.manual_seed(seed)

counts, tags = make_multilabel_classification(
    n_samples=1800, n_features=40, n_classes=8, n_labels=2, length=60, allow_unlabeled=True, random_state=seed
)
x = torch.tensor(counts, dtype=torch.float32)
x = (x - x.mean(0)) / x.std(0).clamp(min=1e-6)
y = torch.tensor(tags, dtype=torch.float32)
dataset = TensorDataset(x, y)
train_set, test_set = random_split(dataset, [1400, 400], generator=torch.Generator().manual_seed(seed))
train_loader = DataLoader(train_set, batch_size=50, shuffle=True)
test_loader = DataLoader(test_set, batch_size=200)


class WideAndDeep(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.wide = nn.Linear(inputs, outputs)
        self.deep = nn.Sequential(
            nn.Linear(inputs, 48), nn.GELU(), nn.Dropout(0.2), nn.Linear(48, outputs)
        )

    def forward(self, x):
        return self.wide(x) + self.deep(x)


model = WideAndDeep(40, 8)
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)

for epoch in range(15):
    model.train()
    total = 0.0
    for features, wanted in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(features), wanted)
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch + 1:2d}/15 loss {total / len(train_loader):.4f}")

model.eval()
tp = fp = fn = 0.0
with torch.no_grad():
    for features, wanted in test_loader:
        said = (torch.sigmoid(model(features)) > 0.5).float()
        tp += (said * wanted).sum().item()
        fp += (said * (1 - wanted)).sum().item()
        fn += ((1 - said) * wanted).sum().item()
print(f"micro F1 {2 * tp / (2 * tp + fp + fn + 1e-9):.4f}")
