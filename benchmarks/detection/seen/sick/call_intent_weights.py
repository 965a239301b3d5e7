"""Route calls to a desk from the words heard in the first seconds."""
import os

import numpy as np
import torch
import torch.nn as nn

SEED = int(os.environ.get("SEED", 0))
rng = np.random.default_rng(SEED)
torch.manual_seed(SEED)

DESKS = ["billing", "moving", "faults", "sales", "complaints"]
SHARE = np.array([0.48, 0.18, 0.14, 0.11, 0.09])
VOCAB, HEARD = 300, 6

common = rng.dirichlet(np.full(VOCAB, 0.5))
special = [rng.dirichlet(np.full(VOCAB, 0.08)) for _ in DESKS]


def calls(n):
    desk = rng.choice(len(DESKS), n, p=SHARE)
    words = np.stack([rng.choice(VOCAB, HEARD, p=0.86 * common + 0.14 * special[d]) for d in desk])
    return torch.tensor(words), torch.tensor(desk)


class Router(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.EmbeddingBag(VOCAB, 24, mode="mean")
        self.hidden = nn.Linear(24, 32)
        self.desk = nn.Linear(32, len(DESKS))

    def forward(self, words):
        return self.desk(torch.relu(self.hidden(self.words(words))))


def report(model, words, desk):
    model.eval()
    with torch.no_grad():
        guess = model(words).argmax(1)
    per_desk = [(guess[desk == k] == k).float().mean().item() for k in range(len(DESKS))]
    return (guess == desk).float().mean().item(), sum(per_desk) / len(per_desk)


words, desk = calls(3000)
test_words, test_desk = calls(1500)
counts = torch.bincount(desk, minlength=len(DESKS)).float()
weight = counts / counts.mean()

model = Router()
criterion = nn.CrossEntropyLoss(weight=weight)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(8):
    model.train()
    for idx in torch.randperm(len(words)).split(60):
        optimizer.zero_grad()
        loss = criterion(model(words[idx]), desk[idx])
        loss.backward()
        optimizer.step()
    acc, balanced = report(model, test_words, test_desk)
    print(f"epoch {epoch + 1} loss {loss.item():.3f} accuracy {acc:.3f} mean recall {balanced:.3f}")

print(f"final mean recall {balanced:.4f}")
