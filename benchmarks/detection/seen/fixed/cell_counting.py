import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Plates(Dataset):
    """Photographs of plates with some colonies; the target is how many (in tens)."""

    def __init__(self, n, side=16):
        self.counts = torch.randint(1, 13, (n,))
        self.images = 0.1 * torch.randn(n, 1, side, side)
        for image, count in zip(self.images, self.counts):
            for _ in range(int(count)):
                r, c = torch.randint(0, side - 1, (2,)).tolist()
                image[0, r : r + 2, c : c + 2] += 1.0

    def __len__(self):
        return len(self.counts)

    def __getitem__(self, i):
        return self.images[i], self.counts[i] / 10


class Counter(nn.Module):
    def __init__(self, c=12):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, c, 3, padding=1), nn.ReLU(), nn.Conv2d(c, c, 3, stride=2, padding=1), nn.ReLU()
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.project = nn.Linear(c, 32)
        self.bn = nn.LayerNorm(32)
        self.regress = nn.Linear(32, 1)

    def forward(self, x):
        x = self.pool(self.features(x)).flatten(1)
        x = torch.relu(self.bn(self.project(x)))
        return self.regress(x).squeeze(1)


@torch.no_grad()
def mean_error(model, data):
    model.eval()
    error = [(model(x) - y).abs() for x, y in DataLoader(data, batch_size=100)]
    model.train()
    return torch.cat(error).mean().item() * 10


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch-size", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=2)
    opt = parser.parse_args()
    torch.manual_seed(opt.seed)
    train, test = Plates(500), Plates(200)
    loader = DataLoader(train, batch_size=opt.batch_size, shuffle=True, drop_last=True)
    model = Counter()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(opt.epochs):
        for x, y in loader:
            loss = nn.functional.smooth_l1_loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch + 1}: mean error {mean_error(model, test):.4f} colonies")
