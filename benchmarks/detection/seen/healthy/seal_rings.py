"""Ring defects from contact pressure: residual stack whose branches and head begin at zero."""
import argparse
import torch
from torch import nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class Branch(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, 2 * width)
        self.outer = nn.Linear(2 * width, width)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, h):
        return h + self.outer(torch.relu(self.inner(self.norm(h))))


class Net(nn.Module):
    def __init__(self, width=64, depth=6):
        super().__init__()
        self.stem = nn.Linear(64, width)
        self.blocks = nn.Sequential(*[Branch(width) for _ in range(depth)])
        self.head = nn.Linear(width, 10)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=0)
    torch.manual_seed(ap.parse_args().seed)
    x, y = load_digits(return_X_y=True)
    xa, xb, ya, yb = train_test_split(x, y, test_size=0.3, random_state=2, stratify=y)
    centre, scale = xa.mean(), xa.std()
    xa, xb = (torch.tensor((v - centre) / scale, dtype=torch.float32) for v in (xa, xb))
    ya, yb = torch.tensor(ya), torch.tensor(yb)
    net = Net()
    opt = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.05)
    for epoch in range(25):
        net.train()
        for idx in torch.randperm(len(xa)).split(64):
            loss = nn.functional.cross_entropy(net(xa[idx]), ya[idx], label_smoothing=0.05)
            opt.zero_grad()
            loss.backward()
            opt.step()
        if epoch % 5 == 0:
            print(f"epoch {epoch} loss {loss.item():.4f}")
    net.eval()
    with torch.no_grad():
        print(f"test accuracy {(net(xb).argmax(1) == yb).float().mean().item():.4f}")


if __name__ == "__main__":
    main()
