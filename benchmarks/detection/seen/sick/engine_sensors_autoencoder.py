import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

# 24 channels of an engine test bench, driven by four hidden operating variables
n_train, n_test = 3000, 600
hidden = torch.randn(n_train + n_test, 4)
mixing1, mixing2 = torch.randn(4, 16), torch.randn(16, 24) / 4
channels = torch.tanh(hidden @ mixing1 * 0.5) @ mixing2
channels = (channels - channels[:n_train].mean(0)) / channels[:n_train].std(0)
channels += 0.05 * torch.randn_like(channels)
train, test = channels[:n_train], channels[n_train:]


class AutoEncoder(nn.Module):
    def __init__(self, sizes=(24, 64, 48, 32, 6), act=nn.Sigmoid):
        super().__init__()
        self.encoder = self.stack(sizes, act)
        self.decoder = self.stack(sizes[::-1], act)

    @staticmethod
    def stack(sizes, act):
        layers = []
        for a, b in zip(sizes[:-1], sizes[1:]):
            layers += [nn.Linear(a, b), act()]
        return nn.Sequential(*layers[:-1])

    def forward(self, x):
        return self.decoder(self.encoder(x))


model = AutoEncoder()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
criterion = nn.MSELoss()

epoch_losses = []
for epoch in range(15):
    order = torch.randperm(n_train)
    losses = []
    for start in range(0, n_train, 60):
        batch = train[order[start:start + 60]]
        reconstruction = model(batch)
        loss = criterion(reconstruction, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    epoch_losses.append(sum(losses) / len(losses))
    print(f"epoch {epoch + 1:2d}  reconstruction loss {epoch_losses[-1]:.4f}")

with torch.no_grad():
    explained = 1 - (model(test) - test).pow(2).mean() / test.var()
print(f"explained variance {explained.item():.4f}")
