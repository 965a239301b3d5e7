import os
import tempfile

import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset


class EarlyStopping:
    """Stops when validation loss has not improved for `patience` epochs, keeps the best weights on disk."""

    def __init__(self, patience=5, delta=0.0, path="checkpoint.pt"):
        self.patience, self.delta, self.path = patience, delta, path
        self.counter, self.best, self.early_stop = 0, None, False

    def __call__(self, val_loss, model):
        if self.best is None or val_loss < self.best - self.delta:
            self.best = val_loss
            self.counter = 0
            torch.save(model.state_dict(), self.path)
        else:
            self.counter += 1
            print(f"EarlyStopping counter: {self.counter} out of {self.patience}")
            self.early_stop = self.counter >= self.patience


def main():
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    X, y = load_breast_cancer(return_X_y=True)
    X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.2, random_state=9, stratify=y)
    X_tr, X_va, y_tr, y_va = train_test_split(X_tr, y_tr, test_size=0.25, random_state=9, stratify=y_tr)
    sc = StandardScaler().fit(X_tr)
    t = lambda a: torch.tensor(sc.transform(a), dtype=torch.float32)  # noqa: E731
    train_dl = DataLoader(TensorDataset(t(X_tr), torch.tensor(y_tr)), batch_size=32, shuffle=True)
    X_va, y_va, X_te, y_te = t(X_va), torch.tensor(y_va), t(X_te), torch.tensor(y_te)

    model = nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    criterion = nn.CrossEntropyLoss()
    with tempfile.TemporaryDirectory() as tmp:
        stopper = EarlyStopping(patience=6, path=os.path.join(tmp, "checkpoint.pt"))
        for epoch in range(100):
            model.train()
            for xb, yb in train_dl:
                optimizer.zero_grad()
                loss = criterion(model(xb), yb)
                loss.backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                val_loss = criterion(model(X_va), y_va).item()
            print(f"[{epoch}] train {loss.item():.4f} valid {val_loss:.4f}")
            stopper(val_loss, model)
            if stopper.early_stop:
                print("Early stopping")
                break
        model.load_state_dict(torch.load(stopper.path))
    with torch.no_grad():
        acc = (model(X_te).argmax(1) == y_te).float().mean().item()
    print(f"test accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
