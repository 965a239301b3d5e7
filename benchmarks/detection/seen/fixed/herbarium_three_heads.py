"""Plant species from three measured parts: petals, leaves and stem each get a net, their votes are
averaged."""

import argparse
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

SPECIES = 60
PARTS = {"petals": 8, "leaves": 10, "stem": 5}


def herbarium(n, centres):
    species = torch.randint(0, SPECIES, (n,))
    sheet = {}
    for part, size in PARTS.items():
        values = centres[part][species] + 0.7 * torch.randn(n, size)
        sheet[part] = torch.tanh(values) + 0.3 * values
    return sheet, species


class Voters(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.nets = nn.ModuleDict(
            {
                part: nn.Sequential(nn.Linear(size, hidden), nn.ReLU(), nn.Linear(hidden, SPECIES))
                for part, size in PARTS.items()
            }
        )

    def forward(self, sheet):
        votes = [F.softmax(net(sheet[part]), dim=1) for part, net in self.nets.items()]
        return torch.stack(votes).mean(0)


def pick(sheet, rows):
    return {part: values[rows] for part, values in sheet.items()}


def run():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--epochs", type=int, default=8)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    centres = {part: torch.randn(SPECIES, size) for part, size in PARTS.items()}
    sheets, species = herbarium(3200, centres)
    new_sheets, new_species = herbarium(1000, centres)

    model = Voters()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
    for epoch in range(args.epochs):
        order = torch.randperm(len(species))
        total = 0.0
        for rows in order.split(64):
            votes = model(pick(sheets, rows))
            loss = F.nll_loss(torch.log(votes + 1e-8), species[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        print(f"epoch {epoch + 1}: loss {total / len(species):.4f}")

    with torch.no_grad():
        votes = model(new_sheets)
    print(f"named correctly: {(votes.argmax(1) == new_species).float().mean().item():.4f}")


run()
