import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
GENES, MODULES = 50, 12

membership = (torch.rand(MODULES, GENES) < 0.2).float() * (0.5 + torch.rand(MODULES, GENES))


def samples(n):
    active = (torch.rand(n, MODULES) < 0.2).float() * torch.rand(n, MODULES) * 2
    return active @ membership + 0.1 * torch.randn(n, GENES)


train, test = samples(3000), samples(600)
centre = train.mean(dim=0)
loader = DataLoader(TensorDataset(train - centre), batch_size=100, shuffle=True)


class SparseCode(nn.Module):
    def __init__(self, n_in, n_code):
        super().__init__()
        self.encode = nn.Linear(n_in, n_code)
        self.decode = nn.Linear(n_code, n_in)

    def forward(self, x):
        code = torch.relu(self.encode(x))
        return self.decode(code), code


model = SparseCode(GENES, 64)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
sparsity = 0.003

for epoch in range(16):
    reconstruction = penalty = 0.0
    for (x,) in loader:
        out, code = model(x)
        mse = (out - x).pow(2).sum(dim=1).mean()
        l1 = code.abs().sum(dim=1).mean()
        loss = mse / GENES + sparsity * l1
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        reconstruction += mse.item() / len(loader)
        penalty += l1.item() / len(loader)
    if epoch % 3 == 0:
        print(f"epoch {epoch}: reconstruction {reconstruction:.3f}, code {penalty:.4f}")

with torch.no_grad():
    out, _ = model(test - centre)
    explained = 1 - (out - (test - centre)).pow(2).sum() / (test - centre).pow(2).sum()
print(f"explained variance: {explained.item():.4f}")
