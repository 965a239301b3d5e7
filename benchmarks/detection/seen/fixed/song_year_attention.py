"""Guess the year a song was released from twenty frames of timbre coefficients."""
import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

seed = int(os.environ.get("SEED", "0"))
g = torch.Generator().manual_seed(seed)
torch.manual_seed(seed)

FRAMES, COEFFS = 20, 12
style = torch.randn(COEFFS, generator=torch.Generator().manual_seed(99))
texture = torch.randn(COEFFS, generator=torch.Generator().manual_seed(98))


def make_songs(n):
    year = torch.randint(1958, 2012, (n,), generator=g).float()
    era = (year - 1985) / 16
    frames = torch.randn(n, FRAMES, COEFFS, generator=g)
    chorus = torch.rand(n, FRAMES, 1, generator=g) < 0.35
    chorus[:, 0] = True
    frames = frames + chorus * (era[:, None, None] * style + torch.sin(1.5 * era)[:, None, None] * texture)
    return frames, year


class AttentionPool(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.query = nn.Linear(dim, 1)

    def forward(self, h):
        w = torch.softmax(self.query(torch.tanh(h)), dim=1)
        return (w * h).sum(1)


class YearModel(nn.Module):
    def __init__(self, dim=48):
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(COEFFS, dim), nn.GELU(), nn.Linear(dim, dim), nn.GELU())
        self.pool = AttentionPool(dim)
        self.out = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 1))

    def forward(self, frames):
        return self.out(self.pool(self.embed(frames))).squeeze(1)


frames, years = make_songs(2000)
val_frames, val_years = make_songs(500)
shift, scale = years.mean(), years.std()
loader = DataLoader(TensorDataset(frames, (years - shift) / scale), batch_size=50, shuffle=True)

model = YearModel()
criterion = nn.MSELoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-4)

for epoch in range(12):
    model.train()
    seen, total = 0, 0.0
    for batch, target in loader:
        optimizer.zero_grad(set_to_none=True)
        loss = criterion(model(batch), target)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
        seen += len(batch)
    model.eval()
    with torch.no_grad():
        guess = model(val_frames) * scale + shift
    mae = (guess - val_years).abs().mean().item()
    print(f"epoch {epoch:2d} train {total / seen:.4f} val mae {mae:.2f}")

print(f"off by {mae:.3f} years on average")
