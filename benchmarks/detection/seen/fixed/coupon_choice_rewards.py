"""What is a coupon worth to a customer? Learns from what a shop logged, every row by one over its odds."""

import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))

COUPONS, TRAITS, EXPLORE = 6, 8, 0.004
taste = torch.randn(TRAITS, COUPONS, generator=torch.Generator().manual_seed(2))


def shop_log(n):
    """The shop gives the coupon it believes in, now and then any other."""
    customer = torch.randn(n, TRAITS)
    favourite = (customer @ (taste + 0.8 * torch.randn(taste.shape))).argmax(1)
    explored = torch.rand(n) < EXPLORE
    coupon = torch.where(explored, torch.randint(0, COUPONS, (n,)), favourite)
    odds = torch.where(coupon == favourite, 1 - EXPLORE, EXPLORE / COUPONS)
    worth = torch.tanh(customer @ taste).gather(1, coupon.unsqueeze(1)).squeeze(1)
    worth = worth + 0.5 * customer[:, 0] * customer[:, 1] + 0.3 * torch.randn(n)
    x = torch.cat([customer, nn.functional.one_hot(coupon, COUPONS).float()], 1)
    return x, worth, odds


class WorthNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(TRAITS + COUPONS, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1)
        )

    def forward(self, x):
        return self.net(x).squeeze(1)


loader = DataLoader(TensorDataset(*shop_log(6000)), batch_size=50, shuffle=True)
x_test, worth_test, _ = shop_log(1000)
model = WorthNet()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(6):
    total = 0.0
    for x, worth, odds in loader:
        weight = (1 / odds).clamp(max=5.0)
        loss = (weight * (model(x) - worth) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch}: weighted error {total / len(loader):.4f}")

with torch.no_grad():
    mse = ((model(x_test) - worth_test) ** 2).mean().item()
print(f"test mse {mse:.4f} (variance {worth_test.var().item():.4f})")
