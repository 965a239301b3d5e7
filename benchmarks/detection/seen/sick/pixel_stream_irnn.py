"""Handwritten digits read as a stream of pixels by a recurrent net of rectifiers that starts as an integrator."""
import argparse

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class StreamReader(nn.Module):
    def __init__(self, step_size, hidden, classes):
        super().__init__()
        self.rnn = nn.RNN(step_size, hidden, nonlinearity="relu", batch_first=True)
        nn.init.eye_(self.rnn.weight_hh_l0)
        nn.init.normal_(self.rnn.weight_ih_l0, std=0.3)
        nn.init.zeros_(self.rnn.bias_hh_l0)
        nn.init.zeros_(self.rnn.bias_ih_l0)
        self.readout = nn.Linear(hidden, classes)

    def forward(self, x):
        _, last = self.rnn(x)
        return self.readout(last.squeeze(0))


def loaders(seed, step_size):
    data = load_digits()
    streams = (data.data / 16.0).reshape(len(data.data), -1, step_size)
    x, xt, y, yt = train_test_split(streams, data.target, test_size=0.3, random_state=seed, stratify=data.target)
    train = TensorDataset(torch.tensor(x, dtype=torch.float32), torch.tensor(y))
    test = TensorDataset(torch.tensor(xt, dtype=torch.float32), torch.tensor(yt))
    return DataLoader(train, batch_size=50, shuffle=True), DataLoader(test, batch_size=300)


def accuracy(model, loader):
    model.eval()
    right = total = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
            total += len(y)
    model.train()
    return right / total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=16)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    train_loader, test_loader = loaders(args.seed, step_size=4)

    model = StreamReader(4, 48, 10)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(args.epochs):
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: loss {loss.item():.3f} test {accuracy(model, test_loader):.3f}")
    print(f"test accuracy {accuracy(model, test_loader):.4f}")


if __name__ == "__main__":
    main()
