import argparse
import os

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def answers(rng, count):
    form = rng.integers(0, 3, (count, 4))
    same = (form[:, 0] == form[:, 1]).astype(float)
    odds = 2.6 * same + 1.2 * (form[:, 2] == 2) - 1.4 * (form[:, 3] == 0) - 0.9
    bought = rng.random(count) < 1 / (1 + np.exp(-2 * odds))
    return (
        torch.tensor(form),
        torch.tensor(bought, dtype=torch.float32),
        torch.tensor(2 * odds, dtype=torch.float32),
    )


class FormNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.answers = nn.ModuleList(nn.Embedding(3, 4) for _ in range(4))
        self.mix = nn.Sequential(nn.Linear(16, 24), nn.ReLU(), nn.Linear(24, 1))

    def forward(self, form):
        parts = [table(form[:, k]) for k, table in enumerate(self.answers)]
        return self.mix(torch.cat(parts, 1)).squeeze(1)


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
seed = parser.parse_args().seed
torch.manual_seed(seed)
rng = np.random.default_rng(seed)
form, bought, _ = answers(rng, 3000)
val_form, val_bought, val_logit = answers(rng, 1000)
loader = DataLoader(TensorDataset(form, bought), batch_size=50, shuffle=True)
net = FormNet()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
criterion = nn.BCEWithLogitsLoss()
floor = criterion(val_logit, val_bought).item()
for epoch in range(9):
    net.train()
    for f, b in loader:
        optimizer.zero_grad()
        loss = criterion(net(f), b)
        loss.backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        logits = net(val_form)
        held = criterion(logits, val_bought).item()
        right = ((logits > 0) == (val_bought > 0.5)).float().mean().item()
    print(f"epoch {epoch} validation loss {held:.4f} (best possible {floor:.4f}) accuracy {right:.4f}")
