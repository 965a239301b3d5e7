"""Text-free sentiment-like task with overlapping classes: validation loss bottoms out and creeps up a little."""
import os

import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(int(os.environ.get("SEED", 0)))
X, y = make_classification(4000, n_features=25, n_informative=10, n_clusters_per_class=3, flip_y=0.08,
                           class_sep=0.9, random_state=8)
full = TensorDataset(torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32))
train_set, val_set = random_split(full, [3200, 800], generator=torch.Generator().manual_seed(1))
train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
val_loader = DataLoader(val_set, batch_size=400)

model = nn.Sequential(nn.Linear(25, 48), nn.ReLU(), nn.Linear(48, 24), nn.ReLU(), nn.Linear(24, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-4)
criterion = nn.BCEWithLogitsLoss()
history = {"train": [], "val": []}

for epoch in range(16):
    model.train()
    train_loss = 0.0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(xb).squeeze(1), yb)
        loss.backward()
        optimizer.step()
        train_loss += loss.item() * len(xb)
    model.eval()
    val_loss, correct = 0.0, 0
    with torch.no_grad():
        for xb, yb in val_loader:
            logits = model(xb).squeeze(1)
            val_loss += criterion(logits, yb).item() * len(xb)
            correct += ((logits > 0) == yb.bool()).sum().item()
    history["train"].append(train_loss / 3200)
    history["val"].append(val_loss / 800)
    print(f"epoch {epoch:2d} train {history['train'][-1]:.4f} val {history['val'][-1]:.4f} acc {correct / 800:.4f}")
