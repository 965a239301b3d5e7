import argparse
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=42)
ap.add_argument("--lr", type=float, default=0.05)
ap.add_argument("--epochs", type=int, default=12)
opt = ap.parse_args()
torch.manual_seed(opt.seed)

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)
scaler = StandardScaler().fit(X_train)
X_train = torch.FloatTensor(scaler.transform(X_train))
X_test = torch.FloatTensor(scaler.transform(X_test))
y_train, y_test = torch.LongTensor(y_train), torch.LongTensor(y_test)

model = nn.Sequential(
    nn.Linear(64, 50),
    nn.ReLU(),
    nn.Linear(50, 10),
    nn.Softmax(dim=1),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=opt.lr)
loader = torch.utils.data.DataLoader(
    torch.utils.data.TensorDataset(X_train, y_train), batch_size=32, shuffle=True
)

for epoch in range(opt.epochs):
    for xb, yb in loader:
        y_pred = model(xb)
        loss = criterion(y_pred, yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"Epoch {epoch:2d} loss {loss.item():.4f}")

with torch.no_grad():
    acc = (model(X_test).argmax(1) == y_test).float().mean().item()
print(f"Test accuracy = {acc:.4f}")
