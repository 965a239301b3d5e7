import argparse
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        sizes = [64, 64, 64, 64, 64, 10]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        for layer in self.layers:
            torch.nn.init.normal_(layer.weight, 0.0, 0.6)
            torch.nn.init.zeros_(layer.bias)

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        return self.layers[-1](x)


def run(seed, epochs):
    torch.manual_seed(seed)
    digits = load_digits()
    x = torch.from_numpy(digits.data).float()
    x = (x - x.mean()) / x.std()
    y = torch.from_numpy(digits.target)
    perm = torch.randperm(len(x), generator=torch.Generator().manual_seed(8))
    x, y = x[perm], y[perm]
    train = DataLoader(TensorDataset(x[:1400], y[:1400]), batch_size=35, shuffle=True)

    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    for epoch in range(epochs):
        for xb, yb in train:
            optimizer.zero_grad()
            loss = F.cross_entropy(net(xb), yb)
            loss.backward()
            optimizer.step()
        print("epoch", epoch, "loss", loss.item())
    return (net(x[1400:]).argmax(1) == y[1400:]).float().mean().item()


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--epochs", type=int, default=10)
    a = p.parse_args()
    print("test accuracy %.4f" % run(a.seed, a.epochs))
