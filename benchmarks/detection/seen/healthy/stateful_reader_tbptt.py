import os
import random

import torch
from torch import nn

seed = int(os.environ.get("SEED", 0))
random.seed(seed)
torch.manual_seed(seed)


def stream(length):
    """Letters a to d with brackets; inside brackets the alphabet runs backwards."""
    text, inside, at = [], False, 0
    for _ in range(length):
        if random.random() < 0.12:
            inside = not inside
            text.append(4 if inside else 5)
        else:
            at = (at + (-1 if inside else 1)) % 4
            text.append(at)
    return text


LANES, WINDOW = 16, 10
data = torch.tensor([stream(1601) for _ in range(LANES)])


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(6, 12)
        self.cell = nn.GRUCell(12, 32)
        self.out = nn.Linear(32, 6)

    def forward(self, letters, state):
        scores = []
        for t in range(letters.shape[1]):
            state = self.cell(self.embed(letters[:, t]), state)
            scores.append(self.out(state))
        return torch.stack(scores, 1), state


reader = Reader()
optimizer = torch.optim.Adam(reader.parameters(), lr=5e-3)
for epoch in range(2):
    state = torch.zeros(LANES, 32)
    right = []
    for start in range(0, 1600, WINDOW):
        seen, following = data[:, start : start + WINDOW], data[:, start + 1 : start + WINDOW + 1]
        scores, state = reader(seen, state.detach())
        loss = nn.functional.cross_entropy(scores.flatten(0, 1), following.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        optimizer.step()
        right.append((scores.argmax(-1) == following).float().mean().item())
        if (start // WINDOW) % 40 == 39:
            print(f"epoch {epoch} window {start // WINDOW + 1}: share guessed right {sum(right[-40:]) / 40:.4f} (at most 0.88)")
