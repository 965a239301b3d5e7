"""Linear probe first, then unfreeze everything with a smaller rate for the body."""
import os

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
digits = load_digits()
images = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16.0
labels = torch.tensor(digits.target)
perm = torch.randperm(len(labels))
images, labels = images[perm], labels[perm]


class Net(nn.Module):
    def __init__(self, out_features):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(128, 64), nn.ReLU(),
        )
        self.head = nn.Linear(64, out_features)

    def forward(self, x):
        return self.head(self.body(x))


def run_epoch(model, loader, opt):
    total = 0.0
    for x, y in loader:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        total += loss.item()
    return total / len(loader)


# source task: odd/even + big/small
source_y = (labels % 2) * 2 + (labels >= 5).long()
source = DataLoader(TensorDataset(images[:1000], source_y[:1000]), batch_size=50, shuffle=True)
pre = Net(4)
opt = torch.optim.Adam(pre.parameters(), lr=1e-3)
for e in range(8):
    print(f"pretrain {e}: {run_epoch(pre, source, opt):.4f}")

target = DataLoader(TensorDataset(images[1000:1400], labels[1000:1400]), batch_size=20, shuffle=True)
model = Net(10)
model.body.load_state_dict(pre.body.state_dict())

opt = torch.optim.Adam(model.head.parameters(), lr=5e-3)
for e in range(10):
    print(f"head {e}: {run_epoch(model, target, opt):.4f}")

opt = torch.optim.Adam([
    {"params": model.body.parameters(), "lr": 5e-4},
    {"params": model.head.parameters(), "lr": 2e-3},
])
for e in range(10):
    print(f"all {e}: {run_epoch(model, target, opt):.4f}")

with torch.no_grad():
    acc = (model(images[1400:]).argmax(1) == labels[1400:]).float().mean().item()
print(f"accuracy {acc:.4f}")
