import os

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

SEED = int(os.environ.get("SEED", "0"))
torch.manual_seed(SEED)

BANDS, COVERS = 11, 6


def pixels(n, spectra):
    cover = torch.randint(0, COVERS, (n,))
    other = torch.randint(0, COVERS, (n,))
    share = torch.rand(n, 1) * 0.4
    light = 1 + 0.2 * torch.randn(n, 1)
    mix = (1 - share) * spectra[cover] + share * spectra[other]
    return light * mix + 0.25 * torch.randn(n, BANDS), cover


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.fc1 = nn.Linear(dim, 2 * dim)
        self.fc2 = nn.Linear(2 * dim, dim)

    def forward(self, x):
        return x + self.fc2(nn.functional.gelu(self.fc1(self.norm(x))))


class ResMLP(nn.Module):
    def __init__(self, dim=32, depth=3):
        super().__init__()
        self.stem = nn.Linear(BANDS, dim)
        self.blocks = nn.Sequential(*[Block(dim) for _ in range(depth)])
        self.head = nn.Linear(dim, COVERS)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)))


spectra = torch.randn(COVERS, BANDS)
train_set = TensorDataset(*pixels(2400, spectra))
x_test, y_test = pixels(800, spectra)
loader = DataLoader(train_set, batch_size=60, shuffle=True)

model = ResMLP()
criterion = nn.CrossEntropyLoss(label_smoothing=0.02)
optimizer = torch.optim.AdamW(
    model.parameters(), lr=1e-3, betas=(0.9, 0.99), weight_decay=1e-4, amsgrad=True, maximize=True
)


def evaluate():
    model.eval()
    with torch.no_grad():
        return (model(x_test).argmax(1) == y_test).float().mean().item()


for epoch in range(10):
    model.train()
    running = 0.0
    for x, y in loader:
        optimizer.zero_grad(set_to_none=True)
        loss = criterion(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        running += loss.item()
    print(f"epoch {epoch} loss {running / len(loader):.3f} accuracy {evaluate():.3f}")

print(f"final accuracy {evaluate():.4f}")
