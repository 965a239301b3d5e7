"""Few samples, many noisy columns: a wide net held back by dropout."""
import os

import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split

SEED = int(os.environ.get("SEED", 0))
X, y = make_classification(
    n_samples=1100, n_features=100, n_informative=12, n_redundant=0, class_sep=1.6, flip_y=0.12, random_state=4
)
X = (X - X.mean(0)) / X.std(0)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=300, random_state=4)
X_train, X_test = (torch.tensor(a, dtype=torch.float32) for a in (X_train, X_test))
y_train, y_test = (torch.tensor(a, dtype=torch.float32) for a in (y_train, y_test))


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.drop_in = nn.Dropout(0.3)
        self.fc1 = nn.Linear(100, 128)
        self.drop = nn.Dropout(0.5)
        self.fc2 = nn.Linear(128, 1)

    def forward(self, x):
        x = torch.relu(self.fc1(self.drop_in(x)))
        return self.fc2(self.drop(x)).squeeze(1)


class Trainer:
    def __init__(self, model, lr):
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.criterion = nn.BCEWithLogitsLoss()

    def accuracy(self, X, y):
        self.model.eval()
        with torch.no_grad():
            return ((self.model(X) > 0).float() == y).float().mean().item()

    def loss(self, X, y):
        self.model.eval()
        with torch.no_grad():
            return self.criterion(self.model(X), y).item()

    def fit(self, X, y, epochs, batch_size=30):
        for epoch in range(epochs):
            order = torch.randperm(len(X))
            for start in range(0, len(X), batch_size):
                idx = order[start : start + batch_size]
                self.optimizer.zero_grad()
                self.criterion(self.model(X[idx]), y[idx]).backward()
                self.optimizer.step()
            if epoch % 5 == 0:
                print(f"epoch {epoch}: train accuracy {self.accuracy(X, y):.3f}")


torch.manual_seed(SEED)
trainer = Trainer(Classifier(), lr=0.003)
trainer.fit(X_train, y_train, epochs=40)
print(f"test accuracy {trainer.accuracy(X_test, y_test):.4f}")
print(f"test loss {trainer.loss(X_test, y_test):.4f}")
