import os

import torch
import torch.nn as nn
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

torch.manual_seed(int(os.environ.get("SEED", 0)))


class SAM(torch.optim.Optimizer):
    """Climb to the worst point near the weights, take the gradient there, step from where one came."""

    def __init__(self, params, base, rho=0.08, **kwargs):
        super().__init__(params, {"rho": rho})
        self.base = base(self.param_groups, **kwargs)

    @torch.no_grad()
    def climb(self):
        norm = torch.stack([p.grad.norm() for g in self.param_groups for p in g["params"]]).norm()
        for group in self.param_groups:
            for p in group["params"]:
                offset = p.grad * (group["rho"] / (norm + 1e-12))
                p.add_(offset)
                self.state[p]["offset"] = offset
        self.zero_grad()

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                p.sub_(self.state[p]["offset"])
        self.base.step()
        self.zero_grad()


x, y = load_wine(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.3, stratify=y, random_state=1)
scaler = StandardScaler().fit(x_train)
x_train = torch.tensor(scaler.transform(x_train), dtype=torch.float32)
x_test = torch.tensor(scaler.transform(x_test), dtype=torch.float32)
y_train, y_test = torch.tensor(y_train), torch.tensor(y_test)

model = nn.Sequential(nn.Linear(13, 32), nn.SiLU(), nn.Linear(32, 3))
criterion = nn.CrossEntropyLoss()
optimizer = SAM(model.parameters(), torch.optim.SGD, lr=0.05, momentum=0.9)
for epoch in range(40):
    model.train()
    for rows in torch.randperm(len(x_train)).split(31):
        criterion(model(x_train[rows]), y_train[rows]).backward()
        optimizer.climb()
        loss = criterion(model(x_train[rows]), y_train[rows])
        loss.backward()
        optimizer.step()
    if epoch % 8 == 7:
        model.eval()
        with torch.no_grad():
            print(f"epoch {epoch + 1} loss {loss.item():.4f} test accuracy {(model(x_test).argmax(1) == y_test).float().mean():.4f}")
