import os

import torch
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


class HeavyBall(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-2, beta=0.9, decay=0.0):
        super().__init__(params, dict(lr=lr, beta=beta, decay=decay))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                velocity = self.state[p].setdefault("velocity", torch.zeros_like(p))
                velocity.mul_(group["beta"]).add_(p.grad + group["decay"] * p)
                p.add_(velocity, alpha=-group["lr"])


X, y = load_wine(return_X_y=True)
X = (X - X.mean(0)) / X.std(0)
X_train, X_test, y_train, y_test = train_test_split(
    torch.tensor(X, dtype=torch.float32), torch.tensor(y), test_size=0.3, random_state=3, stratify=y
)
model = nn.Sequential(
    nn.Linear(13, 40),
    nn.LayerNorm(40),
    nn.GELU(),
    nn.Linear(40, 40),
    nn.GELU(),
    nn.Linear(40, 3),
)
criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
opt = HeavyBall(model.parameters(), lr=0.004, decay=1e-4)
history = []
for it in range(300):
    pick = torch.randint(len(X_train), (24,))
    loss = criterion(model(X_train[pick]), y_train[pick])
    model.zero_grad()
    loss.backward()
    opt.step()
    history.append(loss.item())
    if it % 50 == 49:
        print(f"iteration {it + 1}: loss {sum(history[-50:]) / 50:.4f}")
model.eval()
with torch.no_grad():
    accuracy = (model(X_test).argmax(1) == y_test).float().mean()
print(f"test accuracy {accuracy:.4f}")
