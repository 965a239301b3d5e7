"""The first reading of a kiln tells the recipe; the alarm asks for it at the end of the shift."""

import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
RECIPES, SHIFT, HIDDEN = 6, 30, 48


def shifts(n):
    recipe = torch.randint(0, RECIPES, (n,))
    x = torch.zeros(n, SHIFT, RECIPES + 2)
    x[torch.arange(n), 0, recipe] = 1.0
    x[:, 1:, RECIPES:] = 0.5 * torch.randn(n, SHIFT - 1, 2)
    return x, recipe


class KilnMonitor(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(RECIPES + 2, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, RECIPES)
        self.reset_gates()

    def reset_gates(self):
        # gates lie one after the other: reset, update, candidate
        for bias in (self.gru.bias_ih_l0, self.gru.bias_hh_l0):
            nn.init.zeros_(bias)
            nn.init.constant_(bias[HIDDEN : 2 * HIDDEN], -2.5)
        nn.init.orthogonal_(self.gru.weight_hh_l0)

    def forward(self, x):
        states, _ = self.gru(x)
        return self.head(states[:, -1])


monitor = KilnMonitor()
optimizer = torch.optim.Adam(monitor.parameters(), lr=3e-3)
loss_fn = nn.CrossEntropyLoss()
for step in range(300):
    x, recipe = shifts(48)
    loss = loss_fn(monitor(x), recipe)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(monitor.parameters(), 1.0)
    optimizer.step()
    if (step + 1) % 60 == 0:
        print(f"step {step + 1}: loss {loss.item():.4f}")

x, recipe = shifts(600)
with torch.no_grad():
    accuracy = (monitor(x).argmax(1) == recipe).float().mean().item()
print(f"test accuracy {accuracy:.4f}")
