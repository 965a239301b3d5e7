import argparse

import torch
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def batches(dataset, batch_size, generator):
    """An endless stream of shuffled batches."""
    while True:
        for batch in DataLoader(dataset, batch_size=batch_size, shuffle=True, generator=generator):
            yield batch


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=300)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    x, y = load_breast_cancer(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.3, random_state=1, stratify=y)
    scaler = StandardScaler().fit(x_train)
    train = TensorDataset(torch.tensor(scaler.transform(x_train)).float(), torch.tensor(y_train))
    x_test, y_test = torch.tensor(scaler.transform(x_test)).float(), torch.tensor(y_test)

    model = nn.Sequential(nn.Linear(30, 32), nn.ReLU(), nn.Linear(32, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    stream = batches(train, 16, torch.Generator().manual_seed(args.seed))
    for step in range(args.steps):
        xb, yb = next(stream)
        loss = nn.functional.cross_entropy(model(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 60 == 0:
            print(f"step {step} loss {loss.item():.4f}")
    with torch.no_grad():
        print(f"test log loss {nn.functional.cross_entropy(model(x_test), y_test).item():.4f}")


if __name__ == "__main__":
    main()
