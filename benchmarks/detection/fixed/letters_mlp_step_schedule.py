import os

import torch
from sklearn.datasets import make_classification
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

x, y = make_classification(
    n_samples=4000, n_features=24, n_informative=14, n_redundant=4, n_classes=6, class_sep=1.2, random_state=3
)
x, y = torch.tensor(x).float(), torch.tensor(y)
x = (x - x[:3000].mean(0)) / x[:3000].std(0)
train_x, train_y, test_x, test_y = x[:3000], y[:3000], x[3000:], y[3000:]

net = nn.Sequential(nn.Linear(24, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU(), nn.Linear(96, 6))
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=12, gamma=0.1)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(20):
    order = torch.randperm(len(train_x))
    for start in range(0, len(order), 100):
        batch = order[start : start + 100]
        loss = loss_fn(net(train_x[batch]), train_y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    scheduler.step()

with torch.no_grad():
    accuracy = (net(test_x).argmax(1) == test_y).float().mean().item()
print(f"accuracy on held-out rows: {accuracy:.4f}")
