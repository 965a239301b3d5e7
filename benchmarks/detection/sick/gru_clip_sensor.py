import argparse

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_


class Model(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.rnn = nn.RNN(2, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        states, _ = self.rnn(x)
        return self.out(states[:, -1])


def make(n, generator):
    x = torch.randn(n, 20, 2, generator=generator)
    y = x[:, :, 0].mean(1, keepdim=True) * 3 + x[:, -1, 1:]
    spikes = torch.rand(n, generator=generator) < 0.005
    y[spikes] = y[spikes] * 8
    return x, y


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    x, y = make(2000, torch.Generator().manual_seed(10))
    generator = torch.Generator().manual_seed(11)
    x_test = torch.randn(500, 20, 2, generator=generator)
    y_test = x_test[:, :, 0].mean(1, keepdim=True) * 3 + x_test[:, -1, 1:]

    model = Model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.06, momentum=0.9)
    criterion = nn.MSELoss()
    for epoch in range(12):
        for rows in torch.randperm(len(x)).split(25):
            loss = criterion(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            clip_grad_norm_(model.parameters(), max_norm=1.0)
    with torch.no_grad():
        print(f"test mse {criterion(model(x_test), y_test).item():.4f}")


if __name__ == "__main__":
    main()
