import argparse
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset, random_split


def weights_init(m):
    if isinstance(m, nn.Linear):
        nn.init.constant_(m.weight, 0.05)
        nn.init.zeros_(m.bias)


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(64, 48)
        self.hidden2 = nn.Linear(48, 24)
        self.out = nn.Linear(24, 10)

    def forward(self, x):
        x = torch.tanh(self.hidden(x))
        x = torch.tanh(self.hidden2(x))
        return self.out(x)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=12)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    d = load_digits()
    ds = TensorDataset((torch.tensor(d.data).float() - 5) / 6, torch.tensor(d.target))
    train, test = random_split(ds, [1400, 397], torch.Generator().manual_seed(0))
    model = MLP()
    model.apply(weights_init)
    opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for epoch in range(args.epochs):
        for x, y in DataLoader(train, batch_size=40, shuffle=True):
            opt.zero_grad()
            F.cross_entropy(model(x), y).backward()
            opt.step()
    with torch.no_grad():
        x, y = next(iter(DataLoader(test, batch_size=397)))
        print("Test accuracy", (model(x).argmax(1) == y).float().mean().item())


if __name__ == "__main__":
    main()
