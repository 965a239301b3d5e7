import os
import torch
import torch.nn as nn
import torch.optim as optim
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

torch.manual_seed(int(os.environ.get("SEED", 0)))
X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)
X_train = torch.tensor(X_train, dtype=torch.float32)
X_test = torch.tensor(X_test, dtype=torch.float32)
y_train, y_test = torch.tensor(y_train), torch.tensor(y_test)

net = nn.Sequential(nn.Linear(13, 24), nn.Tanh(), nn.Linear(24, 3))
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(net.parameters(), lr=0.01, momentum=0.9)

for epoch in range(60):
    perm = torch.randperm(len(X_train))
    for i in range(0, len(X_train), 16):
        idx = perm[i:i + 16]
        optimizer.zero_grad()
        loss = criterion(net(X_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
    if epoch % 20 == 0:
        print(epoch, loss.item())

with torch.no_grad():
    print("accuracy:", (net(X_test).argmax(1) == y_test).float().mean().item())
