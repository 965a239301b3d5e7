import os
import numpy as np
import torch
from torch import nn, optim
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import train_test_split

SEED = int(os.getenv("SEED", "7"))
np.random.seed(SEED)
torch.manual_seed(SEED)

data = load_breast_cancer()
x_train, x_val, y_train, y_val = train_test_split(data.data, data.target, test_size=0.2, random_state=1)
sc = StandardScaler().fit(x_train)
x_train, x_val = sc.transform(x_train), sc.transform(x_val)

x_train = torch.from_numpy(x_train).float()
y_train = torch.from_numpy(y_train).float().view(-1, 1)
x_val = torch.from_numpy(x_val).float()
y_val = torch.from_numpy(y_val).float().view(-1, 1)

model = nn.Sequential(
    nn.Linear(30, 16),
    nn.ReLU(),
    nn.Linear(16, 8),
    nn.ReLU(),
    nn.Linear(8, 1),
    nn.Sigmoid(),
)

loss_fn = nn.BCELoss()
opt = optim.Adam(model.parameters(), lr=0.001)
n_epochs = 40
batch_size = 10

for epoch in range(n_epochs):
    perm = torch.randperm(len(x_train))
    for i in range(0, len(x_train), batch_size):
        idx = perm[i:i + batch_size]
        y_pred = model(x_train[idx])
        loss = loss_fn(y_pred, y_train[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 10 == 0:
        print("Finished epoch %d, latest loss %.4f" % (epoch, loss.item()))

with torch.no_grad():
    y_hat = model(x_val)
accuracy = (y_hat.round() == y_val).float().mean()
print(f"Accuracy {accuracy:.4f}")
