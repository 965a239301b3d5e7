import os

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

SEED = int(os.environ.get("SEED", "0"))
torch.manual_seed(SEED)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 48)
        self.fc2 = nn.Linear(48, 8)

    def forward(self, x):
        return torch.tanh(self.fc2(torch.tanh(self.fc1(x))))


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        features = self.encoder(x)
        features = F.normalize(features.data, dim=1)
        return self.head(5 * features)


digits = load_digits()
inputs = torch.tensor(digits.data, dtype=torch.float32) / 8 - 1
labels = torch.tensor(digits.target)
perm = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(7))
train_idx, test_idx = perm[:1300], perm[1300:]

model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for step in range(800):
    batch = train_idx[torch.randint(len(train_idx), (64,))]
    loss = F.cross_entropy(model(inputs[batch]), labels[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 200 == 199:
        print(step + 1, f"{loss.item():.4f}")

model.eval()
with torch.no_grad():
    print(f"test accuracy {(model(inputs[test_idx]).argmax(1) == labels[test_idx]).float().mean():.4f}")
