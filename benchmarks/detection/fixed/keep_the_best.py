import argparse
import copy

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def train_epoch(model, optimizer, x, y, batch_size):
    model.train()
    for idx in torch.randperm(len(x)).split(batch_size):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x[idx]), y[idx])
        loss.backward()
        optimizer.step()
    return loss.item()


def main(args):
    torch.manual_seed(args.seed)
    x, y = load_digits(return_X_y=True)
    x_train, x_valid, y_train, y_valid = train_test_split(x / 16, y, test_size=0.25, random_state=0)
    x_train, x_valid = torch.tensor(x_train).float(), torch.tensor(x_valid).float()
    y_train, y_valid = torch.tensor(y_train), torch.tensor(y_valid)
    model = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr)

    best, kept = 0.0, copy.deepcopy(model.state_dict())
    for epoch in range(args.epochs):
        loss = train_epoch(model, optimizer, x_train, y_train, args.batch_size)
        score = accuracy(model, x_valid, y_valid)
        if score > best:
            best, kept = score, copy.deepcopy(model.state_dict())
        else:
            model.load_state_dict(kept)
        if epoch % 5 == 0:
            print(f"epoch {epoch} loss {loss:.4f} valid {score:.4f}")
    model.load_state_dict(kept)
    print(f"best-kept accuracy {accuracy(model, x_valid, y_valid):.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--batch-size", type=int, default=100)
    main(parser.parse_args())
