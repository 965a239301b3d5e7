import os
import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

SEED = int(os.getenv("SEED", "0"))
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 48)
        self.fc2 = nn.Linear(48, 12)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(12, 48)
        self.fc2 = nn.Linear(48, 64)

    def forward(self, z):
        return torch.sigmoid(self.fc2(F.relu(self.fc1(z))))


data = torch.from_numpy(load_digits().data).float() / 16
perm = torch.randperm(len(data))
train, test = data[perm[:1400]], data[perm[1400:]]

enc, dec = Encoder(), Decoder()
opt_enc = torch.optim.SGD(enc.parameters(), lr=0.5, momentum=0.9)
opt_dec = torch.optim.SGD(dec.parameters(), lr=0.5, momentum=0.9)

for epoch in range(25):
    idx = torch.randperm(len(train))
    epoch_loss = []
    for i in range(0, len(train), 50):
        x = train[idx[i : i + 50]]
        recon = dec(enc(x))
        loss = F.mse_loss(recon, x)
        opt_enc.zero_grad()
        loss.backward()
        opt_enc.step()
        opt_dec.step()
        epoch_loss.append(loss.item())
    if epoch % 5 == 0:
        print(epoch, np.mean(epoch_loss))

with torch.no_grad():
    err = F.mse_loss(dec(enc(test)), test).item()
print("reconstruction error", round(err, 5))
