import argparse

import torch
from torch import nn

COMMANDS, NOISE = 4, 6


class Assistant(nn.Module):
    """Hears one command word, then chatter, and has to act on the command."""

    def __init__(self, dim=12, hidden=32):
        super().__init__()
        self.embed = nn.Embedding(COMMANDS + NOISE, dim)
        self.lstm = nn.LSTM(dim, hidden, batch_first=True)
        self.act = nn.Linear(hidden, COMMANDS)

    def forward(self, words):
        out, _ = self.lstm(self.embed(words))
        return self.act(out[:, -1])


def dialogue(n, length):
    command = torch.randint(0, COMMANDS, (n,))
    chatter = torch.randint(COMMANDS, COMMANDS + NOISE, (n, length - 1))
    return torch.cat([command[:, None], chatter], 1), command


def main(args):
    torch.manual_seed(args.seed)
    model = Assistant()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    loss_fn = nn.CrossEntropyLoss()
    average = None
    for step in range(args.steps):
        words, command = dialogue(32, args.length)
        optimizer.zero_grad()
        loss = loss_fn(model(words), command)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        average = loss.item() if average is None else 0.98 * average + 0.02 * loss.item()
        if step % 50 == 49:
            print(f"step {step + 1} smoothed loss {average:.4f}")
    model.eval()
    with torch.no_grad():
        words, command = dialogue(1000, args.length)
        print(f"accuracy {(model(words).argmax(1) == command).float().mean().item():.4f}")


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--length", type=int, default=40)
parser.add_argument("--steps", type=int, default=260)
main(parser.parse_args())
