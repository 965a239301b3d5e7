"""Five weather stations train copies of one model on their own records; only weights travel."""

import argparse
import copy

import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--rounds", type=int, default=14)
args = parser.parse_args()
torch.manual_seed(args.seed)

KINDS = 5
centre = 0.8 * torch.randn(KINDS, 12)


def records(kinds):
    return centre[kinds] + torch.randn(len(kinds), 12), kinds


def station(favourite, n=300):
    """Two thirds of a station's days are of the weather it is known for."""
    usual = torch.rand(n) < 0.65
    return records(torch.where(usual, torch.full((n,), favourite), torch.randint(0, KINDS, (n,))))


stations = [station(k) for k in range(KINDS)]
check_x, check_y = records(torch.randint(0, KINDS, (800,)))
shared = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, KINDS))


def train_locally(x, y):
    local = copy.deepcopy(shared)
    optimizer = torch.optim.SGD(local.parameters(), lr=0.1)
    for rows in torch.randperm(len(y)).split(30):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(local(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
    return local.state_dict(), loss.item()


for turn in range(args.rounds):
    updates, losses = zip(*[train_locally(x, y) for x, y in stations], strict=True)
    shared.load_state_dict({key: torch.stack([u[key] for u in updates]).mean(0) for key in updates[0]})
    with torch.no_grad():
        accuracy = (shared(check_x).argmax(1) == check_y).float().mean().item()
    print(
        f"round {turn + 1:2d} local losses {' '.join(f'{v:.2f}' for v in losses)} shared accuracy {accuracy:.3f}"
    )
