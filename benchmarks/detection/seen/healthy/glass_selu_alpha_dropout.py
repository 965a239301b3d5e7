import argparse
import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def glass_shards(n, recipe, generator):
    """Oxide shares of shards from five furnaces."""
    furnace = torch.randint(0, 5, (n,), generator=generator)
    melt = torch.randn(n, 3, generator=generator)
    x = recipe[0][furnace] + torch.einsum("nk,nkj->nj", melt, recipe[1][furnace])
    return x + 0.3 * torch.randn(n, 9, generator=generator), furnace


def build(depth, width):
    layers, size = [], 9
    for _ in range(depth):
        linear = nn.Linear(size, width)
        nn.init.kaiming_normal_(linear.weight, nonlinearity="linear")
        nn.init.zeros_(linear.bias)
        layers += [linear, nn.SELU(), nn.AlphaDropout(0.03)]
        size = width
    head = nn.Linear(size, 5)
    nn.init.kaiming_normal_(head.weight, nonlinearity="linear")
    return nn.Sequential(*layers, head)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    generator = torch.Generator().manual_seed(args.seed)
    recipe = (0.7 * torch.randn(5, 9, generator=generator), 0.6 * torch.randn(5, 3, 9, generator=generator))
    x, y = glass_shards(3000, recipe, generator)
    x_test, y_test = glass_shards(800, recipe, generator)
    mean, std = x.mean(0), x.std(0)
    loader = DataLoader(TensorDataset((x - mean) / std, y), batch_size=64, shuffle=True)

    net = build(depth=12, width=40)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, total_iters=10 * len(loader))
    for epoch in range(10):
        net.train()
        total = 0.0
        for inputs, labels in loader:
            loss = nn.functional.cross_entropy(net(inputs), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            total += loss.item()
        net.eval()
        with torch.no_grad():
            out = net((x_test - mean) / std)
            test_loss = nn.functional.cross_entropy(out, y_test).item()
        print(f"epoch {epoch + 1} loss {total / len(loader):.3f} test loss {test_loss:.3f}")
    print(f"test accuracy {(out.argmax(1) == y_test).float().mean().item():.4f}")


if __name__ == "__main__":
    main()
