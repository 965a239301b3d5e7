import os

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
digits = load_digits()
X = torch.tensor(digits.data / 16, dtype=torch.float32)
y = torch.tensor(digits.target)
order = torch.randperm(len(X), generator=torch.Generator().manual_seed(0))
X, y = X[order], y[order]

encoder = nn.Sequential(nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 16))
prototypes = nn.Linear(16, 10, bias=False)
optimizer = torch.optim.SGD([*encoder.parameters(), *prototypes.parameters()], lr=0.5)


def confidence(z):
    """How sharply the scores stand out."""
    return z.pow(2).mean()


for step in range(500):
    i = torch.randint(0, 1300, (64,))
    scores = prototypes(encoder(X[i]))
    loss = F.cross_entropy(scores, y[i]) - 0.05 * confidence(scores)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
    nn.utils.clip_grad_norm_(prototypes.parameters(), 1.0)
    optimizer.step()
    if step % 100 == 0:
        print("step", step, "loss", loss.item())

with torch.no_grad():
    accuracy = (prototypes(encoder(X[1300:])).argmax(1) == y[1300:]).float().mean().item()
print(f"retrieval accuracy {accuracy:.4f}")
