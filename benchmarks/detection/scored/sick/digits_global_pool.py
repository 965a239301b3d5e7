import os

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(int(os.environ.get("SEED", 0)))
bunch = load_digits()
dataset = TensorDataset(torch.tensor(bunch.images[:, None] / 16, dtype=torch.float32), torch.tensor(bunch.target))
train_set, test_set = random_split(dataset, [1400, 397], generator=torch.Generator().manual_seed(11))


def conv(c_in, c_out, stride=1):
    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, stride, 1), nn.BatchNorm2d(c_out), nn.ReLU(inplace=True))


class Compact(nn.Module):
    def __init__(self, widths=(4, 4, 3)):
        super().__init__()
        a, b, c = widths
        self.backbone = nn.Sequential(conv(1, a), conv(a, b, stride=2), conv(b, c))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(c, 10)

    def forward(self, x):
        return self.head(self.pool(self.backbone(x)).flatten(1))


model = Compact()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=1e-4)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(7):
    model.train()
    correct = 0
    for x, y in DataLoader(train_set, batch_size=32, shuffle=True):
        logits = model(x)
        loss = loss_fn(logits, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        correct += (logits.argmax(1) == y).sum().item()
    model.eval()
    with torch.no_grad():
        x, y = next(iter(DataLoader(test_set, batch_size=397)))
        acc = (model(x).argmax(1) == y).float().mean().item()
    print(f"epoch {epoch + 1:2d}  train acc {correct / 1400:.4f}  test acc {acc:.4f}")
print(f"test accuracy {acc:.4f}")
