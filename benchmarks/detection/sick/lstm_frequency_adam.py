import os
import torch
import torch.nn as nn
import torch.nn.functional as F
import numpy as np

torch.manual_seed(int(os.environ.get("SEED", 0)))
rng = np.random.default_rng(0)

# which of three slopes does a noisy sequence follow?
N, T = 900, 20
kind = rng.integers(0, 3, N)
freq = np.array([0.5, 0.8, 1.1])[kind]
phase = rng.uniform(0, 2 * np.pi, N)
seqs = np.sin(freq[:, None] * np.arange(T) + phase[:, None]) + 0.3 * rng.standard_normal((N, T))
x = torch.tensor(seqs, dtype=torch.float32).unsqueeze(-1)
y = torch.tensor(kind)


class SequenceClassifier(nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, 3)

    def forward(self, x):
        _, (h, _) = self.lstm(x)
        return self.out(h[-1])


model = SequenceClassifier(32)
optimizer = torch.optim.Adam(model.parameters(), lr=0.5)
for epoch in range(20):
    model.train()
    perm = torch.randperm(700)
    for i in range(0, 700, 35):
        sel = perm[i : i + 35]
        loss = F.cross_entropy(model(x[sel]), y[sel])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.3f}")

model.eval()
with torch.no_grad():
    print("accuracy on unseen sequences:", (model(x[700:]).argmax(1) == y[700:]).float().mean().item())
