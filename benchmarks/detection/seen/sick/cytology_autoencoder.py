import os

import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
X = load_breast_cancer().data
X_train, X_test = train_test_split(X, test_size=0.2, random_state=seed)
scaler = StandardScaler().fit(X_train)
X_train = torch.tensor(scaler.transform(X_train), dtype=torch.float32)
X_test = torch.tensor(scaler.transform(X_test), dtype=torch.float32)


class AutoEncoder(nn.Module):
    def __init__(self, n_features=30, code=6):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(n_features, 20), nn.ELU(), nn.Linear(20, code))
        self.decoder = nn.Sequential(nn.Linear(code, 20), nn.ELU(), nn.Linear(20, n_features), nn.Sigmoid())

    def forward(self, x):
        return self.decoder(self.encoder(x))


model = AutoEncoder()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
loader = DataLoader(X_train, batch_size=35, shuffle=True, drop_last=True)

for epoch in range(1, 41):
    model.train()
    for x in loader:
        loss = criterion(model(x), x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 10 == 0:
        print(f"epoch {epoch:3d}, reconstruction loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    print(f"held-out reconstruction error: {criterion(model(X_test), X_test).item():.4f}")
