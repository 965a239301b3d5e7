import os

import torch
import torch.nn as nn
from torch.optim.lr_scheduler import LambdaLR

torch.manual_seed(int(os.environ.get("SEED", 0)))

# prices from eight features: sums, products and a threshold
features = torch.randn(2600, 8)
price = (
    1.5 * features[:, 0]
    - features[:, 1]
    + 0.8 * features[:, 2] * features[:, 3]
    + 1.2 * (features[:, 4] > 0.3).float()
    + 0.1 * torch.randn(2600)
)
price = (price - price.mean()) / price.std()
train, test = slice(0, 2000), slice(2000, 2600)

model = nn.Sequential(nn.Linear(8, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
scheduler = LambdaLR(optimizer, lambda step: 0.5 ** (step / 8))

for step in range(1000):
    rows = torch.randint(0, 2000, (64,))
    predicted = model(features[train][rows]).squeeze(1)
    loss = nn.functional.mse_loss(predicted, price[train][rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()

model.eval()
with torch.no_grad():
    error = nn.functional.mse_loss(model(features[test]).squeeze(1), price[test]).item()
print(f"test error {error:.4f}")
