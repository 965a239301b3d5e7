"""Hidden moods of a night bus line from the events drivers note: a hidden Markov model by descent."""

import argparse

import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--steps", type=int, default=300)
args = parser.parse_args()
torch.manual_seed(args.seed)

MOODS, EVENTS, LENGTH = 4, 16, 48


def nights(n):
    """Moods last for a while; each has events of its own and shares a few with its neighbour."""
    table = torch.full((MOODS, EVENTS), 0.01)
    for mood in range(MOODS):
        table[mood, 4 * mood : 4 * mood + 4] = 0.3
        table[mood, (4 * mood + 5) % EVENTS] = 0.15
    stay = 0.9 * torch.eye(MOODS) + 0.1 * torch.eye(MOODS).roll(1, 1)
    mood, notes = torch.randint(0, MOODS, (n,)), []
    for _ in range(LENGTH):
        notes.append(torch.multinomial(table[mood], 1).squeeze(1))
        mood = torch.multinomial(stay[mood], 1).squeeze(1)
    return torch.stack(notes, 1)


class HiddenMoods(nn.Module):
    def __init__(self):
        super().__init__()
        self.start = nn.Parameter(torch.zeros(MOODS))
        self.move = nn.Parameter(torch.eye(MOODS) + 0.1 * torch.randn(MOODS, MOODS))
        self.note = nn.Parameter(torch.randn(MOODS, EVENTS))

    def forward(self, notes):
        """Log-likelihood of every night."""
        move, note = self.move.softmax(1), self.note.softmax(1)
        belief, total = self.start.softmax(0).expand(len(notes), -1), 0.0
        for event in notes.T:
            belief = belief * note[:, event].T
            level = belief.sum(1, keepdim=True)
            total = total + level.log().squeeze(1)
            belief = (belief / level) @ move
        return total + belief.sum(1).log()


train, test = nights(600), nights(200)
model = HiddenMoods()
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
for step in range(args.steps):
    rows = torch.randint(0, len(train), (24,))
    loss = -model(train[rows]).mean() / LENGTH
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step}: {loss.item():.4f}")

with torch.no_grad():
    nll = -model(test).mean().item() / LENGTH
share = torch.bincount(train.flatten(), minlength=EVENTS) / train.numel()
alone = -share.log()[test].mean().item()
print(f"test nll {nll:.4f} (events one by one {alone:.4f})")
