import os

import torch
import torch.nn as nn
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))

X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0)
sx = StandardScaler().fit(X_train)
mean, std = y_train.mean(), y_train.std()

train_data = TensorDataset(
    torch.tensor(sx.transform(X_train), dtype=torch.float32),
    torch.tensor((y_train - mean) / std, dtype=torch.float32),
)
test_x = torch.tensor(sx.transform(X_test), dtype=torch.float32)
test_y = (y_test - mean) / std
loader = DataLoader(train_data, batch_size=16, shuffle=True)

model = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 1))
loss_fn = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(40):
    for features, target in loader:
        prediction = model(features)
        loss = loss_fn(prediction, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

with torch.no_grad():
    pred = model(test_x).squeeze(1).numpy()
r2 = 1 - ((pred - test_y) ** 2).sum() / ((test_y - test_y.mean()) ** 2).sum()
print(f"R2 on test: {r2:.4f}")
