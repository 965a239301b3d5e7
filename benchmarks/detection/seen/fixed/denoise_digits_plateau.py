import os

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader

torch.manual_seed(int(os.environ.get("SEED", 0)))
device = "cuda" if torch.cuda.is_available() else "cpu"


class Denoiser(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, 12, 3, stride=2, padding=1), nn.SiLU(), nn.Conv2d(12, 24, 3, padding=1), nn.SiLU())
        self.up = nn.Sequential(nn.ConvTranspose2d(24, 12, 2, stride=2), nn.SiLU(), nn.Conv2d(12, 1, 3, padding=1))

    def forward(self, x):
        return x + self.up(self.down(x))


images = torch.tensor(load_digits().images, dtype=torch.float32).unsqueeze(1) / 16
train_loader = DataLoader(images[:1000], batch_size=32, shuffle=True)
val_clean = images[1300:].to(device)
val_noisy = val_clean + 0.3 * torch.randn(val_clean.shape, generator=torch.Generator().manual_seed(0)).to(device)

model = Denoiser().to(device)
mse = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
scheduler = ReduceLROnPlateau(optimizer, mode="min", factor=0.1, patience=0)
for epoch in range(8):
    model.train()
    for clean in train_loader:
        clean = clean.to(device)
        noisy = clean + 0.3 * torch.randn_like(clean)
        loss = mse(model(noisy), clean)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        val_loss = mse(model(val_noisy), val_clean).item()
    scheduler.step(val_loss)
    print(f"epoch {epoch:02d} train {loss.item():.5f} val {val_loss:.5f}")
print(f"final val mse {val_loss:.5f}")
