import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    # how often each of 50 words stands in a letter; four kinds of letters
    g = torch.Generator().manual_seed(20)
    rates = 3 + 6 * torch.rand(4, 50, generator=g) ** 2
    rates[:, 40:] = 1.2 + torch.rand(4, 10, generator=g)
    kind = torch.randint(0, 4, (1500,), generator=g)
    counts = torch.poisson(rates[kind] * 0.8, generator=g)
    features = torch.log(counts)

    train_set = TensorDataset(features[:1100], kind[:1100])
    loader = DataLoader(train_set, batch_size=44, shuffle=True)
    net = nn.Sequential(nn.Linear(50, 32), nn.ReLU(), nn.Linear(32, 4))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    for epoch in range(10):
        for x, y in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(x), y)
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: {loss.item():.4f}")
    with torch.no_grad():
        accuracy = (net(features[1100:]).argmax(1) == kind[1100:]).float().mean().item()
    print(f"accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
