"""The nets of the benchmark as plain torch modules: every peer trains the same one from the same weights."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def mlp(features: int, classes: int) -> nn.Module:
    """(B, features) -> (B, classes); two hidden layers of 64."""
    return nn.Sequential(
        nn.Linear(features, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, classes)
    )


def cnn(channels: int, classes: int) -> nn.Module:
    """(B, channels, 28, 28) -> (B, classes); two convolutions with batch-norm, pooling, one linear layer."""
    return nn.Sequential(
        nn.Conv2d(channels, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 7 * 7, classes),
    )  # fmt: skip


class Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut (He et al. 2016, basic block)."""

    def __init__(self, inside: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.short = nn.Sequential()
        if stride != 1 or inside != out:
            self.short = nn.Sequential(nn.Conv2d(inside, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.short(x))


def resnet18(channels: int, classes: int) -> nn.Module:
    """(B, channels, 32, 32) -> (B, classes); ResNet-18 with a 3x3 stem and no first pooling."""
    layers: list[nn.Module] = [nn.Conv2d(channels, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    inside = 64
    for out, stride in ((64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)):
        layers.append(Block(inside, out, stride))
        inside = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, classes))


class SeriesLSTM(nn.Module):
    """(B, T, features) -> (B, classes); one LSTM layer of 64, its last output."""

    def __init__(self, features: int, classes: int, width: int = 64) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, width, batch_first=True)
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(x)[0][:, -1])


class TextLSTM(nn.Module):
    """(B, T) word ids, 0 = padding -> (B, classes); embedding 64, LSTM 64, mean over the words."""

    def __init__(self, vocabulary: int, classes: int, width: int = 64) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width, padding_idx=0)
        self.lstm = nn.LSTM(width, width, batch_first=True)
        self.head = nn.Linear(width, classes)

    def forward(self, tokens: Tensor) -> Tensor:
        kept = (tokens != 0).unsqueeze(-1)  # (B, T, 1)
        states = self.lstm(self.embed(tokens))[0]  # (B, T, width)
        return self.head((states * kept).sum(1) / kept.sum(1).clamp(min=1))


class Scaled(nn.Module):
    """uint8 pixels -> ``(pixel - mean) / spread`` -> ``net``, for loops that keep their pixels as bytes."""

    def __init__(self, net: nn.Module, mean: Tensor, spread: Tensor) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("mean", mean)
        self.register_buffer("spread", spread)

    def forward(self, pixels: Tensor) -> Tensor:
        scaled = (pixels.to(torch.float32) - self.get_buffer("mean")) / self.get_buffer("spread")
        return self.net(scaled)
