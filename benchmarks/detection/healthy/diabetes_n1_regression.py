import os

import torch
import torch.nn as nn
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))

X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y.reshape(-1, 1), test_size=0.2, random_state=5)
xs, ys = StandardScaler(), StandardScaler()
X_train, X_test = xs.fit_transform(X_train), xs.transform(X_test)
y_train, y_test = ys.fit_transform(y_train), ys.transform(y_test)

to_t = lambda a: torch.tensor(a, dtype=torch.float32)  # noqa: E731
train_loader = DataLoader(TensorDataset(to_t(X_train), to_t(y_train)), batch_size=32, shuffle=True)


class Regressor(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(n_in, 32), nn.SiLU(), nn.Dropout(0.2), nn.Linear(32, 1))

    def forward(self, x):
        return self.net(x)


model = Regressor(10)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)
criterion = nn.MSELoss()
for epoch in range(60):
    model.train()
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        val = criterion(model(to_t(X_test)), to_t(y_test)).item()
    if epoch % 10 == 9:
        print(f"epoch {epoch + 1}: val mse {val:.4f}")

with torch.no_grad():
    pred = model(to_t(X_test))
    yt = to_t(y_test)
    r2 = 1 - ((pred - yt) ** 2).sum() / ((yt - yt.mean()) ** 2).sum()
print(f"R2: {r2.item():.4f}")
