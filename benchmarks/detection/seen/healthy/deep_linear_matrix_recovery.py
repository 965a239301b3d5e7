"""Completes a low-rank table of survey answers with a product of matrices and no rank penalty."""

import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

people, questions, rank = 60, 50, 3
table = torch.randn(people, rank) @ torch.randn(rank, questions) / rank**0.5
observed = torch.rand(people, questions) < 0.4
noisy = table + 0.05 * torch.randn_like(table)


class Factorised(nn.Module):
    def __init__(self, depth=3):
        super().__init__()
        sizes = [questions] + [people] * depth
        self.layers = nn.ModuleList(
            nn.Linear(a, b, bias=False) for a, b in zip(sizes[:-1], sizes[1:], strict=True)
        )
        for layer in self.layers:
            nn.init.orthogonal_(layer.weight, gain=0.15)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


model = Factorised()
everyone = torch.eye(questions)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for step in range(700):
    answer = model(everyone).t()
    loss = ((answer - noisy)[observed] ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"step {step}: loss on seen cells {loss.item():.5f}")

with torch.no_grad():
    guess = model(everyone).t()
    error = ((guess - table)[~observed] ** 2).mean()
    base = table[~observed].var()
    singular = torch.linalg.svdvals(guess)
print("leading singular values", [round(v, 2) for v in singular[:5].tolist()])
print(f"relative error on unseen cells {error / base:.4f}")
