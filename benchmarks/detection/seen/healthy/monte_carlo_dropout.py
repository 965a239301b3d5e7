"""Error bars by dropout: at prediction time the dropout layers are switched on again and fifty draws averaged."""
import os

import torch
from sklearn.datasets import make_friedman1
from torch import nn

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
x, y = make_friedman1(1400, n_features=10, noise=0.5, random_state=seed)
x = torch.tensor(2 * x - 1, dtype=torch.float32)
y = torch.tensor((y - y[:1000].mean()) / y[:1000].std(), dtype=torch.float32)
x_train, y_train, x_test, y_test = x[:1000], y[:1000], x[1000:], y[1000:]

net = nn.Sequential(
    nn.Linear(10, 96), nn.SiLU(), nn.Dropout(0.1),
    nn.Linear(96, 96), nn.SiLU(), nn.Dropout(0.1),
    nn.Linear(96, 1),
)
optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-3)
scheduler = torch.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=25)


def draws(x, n):
    net.eval()
    for module in net.modules():
        if isinstance(module, nn.Dropout):
            module.train()
    with torch.no_grad():
        return torch.stack([net(x).squeeze(1) for _ in range(n)])


for epoch in range(25):
    net.train()
    for rows in torch.randperm(1000).split(50):
        loss = nn.functional.mse_loss(net(x_train[rows]).squeeze(1), y_train[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    scheduler.step()
    if epoch % 5 == 4:
        some = draws(x_test, 10)
        print(f"epoch {epoch + 1}: rmse {(some.mean(0) - y_test).pow(2).mean().sqrt():.4f}, "
              f"mean spread {some.std(0).mean():.4f}")
some = draws(x_test, 50)
error = (some.mean(0) - y_test).abs()
surest = some.std(0).argsort()[:100]
print(f"rmse {error.pow(2).mean().sqrt():.4f}, mean error {error.mean():.4f}, on the surest 100 {error[surest].mean():.4f}")
