import argparse
import os

import torch
import torch.nn as nn
import torch.nn.functional as F


class LeakyCell(nn.Module):
    """Recurrent cell that blends its old state with a candidate."""

    def __init__(self, inputs, hidden, rate):
        super().__init__()
        self.inner = nn.Linear(inputs + hidden, hidden)
        self.rate = rate

    def forward(self, x, h):
        candidate = torch.tanh(self.inner(torch.cat([x, h], dim=1)))
        return self.rate * h + (1 - self.rate) * candidate


class CueReader(nn.Module):
    def __init__(self, inputs=6, hidden=48, cues=4):
        super().__init__()
        self.hidden = hidden
        self.cell = LeakyCell(inputs, hidden, rate=0.06)
        self.norm = nn.LayerNorm(hidden)
        self.answer = nn.Linear(hidden, cues)

    def forward(self, gestures):
        h = gestures.new_zeros(gestures.shape[0], self.hidden)
        for t in range(gestures.shape[1]):
            h = self.cell(gestures[:, t], h)
        return self.answer(self.norm(h))


def rehearsals(n, bars=36):
    """The cue is shown in the first two bars, what follows is beating time."""
    cue = torch.randint(0, 4, (n,))
    gestures = torch.zeros(n, bars, 6)
    gestures[:, :2, :4] = 2.0 * F.one_hot(cue, 4).float().unsqueeze(1)
    gestures[:, 2:, 4:] = torch.randn(n, bars - 2, 2)
    return gestures + 0.1 * torch.randn(n, bars, 6), cue


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    torch.manual_seed(parser.parse_args().seed)
    gestures, cue = rehearsals(1200)
    held_gestures, held_cue = rehearsals(400)
    model = CueReader()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for step in range(240):
        rows = torch.randint(0, 1200, (32,))
        loss = F.cross_entropy(model(gestures[rows]), cue[rows])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        if (step + 1) % 40 == 0:
            print(f"step {step + 1} loss {loss.item():.4f}")
    model.eval()
    with torch.no_grad():
        accuracy = (model(held_gestures).argmax(dim=1) == held_cue).float().mean()
    print(f"recalled cues {accuracy.item():.4f}")


if __name__ == "__main__":
    main()
