import os
import torch
from torch import nn, optim
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(int(os.environ.get("SEED", 0)))
X, y = load_digits(return_X_y=True)
Xtr, Xte, ytr, yte = train_test_split(X / 16, y, random_state=0)
Xtr, Xte = torch.tensor(Xtr).float(), torch.tensor(Xte).float()
ytr, yte = torch.tensor(ytr), torch.tensor(yte)

LEARNING_RATE = 0.1
model = nn.Sequential(nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 10))
optimizer = optim.SGD(model.parameters(), lr=LEARNING_RATE)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(15):
    for batch in torch.randperm(len(Xtr)).split(32):
        optimizer.zero_grad()
        loss = loss_fn(model(Xtr[batch]), ytr[batch])
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", loss.item())

print("test accuracy", (model(Xte).argmax(1) == yte).float().mean().item())
