"""Learns the noise levels and the damping of a tracker by maximum likelihood: four numbers, no net."""

import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
TRUE_DAMPING, TRUE_PUSH, TRUE_NOISE = 0.9, 0.5, 1.2


def tracks(count, steps=16):
    position, speed = torch.zeros(count), torch.randn(count)
    seen = []
    for _ in range(steps):
        speed = TRUE_DAMPING * speed + TRUE_PUSH * torch.randn(count)
        position = position + speed
        seen.append(position + TRUE_NOISE * torch.randn(count))
    return torch.stack(seen, dim=1)


class Tracker(nn.Module):
    def __init__(self):
        super().__init__()
        self.damping = nn.Parameter(torch.tensor(0.2))
        self.log_push = nn.Parameter(torch.tensor(0.7))
        self.log_noise = nn.Parameter(torch.tensor(-0.7))
        self.log_start = nn.Parameter(torch.tensor(0.0))

    def forward(self, seen):
        one, zero = torch.ones(()), torch.zeros(())
        move = torch.stack([torch.stack([one, self.damping]), torch.stack([zero, self.damping])])
        push = self.log_push.exp() ** 2 * torch.ones(2, 2)
        look = torch.tensor([1.0, 0.0])
        mean = torch.zeros(len(seen), 2)
        cov = torch.diag(torch.stack([zero, self.log_start.exp() ** 2]))
        score, errors = 0.0, []
        for t in range(seen.shape[1]):
            mean, cov = mean @ move.t(), move @ cov @ move.t() + push
            spread = look @ cov @ look + self.log_noise.exp() ** 2
            miss = seen[:, t] - mean[:, 0]
            score = score - 0.5 * (miss**2 / spread + torch.log(2 * torch.pi * spread))
            gain = cov @ look / spread
            mean = mean + miss[:, None] * gain
            cov = cov - torch.outer(gain, look @ cov)
            errors.append(miss.detach())
        return score.mean() / seen.shape[1], torch.stack(errors, 1)


model = Tracker()
optimizer = torch.optim.Adam(model.parameters(), lr=0.04)
data = tracks(400)
for step in range(200):
    likelihood, _ = model(data[torch.randint(0, 400, (32,))])
    loss = -likelihood
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step} loss {loss.item():.4f} damping {model.damping.item():.3f}")

fresh = tracks(300)
with torch.no_grad():
    likelihood, errors = model(fresh)
naive = (fresh[:, 1:] - fresh[:, :-1]).pow(2).mean().sqrt()
push, noise = model.log_push.exp().item(), model.log_noise.exp().item()
print(f"damping {model.damping.item():.3f} push {push:.3f} noise {noise:.3f}")
print(f"one-step rmse {errors[:, 1:].pow(2).mean().sqrt():.4f} (last position: {naive:.4f})")
