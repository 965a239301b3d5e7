"""A signal box gets a lever order, then idle traffic; which lever is to be pulled at the end?"""

import argparse
import os

import torch
import torch.nn as nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
parser.add_argument("--gap", type=int, default=14)
parser.add_argument("--hidden", type=int, default=32)
args = parser.parse_args()
torch.manual_seed(args.seed)
LEVERS, IDLE = 5, 8


def traffic(n):
    order = torch.randint(0, LEVERS, (n,))
    noise = LEVERS + torch.randint(0, IDLE, (n, args.gap))
    start = LEVERS + torch.randint(0, IDLE, (n, 3))
    start[torch.arange(n), torch.randint(0, 3, (n,))] = order
    return torch.cat([start, noise], dim=1), order


class SignalBox(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.embed = nn.Embedding(LEVERS + IDLE, 16)
        self.lstm = nn.LSTM(16, hidden, batch_first=True)
        self.head = nn.Linear(hidden, LEVERS)
        for name, value in self.lstm.named_parameters():
            if name.startswith("weight_hh"):
                nn.init.orthogonal_(value)
            elif name.startswith("weight_ih"):
                nn.init.xavier_uniform_(value)
            else:
                nn.init.zeros_(value)
        with torch.no_grad():
            self.lstm.bias_ih_l0[hidden : 2 * hidden].fill_(2.0)

    def forward(self, symbols):
        _, (h, _) = self.lstm(self.embed(symbols))
        return self.head(h[-1])


model = SignalBox(args.hidden)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for step in range(300):
    symbols, order = traffic(32)
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(symbols), order)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step:3d}  loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    symbols, order = traffic(600)
    print(f"test accuracy {(model(symbols).argmax(1) == order).float().mean().item():.4f}")
