"""The six workloads whose step time is measured with and without watching."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Step = Callable[[], None]


@dataclass(frozen=True)
class Workload:
    """A named training step.  ``make()`` returns a fresh step function with its own model."""

    name: str
    make: Callable[[], Step]


def _trainer(model: nn.Module, inputs: Tensor, targets: Tensor) -> Step:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    criterion = nn.CrossEntropyLoss()

    def step() -> None:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()

    return step


def tiny_mlp() -> Step:
    """8-32-3, batch 64."""
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3))
    return _trainer(model, torch.randn(64, 8), torch.randint(0, 3, (64,)))


def mlp() -> Step:
    """784-256-256-10, batch 128."""
    layers = [nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10)]
    return _trainer(nn.Sequential(*layers), torch.randn(128, 784), torch.randint(0, 10, (128,)))


def small_cnn() -> Step:
    """Two convolutions with batch-norm on 28x28 images, batch 64."""
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 7 * 7, 10),
    )  # fmt: skip
    return _trainer(model, torch.randn(64, 1, 28, 28), torch.randint(0, 10, (64,)))


class _Block(nn.Module):
    def __init__(self, inside: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.short = (
            nn.Sequential(nn.Conv2d(inside, out, 1, stride, bias=False), nn.BatchNorm2d(out))
            if stride != 1 or inside != out
            else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.short(x))


def resnet18() -> Step:
    """ResNet-18 with a 3x3 stem on 32x32 images, batch 32."""
    blocks: list[nn.Module] = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    inside = 64
    for out, stride in ((64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)):
        blocks.append(_Block(inside, out, stride))
        inside = out
    model = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))
    return _trainer(model, torch.randn(32, 3, 32, 32), torch.randint(0, 10, (32,)))


class _Tagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(16, 128, batch_first=True)
        self.head = nn.Linear(128, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(x)[0][:, -1])


def lstm() -> Step:
    """LSTM of width 128 over 64 steps, batch 32."""
    return _trainer(_Tagger(), torch.randn(32, 64, 16), torch.randint(0, 5, (32,)))


def distances() -> Step:
    """16-64-64-8 trained on distances: square roots near the loss, whose slopes are looked at in every step."""
    model = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 8))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    left, right, wanted = torch.randn(64, 16), torch.randn(64, 16), torch.rand(64)

    def step() -> None:
        optimizer.zero_grad()
        apart = (model(left) - model(right)).square().sum(dim=1).sqrt()
        loss = F.mse_loss(apart, wanted)
        loss.backward()
        optimizer.step()

    return step


WORKLOADS = (
    Workload("tiny MLP 8-32-3, batch 64", tiny_mlp),
    Workload("MLP 784-256-256-10, batch 128", mlp),
    Workload("small CNN 28x28, batch 64", small_cnn),
    Workload("ResNet-18 32x32, batch 32", resnet18),
    Workload("LSTM 64 steps x 128, batch 32", lstm),
    Workload("distances 16-64-64-8, batch 64", distances),
)
