import argparse

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class HashNet(nn.Module):
    """Short binary codes for search: tanh while learning, sign when stored."""

    def __init__(self, bits=16, beta=1.0):
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(64, 64), nn.ReLU())
        self.project = nn.Linear(64, bits)
        self.beta = beta
        self.classify = nn.Linear(bits, 10)

    def code(self, x):
        return torch.tanh(self.beta * self.project(self.hidden(x)))

    def forward(self, x):
        code = self.code(x)
        return code, self.classify(code)


def load(seed):
    x, y = load_digits(return_X_y=True)
    x = (x / 16.0 - 0.3) / 0.38
    a, b, c, d = train_test_split(x, y, test_size=0.3, random_state=seed, stratify=y)
    return torch.tensor(a).float(), torch.tensor(b).float(), torch.tensor(c), torch.tensor(d)


def retrieval_precision(net, base, base_labels, queries, labels, k=10):
    stored = net.code(base).sign()
    asked = net.code(queries).sign()
    nearest = (asked @ stored.t()).topk(k, dim=1).indices
    return (base_labels[nearest] == labels[:, None]).float().mean().item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bits", type=int, default=16)
    parser.add_argument("--beta", type=float, default=1.0)
    parser.add_argument("--epochs", type=int, default=15)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    x_train, x_test, y_train, y_test = load(args.seed)
    net = HashNet(args.bits, args.beta)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(args.epochs):
        for idx in torch.randperm(len(x_train)).split(64):
            code, scores = net(x_train[idx])
            quantisation = (code - code.detach().sign()).pow(2).mean()
            loss = criterion(scores, y_train[idx]) + 0.1 * quantisation
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 5 == 4:
            print(f"epoch {epoch + 1}: loss {loss.item():.4f}, quantisation {quantisation.item():.4f}")

    with torch.no_grad():
        precision = retrieval_precision(net, x_train, y_train, x_test, y_test)
    print(f"precision at 10: {precision:.4f}")


if __name__ == "__main__":
    main()
