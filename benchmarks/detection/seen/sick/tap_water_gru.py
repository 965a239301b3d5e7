"""Which appliance is drawing water, from the flow meter: GRU classifier."""

import os
import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split

seed = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else int(os.environ.get("SEED", 0))
torch.manual_seed(seed)


def flows(n, length=24):
    t = torch.arange(length).float()[None]
    which = torch.randint(0, 5, (n,))
    level = 0.7 + 0.6 * torch.rand(n, 1)
    start = torch.randint(0, 6, (n, 1)).float()
    since = (t - start).clamp(min=0)
    on = (t >= start).float()
    kinds = torch.stack(
        [
            on * torch.exp(-since / 6),  # cistern
            on * (1 - torch.exp(-since / 4)),  # bath
            on * ((since % 6) < 3).float(),  # dishwasher
            on * ((since % 10) < 5).float() * (0.4 + since / 20),  # washing machine
            on * (0.5 + 0.5 * torch.sin(since)),  # hand basin
        ],
        dim=1,
    )
    flow = level * kinds[torch.arange(n), which] + 0.12 * torch.randn(n, length)
    change = torch.diff(flow, dim=1, prepend=flow[:, :1])
    return torch.stack([flow, change], dim=2), which


class ApplianceGRU(nn.Module):
    def __init__(self, hidden_size=48, num_classes=5):
        super().__init__()
        self.gru = nn.GRU(input_size=2, hidden_size=hidden_size, num_layers=2, batch_first=True)
        self.fc = nn.Linear(hidden_size, num_classes)
        for p in self.gru.parameters():
            nn.init.normal_(p, mean=0.0, std=1.0)

    def forward(self, x):
        out, _ = self.gru(x)
        return self.fc(out[:, -1])


data = TensorDataset(*flows(1500))
train_set, test_set = random_split(data, [1100, 400])
train_loader = DataLoader(train_set, batch_size=50, shuffle=True)
test_loader = DataLoader(test_set, batch_size=400)

model = ApplianceGRU()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.002)

for epoch in range(7):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    print(f"Epoch [{epoch + 1}/7], Loss: {loss.item():.4f}")

model.eval()
correct = 0
with torch.no_grad():
    for x, y in test_loader:
        correct += (model(x).argmax(1) == y).sum().item()
print(f"test accuracy {correct / len(test_set):.4f}")
