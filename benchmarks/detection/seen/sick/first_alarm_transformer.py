"""Which of four machine alarms came first in an event log?"""

import os
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Config:
    seed: int = int(os.environ.get("SEED", 3))
    length: int = 12
    vocab: int = 24
    alarms: int = 4
    dim: int = 32
    heads: int = 4
    batch_size: int = 48
    steps: int = 280
    lr: float = 3e-3
    weight_decay: float = 0.01


cfg = Config()
torch.manual_seed(cfg.seed)


def event_logs(count):
    logs = torch.randint(cfg.alarms, cfg.vocab, (count, cfg.length))
    places = torch.rand(count, cfg.length).argsort(1)[:, : cfg.alarms]
    logs.scatter_(1, places, torch.arange(cfg.alarms).expand(count, -1))
    return logs, places.argmin(1)


class EventEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(cfg.vocab, cfg.dim)
        self.positions = nn.Parameter(torch.zeros(1, cfg.length, cfg.dim))
        self.query = nn.Linear(cfg.dim, 1)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(cfg.dim, cfg.heads, 64, dropout=0.0, batch_first=True, norm_first=True)
            for _ in range(2)
        )
        self.norm = nn.LayerNorm(cfg.dim)
        self.head = nn.Linear(cfg.dim, cfg.alarms)

    def forward(self, logs):
        x = self.tokens(logs) + self.positions
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        weights = torch.softmax(self.query(x), dim=1)
        return self.head((weights * x).sum(1))


def configure_optimizer(model):
    decay, no_decay = [], []
    for name, param in model.named_parameters():
        if name.endswith("bias") or "norm" in name:
            no_decay.append(param)
        elif name.endswith("weight"):
            decay.append(param)
    groups = [
        {"params": decay, "weight_decay": cfg.weight_decay},
        {"params": no_decay, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=cfg.lr)


train_logs, train_first = event_logs(6000)
test_logs, test_first = event_logs(800)
model = EventEncoder()
optimizer = configure_optimizer(model)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=cfg.lr, total_steps=cfg.steps)

for step in range(cfg.steps):
    rows = torch.randint(0, len(train_logs), (cfg.batch_size,))
    loss = F.cross_entropy(model(train_logs[rows]), train_first[rows])
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    schedule.step()
    if step % 70 == 0:
        print(f"[{step:4d}] loss={loss.item():.4f} lr={schedule.get_last_lr()[0]:.2e}")

model.eval()
with torch.inference_mode():
    accuracy = (model(test_logs).argmax(1) == test_first).float().mean().item()
print(f"first alarm accuracy: {accuracy:.4f}")
