import os

import torch
from sklearn.datasets import load_wine
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler
from torch import nn


class CrossValidator:
    def __init__(self, make_model, x, y, folds=5, lr=0.01, epochs=10, batch_size=16):
        self.make_model, self.x, self.y = make_model, x, y
        self.folds, self.lr, self.epochs, self.batch_size = folds, lr, epochs, batch_size
        self.criterion = nn.CrossEntropyLoss()
        self.model = make_model()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=lr)

    def reset(self):
        self.model = self.make_model()

    def fit_fold(self, train):
        self.model.train()
        for _ in range(self.epochs):
            for rows in train[torch.randperm(len(train))].split(self.batch_size):
                loss = self.criterion(self.model(self.x[rows]), self.y[rows])
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
        return loss.item()

    @torch.no_grad()
    def score(self, held_out):
        self.model.eval()
        return (self.model(self.x[held_out]).argmax(1) == self.y[held_out]).float().mean().item()

    def run(self):
        scores = []
        splitter = StratifiedKFold(self.folds, shuffle=True, random_state=0)
        for fold, (train, held_out) in enumerate(splitter.split(self.x, self.y)):
            last = self.fit_fold(torch.from_numpy(train))
            scores.append(self.score(torch.from_numpy(held_out)))
            print(f"fold {fold}: last batch loss {last:.4f}, held-out accuracy {scores[-1]:.4f}")
            self.reset()
        return sum(scores) / len(scores)


torch.manual_seed(int(os.environ.get("SEED", 0)))
data, target = load_wine(return_X_y=True)
features = torch.tensor(StandardScaler().fit_transform(data), dtype=torch.float32)
validator = CrossValidator(
    lambda: nn.Sequential(nn.Linear(13, 32), nn.Mish(), nn.Dropout(0.1), nn.Linear(32, 3)),
    features,
    torch.tensor(target),
)
print(f"mean accuracy {validator.run():.4f}")
