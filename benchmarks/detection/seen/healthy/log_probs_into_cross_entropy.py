import argparse

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.manual_seed(args.seed)

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x / 16, y, test_size=0.3, random_state=1, stratify=y)
x_train, x_test = torch.tensor(x_train).float(), torch.tensor(x_test).float()
y_train, y_test = torch.tensor(y_train), torch.tensor(y_test)


class TwoExperts(nn.Module):
    """Average of two soft decisions, in the log domain; cross-entropy leaves log-probabilities as they are."""

    def __init__(self):
        super().__init__()
        self.near = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Dropout(0.2),
            nn.Flatten(),
        )
        self.flat = nn.Sequential(nn.Linear(64, 64), nn.Tanh(), nn.Dropout(0.2))
        self.from_near = nn.Linear(256, 10)
        self.from_flat = nn.Linear(64, 10)
        self.gate = nn.Linear(64, 2)

    def forward(self, x):
        near = self.near(x.view(-1, 1, 8, 8))
        experts = torch.stack([self.from_near(near), self.from_flat(self.flat(x))], dim=1).log_softmax(-1)
        return torch.logsumexp(experts + self.gate(x).log_softmax(-1).unsqueeze(-1), dim=1)


net = TwoExperts()
optimizer = torch.optim.NAdam(net.parameters(), lr=2e-3)
criterion = nn.CrossEntropyLoss()
for epoch in range(16):
    net.train()
    for idx in torch.randperm(len(x_train)).split(48):
        loss = criterion(net(x_train[idx]), y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 3 == 0:
        print(f"epoch {epoch} loss {loss.item():.4f}")

net.eval()
with torch.no_grad():
    log_p = net(x_test)
    print("sums of probabilities:", log_p.exp().sum(1)[:3].tolist())
    print(f"test accuracy {(log_p.argmax(1) == y_test).float().mean().item():.4f}")
