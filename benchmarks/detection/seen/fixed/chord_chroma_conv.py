import argparse
import os

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split

parser = argparse.ArgumentParser(description="24 chords from 12 x 8 chroma patches")
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
args = parser.parse_args()
torch.manual_seed(args.seed)

n = 2400
chord = torch.randint(0, 24, (n,))
root, minor = chord % 12, (chord >= 12).long()
chroma = 0.3 * torch.rand(n, 12, 8)
for interval in (torch.zeros(n, dtype=torch.long), 4 - minor, torch.full((n,), 7)):
    note = (root + interval) % 12
    chroma[torch.arange(n), note] += (0.4 + 0.6 * torch.rand(n, 1)) * (torch.rand(n, 8) > 0.25)
chroma += 0.15 * torch.randn(n, 12, 8)
data = TensorDataset(chroma.unsqueeze(1), chord)
train_data, test_data = random_split(data, [1920, 480])
train_loader = DataLoader(train_data, batch_size=64, shuffle=True)
test_loader = DataLoader(test_data, batch_size=160)

model = nn.Sequential(
    nn.Conv2d(1, 16, kernel_size=3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d((1, 4)),
    nn.Flatten(),
    nn.Linear(16 * 12 * 2, 64),
    nn.ReLU(),
    nn.Linear(64, 24),
)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

for epoch in range(14):
    model.train()
    for patch, target in train_loader:
        output = model(patch)
        loss = loss_fn(output, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"Epoch: {epoch + 1:2d}/14   Loss: {loss.item():.4f}")

model.eval()
correct = total = 0
with torch.no_grad():
    for patch, target in test_loader:
        correct += (model(patch).argmax(dim=1) == target).sum().item()
        total += len(target)
print(f"Test accuracy: {correct / total:.4f}")
