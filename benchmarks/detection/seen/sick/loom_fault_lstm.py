import argparse
import os

import torch
import torch.nn as nn


def loom_runs(n, generator, steps=24):
    """Three thread tensions over one weft; five states of the loom."""
    t = torch.linspace(0, 1, steps)
    state = torch.randint(0, 5, (n,), generator=generator)
    noise = 0.5 * torch.randn(n, steps, 3, generator=generator)
    shift = torch.rand(n, 1, generator=generator)
    slow = torch.sin(2 * torch.pi * (2 * t + shift))
    fast = torch.sin(2 * torch.pi * (5 * t + shift))
    ramp = 2 * t.expand(n, steps) - 1
    zero = torch.zeros(n, steps)
    shapes = torch.stack(
        [
            torch.stack([slow, zero, ramp], 2),
            torch.stack([zero, slow, ramp], 2),
            torch.stack([slow, zero, -ramp], 2),
            torch.stack([zero, fast, -ramp], 2),
            torch.stack([fast, slow, zero], 2),
        ]
    )
    return shapes[state, torch.arange(n)] + noise, state


class LoomLSTM(nn.Module):
    def __init__(self, hidden=32, classes=5):
        super().__init__()
        self.lstm = nn.LSTM(3, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, classes)
        for name, param in self.named_parameters():
            if "bias" in name:
                nn.init.zeros_(param)
            else:
                nn.init.constant_(param, 0.1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1])


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
args = parser.parse_args()
torch.manual_seed(args.seed)
generator = torch.Generator().manual_seed(100 + args.seed)
x_train, y_train = loom_runs(1500, generator)
x_test, y_test = loom_runs(500, generator)

model = LoomLSTM()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
num_epochs, batch_size = 9, 32
for epoch in range(num_epochs):
    permutation = torch.randperm(len(x_train))
    epoch_loss = 0.0
    for i in range(0, len(x_train), batch_size):
        indices = permutation[i : i + batch_size]
        optimizer.zero_grad()
        loss = criterion(model(x_train[indices]), y_train[indices])
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() * len(indices)
    print(f"Epoch [{epoch + 1}/{num_epochs}], Loss: {epoch_loss / len(x_train):.4f}")

model.eval()
with torch.no_grad():
    accuracy = (model(x_test).argmax(dim=1) == y_test).float().mean().item()
print(f"Test accuracy: {accuracy:.4f}")
