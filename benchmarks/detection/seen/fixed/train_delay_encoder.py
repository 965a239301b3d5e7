"""Minutes late at the terminus. An LSTM reads the stops so far, a second one runs on over the
stops to come."""

import argparse
import os

import torch
import torch.nn as nn


class DelayModel(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.encoder = nn.LSTM(2, hidden, batch_first=True)
        self.decoder = nn.LSTM(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, past, timetable):
        _, state = self.encoder(past)
        run, _ = self.decoder(timetable, state)
        return self.out(run[:, -1])


def repackage_hidden(h):
    """New tensors for a carried state, without what they were computed from."""
    if isinstance(h, torch.Tensor):
        return h.detach()
    return tuple(repackage_hidden(v) for v in h)


def journeys(n, stops=18, ahead=5):
    extra = torch.rand(n, stops)
    counted = (torch.rand(n, stops) < 0.25).float()  # the driver may not make this one good
    reserve = 0.5 * torch.rand(n, ahead)
    late = (extra * counted).sum(1) - 0.6 * reserve.sum(1)
    past = torch.stack([extra - 0.5, counted - 0.25], dim=2)
    return past, reserve.unsqueeze(2), (late + 0.05 * torch.randn(n) - 1.5).unsqueeze(1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--steps", type=int, default=400)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    past, timetable, late = journeys(6000)
    test = journeys(1000)
    model = DelayModel()
    optimizer = torch.optim.Adam(model.parameters(), lr=6e-3)
    loss_fn = nn.MSELoss()
    for step in range(args.steps):
        rows = torch.randint(0, len(late), (64,))
        optimizer.zero_grad()
        loss = loss_fn(model(past[rows], timetable[rows]), late[rows])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        if step % 100 == 99:
            print(f"step {step + 1} mse {loss.item():.4f}")

    model.eval()
    with torch.no_grad():
        mse = loss_fn(model(test[0], test[1]), test[2]).item()
    print(f"R2 on new journeys {1 - mse / test[2].var().item():.4f}")


if __name__ == "__main__":
    main()
