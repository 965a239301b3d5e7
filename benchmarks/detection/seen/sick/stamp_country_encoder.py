"""Countries of stamps from sequences of colour codes: a small encoder, warm-up, clipping."""

import argparse
from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class Settings:
    seed: int = 0
    steps: int = 300
    batch: int = 48
    rate: float = 0.03
    warmup: int = 30
    clip: float = 1e-4
    colours: int = 20
    length: int = 12
    countries: int = 5


class StampEncoder(nn.Module):
    def __init__(self, s, width=32):
        super().__init__()
        self.embed = nn.Embedding(s.colours, width)
        self.place = nn.Parameter(0.02 * torch.randn(s.length, width))
        layer = nn.TransformerEncoderLayer(width, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(width, s.countries)

    def forward(self, codes):
        return self.head(self.encoder(self.embed(codes) + self.place).mean(1))


def stamps(n, s):
    palette = torch.randn(s.countries, s.colours, generator=torch.Generator().manual_seed(5))
    country = torch.randint(0, s.countries, (n,))
    codes = torch.multinomial(palette[country].softmax(1), s.length, replacement=True)
    return codes, country


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    s = Settings(seed=parser.parse_args().seed)
    torch.manual_seed(s.seed)
    codes, country = stamps(6000, s)
    test_codes, test_country = stamps(600, s)
    model = StampEncoder(s)
    optimizer = torch.optim.SGD(model.parameters(), lr=s.rate, momentum=0.9)
    warmup = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda i: min(1.0, (i + 1) / s.warmup))
    for step in range(s.steps):
        rows = torch.randint(0, len(codes), (s.batch,))
        loss = nn.functional.cross_entropy(model(codes[rows]), country[rows])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_value_(model.parameters(), s.clip)
        optimizer.step()
        warmup.step()
        if step % 50 == 0:
            print(f"step {step} loss {loss.item():.4f}")
    model.eval()
    with torch.no_grad():
        accuracy = (model(test_codes).argmax(1) == test_country).float().mean().item()
    print(f"test accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
