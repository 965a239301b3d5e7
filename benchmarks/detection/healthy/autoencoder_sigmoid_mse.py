import os

import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

pixels = torch.tensor(load_digits().data, dtype=torch.float32)
pixels = (pixels - pixels.min()) / (pixels.max() - pixels.min())
shuffled = pixels[torch.randperm(len(pixels))]
train, test = shuffled[:1500], shuffled[1500:]


class Autoencoder(nn.Module):
    def __init__(self, code=10):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 48), nn.ReLU(True), nn.Linear(48, code))
        self.decoder = nn.Sequential(nn.Linear(code, 48), nn.ReLU(True), nn.Linear(48, 64), nn.Sigmoid())

    def forward(self, x):
        return self.decoder(self.encoder(x))


ae = Autoencoder()
distance = nn.MSELoss()
optimizer = torch.optim.Adam(ae.parameters(), lr=2e-3, weight_decay=1e-5)
for epoch in range(40):
    for img in torch.utils.data.DataLoader(train, batch_size=64, shuffle=True):
        output = ae(img)
        loss = distance(output, img)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if (epoch + 1) % 5 == 0:
        print('epoch [{}/{}], loss: {:.4f}'.format(epoch + 1, 40, loss.item()))

with torch.no_grad():
    print(f"test mse {distance(ae(test), test).item():.5f} vs mean image {distance(train.mean(0).expand_as(test), test).item():.5f}")
