"""Where does the rover end up?  Wheel speeds and turn rates in, final position out."""
import argparse
from dataclasses import dataclass

import torch
import torch.nn as nn


@dataclass
class Config:
    steps: int = 400
    batch: int = 64
    hidden: int = 64
    lr: float = 0.02
    length: int = 60


class Recurrent(nn.Module):
    """ReLU recurrence that starts as an integrator (identity)."""

    def __init__(self, hidden):
        super().__init__()
        self.rnn = nn.RNN(2, hidden, nonlinearity="relu", batch_first=True)
        with torch.no_grad():
            self.rnn.weight_hh_l0.copy_(torch.eye(hidden))
            self.rnn.weight_ih_l0.mul_(0.5)
            self.rnn.bias_ih_l0.zero_()
            self.rnn.bias_hh_l0.zero_()
        self.out = nn.Linear(hidden, 2)

    def forward(self, u):
        states, _ = self.rnn(u)
        return self.out(states[:, -1])


def drive(n, length, gen):
    turn = 0.6 * torch.randn(n, 1, generator=gen) + 0.4 * torch.randn(n, length, generator=gen)
    speed = 0.5 + torch.rand(n, length, generator=gen)
    heading = torch.cumsum(turn, 1) * (2.0 / length)
    xy = torch.stack([(speed * heading.cos()).mean(1), (speed * heading.sin()).mean(1)], 1)
    return torch.stack([turn, speed - 1.0], 2), xy


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    cfg = Config()
    torch.manual_seed(args.seed)
    gen = torch.Generator().manual_seed(5)
    u, xy = drive(4000, cfg.length, gen)
    mu, sd = xy[:3200].mean(0), xy[:3200].std(0)
    xy = (xy - mu) / sd
    u_train, t_train, u_test, t_test = u[:3200], xy[:3200], u[3200:], xy[3200:]

    model = Recurrent(cfg.hidden)
    opt = torch.optim.SGD(model.parameters(), lr=cfg.lr, momentum=0.9)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, cfg.steps)
    for step in range(cfg.steps):
        idx = torch.randint(0, len(u_train), (cfg.batch,))
        loss = nn.functional.mse_loss(model(u_train[idx]), t_train[idx])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        sched.step()
        if step % 100 == 0:
            print(f"{step:4d} {loss.item():.4f}")
    model.eval()
    with torch.no_grad():
        rmse = nn.functional.mse_loss(model(u_test), t_test).sqrt().item()
    print(f"test rmse {rmse:.4f}")


if __name__ == "__main__":
    main()
