import os

import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
data = load_digits().data / 16
pca = PCA(12).fit(data)
floor = ((pca.inverse_transform(pca.transform(data)) - data) ** 2).mean()
x = torch.tensor(data - data.mean(0), dtype=torch.float32)

encoder = nn.Linear(64, 12, bias=False)
decoder = nn.Linear(12, 64, bias=False)
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=4e-3)
for epoch in range(12):
    total = 0.0
    for rows in torch.randperm(len(x)).split(32):
        loss = nn.functional.mse_loss(decoder(encoder(x[rows])), x[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(rows)
    print(f"epoch {epoch + 1:2d} reconstruction {total / len(x):.5f} (principal components reach {floor:.5f})")
