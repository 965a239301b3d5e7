"""Small CNN for digits, one learning-rate cycle, log-probability outputs."""
import argparse

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 16, 3, padding=1)
        self.c2 = nn.Conv2d(16, 32, 3, padding=1)
        self.n1, self.n2 = nn.BatchNorm2d(16), nn.BatchNorm2d(32)
        self.fc = nn.Linear(32 * 4, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.n1(self.c1(x))), 2)
        x = F.max_pool2d(F.relu(self.n2(self.c2(x))), 2)
        return F.log_softmax(self.fc(x.flatten(1)), dim=1)


ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=0)
args = ap.parse_args()
data = load_digits()
x = torch.tensor(data.images, dtype=torch.float32).unsqueeze(1) / 16 - 0.3
y = torch.tensor(data.target)
x_tr, x_te, y_tr, y_te = train_test_split(x, y, test_size=0.3, random_state=0)

torch.manual_seed(args.seed)
loader = DataLoader(TensorDataset(x_tr, y_tr), batch_size=64, shuffle=True)
net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
epochs = 14
cycle = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=0.1, total_steps=epochs * len(loader))
for epoch in range(epochs):
    net.train()
    for xb, yb in loader:
        loss = F.cross_entropy(net(xb), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
        cycle.step()
    print(f"epoch {epoch + 1} loss {loss.item():.4f} lr {opt.param_groups[0]['lr']:.4f}")
net.eval()
with torch.no_grad():
    print(f"test accuracy {(net(x_te).argmax(1) == y_te).float().mean().item():.4f}")
