import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", "0")))


def traces(n, length=60):
    """Noise, an earthquake with two arrivals, or a blast with one."""
    kind = torch.randint(0, 3, (n,))
    t = torch.arange(length).float()
    first = torch.randint(8, 25, (n, 1)).float()
    second = first + torch.randint(12, 22, (n, 1)).float()
    carrier = torch.sin(1.9 * t + torch.rand(n, 1) * 6.28)

    def burst(at):
        return torch.where(t >= at, torch.exp(-(t - at).clamp(min=0) / 6), torch.zeros(())) * carrier

    x = torch.randn(n, length) * 0.35
    x += (kind > 0).float()[:, None] * burst(first)
    x += (kind == 1).float()[:, None] * 1.6 * burst(second)
    return x.view(n, length // 4, 4), kind


class Picker(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(4, 24)
        self.gru = nn.GRU(24, 32, batch_first=True)
        self.norm = nn.LayerNorm(32)
        self.head = nn.Linear(32, 3)

    def forward(self, x):
        h, _ = self.gru(torch.relu(self.embed(x)))
        return self.head(self.norm(h.mean(dim=1)))


def configure_optimizer(model, lr, weight_decay):
    decay = [p for p in model.parameters() if p.dim() >= 2]
    no_decay = [p for p in model.parameters() if p.dim() < 2]
    groups = [
        {"params": decay, "weight_decay": weight_decay},
        {"params": no_decay, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.95))


x, y = traces(2000)
x_test, y_test = traces(600)
model = Picker()
optimizer = configure_optimizer(model, lr=2e-3, weight_decay=50.0)

for step in range(1, 451):
    i = torch.randint(0, len(x), (40,))
    loss = nn.functional.cross_entropy(model(x[i]), y[i])
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step % 75 == 0:
        model.eval()
        with torch.no_grad():
            acc = (model(x_test).argmax(1) == y_test).float().mean().item()
        model.train()
        print(f"step {step}: loss {loss.item():.3f}, held out {acc:.3f}")

print(f"held-out accuracy {acc:.4f}")
