import os

import torch
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import f1_score
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
X, Y = make_multilabel_classification(n_samples=2000, n_features=30, n_classes=6, n_labels=2, random_state=0)
X = StandardScaler().fit_transform(X)
X, Y = torch.tensor(X, dtype=torch.float32), torch.tensor(Y, dtype=torch.float32)
train_dl = DataLoader(TensorDataset(X[:1600], Y[:1600]), batch_size=32, shuffle=True)

net = nn.Sequential(nn.Linear(30, 64), nn.LeakyReLU(), nn.Dropout(0.25), nn.Linear(64, 6))
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.RMSprop(net.parameters(), lr=1e-3)

for epoch in range(12):
    net.train()
    epoch_loss = 0
    for inputs, targets in train_dl:
        optimizer.zero_grad()
        loss = criterion(net(inputs), targets)
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()
    net.eval()
    with torch.no_grad():
        probs = torch.sigmoid(net(X[1600:]))
    f1 = f1_score(Y[1600:].numpy(), (probs > 0.5).numpy(), average="micro")
    print(f"Epoch {epoch + 1}/12 - loss {epoch_loss / len(train_dl):.4f} - micro F1 {f1:.4f}")
