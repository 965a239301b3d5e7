"""Which of six movements does the wearer of the wristband make? Sixteen readings of three axes each."""

import argparse
import math
import os

import torch
from torch import nn


def movements(n, generator, steps=16):
    first = torch.randint(0, 3, (n,), generator=generator)
    second = (first + 1 + torch.randint(0, 2, (n,), generator=generator)) % 3
    x = 0.5 * torch.randn(n, steps, 3, generator=generator)
    start = torch.randint(0, 5, (n,), generator=generator)
    gap = torch.randint(4, 9, (n,), generator=generator)
    rows = torch.arange(n)
    for k in range(3):
        x[rows, start + k, first] += 2.0
        x[rows, start + gap + k, second] += 2.0
    label = first * 2 + ((second - first) % 3 - 1)
    return x, label


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=64):
        super().__init__()
        position = torch.arange(max_len).unsqueeze(1)
        div = torch.exp(torch.arange(0, d_model, 2) * (-math.log(1000.0) / d_model))
        pe = torch.zeros(1, max_len, d_model)
        pe[0, :, 0::2] = torch.sin(position * div)
        pe[0, :, 1::2] = torch.cos(position * div)
        self.register_buffer("pe", pe)

    def forward(self, x):
        return x + self.pe[:, : x.size(1)]


class MovementTransformer(nn.Module):
    def __init__(self, channels=3, d_model=32, classes=6):
        super().__init__()
        self.embed = nn.Linear(channels, d_model)
        self.position = PositionalEncoding(d_model)
        layer = nn.TransformerEncoderLayer(d_model, 4, dim_feedforward=64, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers=1)
        self.fc = nn.Linear(d_model, classes)

    def forward(self, x):
        x = self.position(self.embed(x))
        x = self.encoder(x)
        return self.fc(x[:, -1])


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    opt = ap.parse_args()
    torch.manual_seed(opt.seed)
    data_gen = torch.Generator().manual_seed(77)
    x_train, y_train = movements(2500, data_gen)
    x_test, y_test = movements(500, data_gen)

    model = MovementTransformer()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    criterion = nn.CrossEntropyLoss()
    batch = 50
    for epoch in range(5):
        model.train()
        order = torch.randperm(len(x_train))
        for i in range(0, len(order), batch):
            idx = order[i : i + batch]
            loss = criterion(model(x_train[idx]), y_train[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch} loss {loss.item():.4f}")

    model.eval()
    with torch.no_grad():
        hits = sum(
            (model(x_test[i : i + batch]).argmax(1) == y_test[i : i + batch]).sum().item()
            for i in range(0, len(x_test), batch)
        )
    print(f"test accuracy {hits / len(x_test):.4f}")
