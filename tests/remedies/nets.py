"""Three small nets, a loop as users write it, and treatments within this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gradwise.heal.treating import treated_run
from gradwise.heal.treatment import Cure, Treatment
from gradwise.remedies.patient import TreatedRun

CLASSES = 3


class MLP(nn.Module):
    """Dense layers, one activation as a module and one as a function."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.act, self.fc2 = nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 16)
        self.head = nn.Linear(16, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.fc2(self.act(self.fc1(x)))))


class CNN(nn.Module):
    """A convolution with a norm layer, ReLU as a method."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.norm(self.conv(x)).relu().mean((2, 3)))


class RNN(nn.Module):
    """A recurrent layer and a dense one."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.head = nn.GRU(5, 8, batch_first=True), nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.tanh(self.rnn(x)[0][:, -1]))


SHAPES: dict[type[nn.Module], tuple[int, ...]] = {MLP: (6,), CNN: (1, 6, 6), RNN: (4, 5)}
NETS = tuple(SHAPES)


def sgd(net: nn.Module, **options) -> torch.optim.Optimizer:
    """Plain SGD."""
    return torch.optim.SGD(net.parameters(), **{"lr": 0.1, **options})


def batches(net: nn.Module, steps: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Random inputs with learnable classes."""
    for _ in range(steps):
        y = torch.randint(0, CLASSES, (16,))
        yield torch.randn(16, *SHAPES[type(net)]) + y.reshape(-1, *[1] * len(SHAPES[type(net)])), y


def trained(
    kind: type[nn.Module],
    make: Callable[..., torch.optim.Optimizer] = sgd,
    *,
    steps: int = 8,
    clear: bool = True,
    schedule: Callable[[torch.optim.Optimizer], object] | None = None,
    before_step: Callable[[nn.Module], object] | None = None,
    **options,
) -> nn.Module:
    """A net after some steps of a loop with fixed seeds."""
    torch.manual_seed(3)
    net = kind()
    optimizer = make(net, **options)
    scheduler = schedule(optimizer) if schedule else None
    for x, y in batches(net, steps):
        loss = F.cross_entropy(net(x), y)
        if clear:
            optimizer.zero_grad()
        loss.backward()
        if before_step:
            before_step(net)
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
    net.optimizer = [optimizer]
    return net


@contextmanager
def treatment(*cures: Cure) -> Iterator[TreatedRun]:
    """What runs inside is treated."""
    with treated_run(Treatment(cures)) as run:
        yield run


def weights(net: nn.Module) -> dict[str, Tensor]:
    """Copies of all that a net has."""
    return {name: value.clone() for name, value in net.state_dict().items()}


def same(left: nn.Module, right: nn.Module) -> bool:
    """Whether two nets have the same bits."""
    return _all(left, right, torch.equal)


def close(left: nn.Module, right: nn.Module) -> bool:
    """Whether two nets have nearly the same weights."""
    return _all(left, right, lambda a, b: torch.allclose(a, b, atol=1e-6))


def _all(left: nn.Module, right: nn.Module, alike: Callable[[Tensor, Tensor], bool]) -> bool:
    mine, theirs = left.state_dict(), right.state_dict()
    return mine.keys() == theirs.keys() and all(alike(mine[name], theirs[name]) for name in mine)


def did(run: TreatedRun) -> dict[str, int]:
    """What was done, all cures together."""
    return {line["what"]: line["times"] for chart in run.charts for line in chart.told()["did"]}


def could_not(run: TreatedRun) -> list[str]:
    """What could not be done."""
    return [line["what"] for chart in run.charts for line in chart.told()["could_not"]]
