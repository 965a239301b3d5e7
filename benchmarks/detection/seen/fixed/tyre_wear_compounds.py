"""Tells tyre compounds apart by their wear; a plain net with a penalty on its weights."""

import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)
CENTRES = torch.randn(5, 18, generator=torch.Generator().manual_seed(3)) * 0.5


def tyres(n):
    compound = torch.randint(0, 5, (n,))
    return CENTRES[compound] + torch.randn(n, 18), compound


class Trainer:
    def __init__(self, model, lr=3e-3, penalty=4e-3):
        self.model = model
        self.penalty = penalty
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.log = []

    def size_of_weights(self):
        return sum(p.pow(2).sum() for p in self.model.parameters() if p.dim() > 1)

    def fit(self, loader, epochs):
        self.model.train()
        for epoch in range(epochs):
            for x, y in loader:
                loss = self.criterion(self.model(x), y) + self.penalty * self.size_of_weights()
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                self.log.append(loss.item())
            print(f"epoch {epoch} loss {sum(self.log[-len(loader) :]) / len(loader):.4f}")

    @torch.no_grad()
    def score(self, x, y):
        self.model.eval()
        logits = self.model(x)
        return self.criterion(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


net = nn.Sequential(nn.Linear(18, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 5))
trainer = Trainer(net)
trainer.fit(DataLoader(TensorDataset(*tyres(3000)), batch_size=64, shuffle=True), epochs=10)
nll, accuracy = trainer.score(*tyres(1000))
print(f"test log loss {nll:.4f} accuracy {accuracy:.3f}")
