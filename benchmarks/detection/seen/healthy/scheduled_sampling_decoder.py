"""A decoder is fed its own guesses more and more often: the task hardens and the loss creeps up."""

import argparse

import torch
from torch import nn

cli = argparse.ArgumentParser()
cli.add_argument("--seed", type=int, default=0)
torch.manual_seed(cli.parse_args().seed)
KEYS, LENGTH, START = 10, 7, 10
step_of_key = torch.randperm(KEYS)


def melodies(n):
    """Each key follows from the theme's number and the key before; one in twenty-five slips."""
    theme = torch.randint(0, 4, (n,))
    keys = [torch.randint(0, KEYS, (n,))]
    for _ in range(LENGTH - 1):
        following = (step_of_key[keys[-1]] + 2 * theme) % KEYS
        slip = torch.rand(n) < 0.04
        keys.append(torch.where(slip, torch.randint(0, KEYS, (n,)), following))
    return theme, torch.stack(keys, 1)


class Decoder(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.theme = nn.Embedding(4, width)
        self.key = nn.Embedding(KEYS + 1, width)
        self.cell = nn.GRUCell(width, width)
        self.out = nn.Linear(width, KEYS)

    def forward(self, theme, keys, own):
        h, fed, scores = torch.tanh(self.theme(theme)), torch.full_like(theme, START), []
        for t in range(LENGTH):
            h = self.cell(self.key(fed), h)
            scores.append(self.out(h))
            if t == 0:
                fed = keys[:, 0]
            else:
                guess = torch.rand(len(theme)) < own
                fed = torch.where(guess, scores[-1].argmax(1), keys[:, t])
        return torch.stack(scores, 1)


theme_train, keys_train = melodies(2500)
theme_test, keys_test = melodies(600)
model = Decoder()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
total = 450
for step in range(total):
    own = max(0.0, 0.6 * (step - 150) / total)
    rows = torch.randint(0, len(keys_train), (48,))
    scores = model(theme_train[rows], keys_train[rows], own)
    loss = nn.functional.cross_entropy(scores[:, 1:].flatten(0, 1), keys_train[rows][:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()
    if step % 75 == 74:
        print(f"step {step + 1} own guesses {own:.2f} loss {loss.item():.3f}")

with torch.no_grad():
    scores = model(theme_test, keys_test, 0.0)
accuracy = (scores[:, 1:].argmax(-1) == keys_test[:, 1:]).float().mean().item()
print(f"test accuracy {accuracy:.4f} (a key of ten by chance, slips left)")
