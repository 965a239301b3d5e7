import os
import torch
from torch import nn
from sklearn.datasets import load_digits

torch.manual_seed(int(os.environ.get("SEED", 0)))
digits = load_digits()
data = torch.tensor(digits.data).float() / 16
target = torch.tensor(digits.target)
train_data, train_target = data[:1300], target[:1300]
valid_data, valid_target = data[1300:], target[1300:]

model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
loss_func = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
train_losses, valid_losses = [], []

for epoch in range(1, 21):
    model.train()
    perm = torch.randperm(1300)
    for start in range(0, 1300, 50):
        rows = perm[start:start + 50]
        optimizer.zero_grad()
        output = model(train_data[rows])
        loss = loss_func(output, train_target[rows])
        loss.backward()
        optimizer.step()
        train_losses.append(loss.item())

    model.eval()
    for start in range(0, 497, 50):
        output = model(valid_data[start:start + 50])
        loss = loss_func(output, valid_target[start:start + 50])
        valid_losses.append(loss.item())
    acc = (model(valid_data).argmax(1) == valid_target).float().mean().item()
    print("epoch: {}, train: {:.4f}, valid: {:.4f}, acc: {:.4f}".format(
        epoch, sum(train_losses[-26:]) / 26, sum(valid_losses[-10:]) / 10, acc))
