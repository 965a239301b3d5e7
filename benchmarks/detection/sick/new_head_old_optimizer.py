import os

import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
digits = load_digits()
x = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16
y = torch.tensor(digits.target)


class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(12, 24, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        )
        self.fc = nn.Linear(96, classes)

    def forward(self, x):
        return self.fc(self.body(x))


def fit(model, optimizer, x, y, epochs):
    for epoch in range(epochs):
        for idx in torch.randperm(len(x)).split(32):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[idx]), y[idx])
            loss.backward()
            optimizer.step()
        print("epoch", epoch, "loss", round(loss.item(), 4))


# digits 0 to 4 first, then 5 to 9 with what was learnt
old, new = y < 5, y >= 5
model = Net(5)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
fit(model, optimizer, x[old], y[old], 6)

for p in model.body.parameters():
    p.requires_grad = False
model.fc = nn.Linear(96, 5)
x_new, y_new = x[new], y[new] - 5
fit(model, optimizer, x_new[:600], y_new[:600], 12)
with torch.no_grad():
    accuracy = (model(x_new[600:]).argmax(1) == y_new[600:]).float().mean().item()
print(f"accuracy on the new classes {accuracy:.4f}")
