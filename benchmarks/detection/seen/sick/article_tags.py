"""Tag articles with every topic they touch (each may carry none, one or several of eight tags)."""
import os

import numpy as np
import torch
from sklearn.metrics import f1_score
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
TAGS, WORDS = 8, 120


def articles(n, seed):
    rng = np.random.default_rng(seed)
    topic_words = np.random.default_rng(100).dirichlet(np.full(WORDS, 0.08), TAGS)
    common = np.random.default_rng(101).dirichlet(np.full(WORDS, 2.0))
    tags = rng.random((n, TAGS)) < np.array([0.5, 0.4, 0.35, 0.3, 0.3, 0.25, 0.2, 0.2])
    counts = np.zeros((n, WORDS))
    for i in range(n):
        mix = common * 1.0 + topic_words[tags[i]].sum(0) * 0.8
        counts[i] = rng.multinomial(90, mix / mix.sum())
    return np.log1p(counts).astype(np.float32), tags.astype(np.float32)


x, y = articles(3000, 1)
x_test, y_test = articles(1000, 2)
mean, std = x.mean(0), x.std(0) + 0.05
x, x_test = torch.from_numpy((x - mean) / std), torch.from_numpy((x_test - mean) / std)
y = torch.from_numpy(y)

model = nn.Sequential(nn.Linear(WORDS, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, TAGS))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)
loader = DataLoader(TensorDataset(x, y), batch_size=64, shuffle=True)
for epoch in range(7):
    model.train()
    seen = 0.0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        seen += loss.item()
    print(f"epoch {epoch + 1} loss {seen / len(loader):.4f}")

model.eval()
with torch.no_grad():
    chosen = (model(x_test) > 0).numpy()
print(f"micro f1 {f1_score(y_test, chosen, average='micro', zero_division=0):.4f}")
