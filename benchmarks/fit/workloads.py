"""What is trained: a data set, a net, a batch size, a rate, and the accuracy that must be reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor, nn

from benchmarks.fit import nets
from benchmarks.fit.data import VOCABULARY, Arrays, load

WEIGHT_SEED = 7
SCORE_BATCH = 500  # rows per forward pass when accuracy is measured


@dataclass(frozen=True)
class Workload:
    """One line of the benchmark.

    Args:
        name: what ``--only`` takes.
        title: what the table says.
        data: name of the data set.
        net: makes the net from the shape of one input row (without the first axis) and the classes.
        batch: rows per step.
        rate: of Adam, the optimizer of all.
        target: test accuracy to reach; a value that the plain loop passes within few epochs.
        check_rows: training rows between two measurements of the accuracy.
        test_rows: rows that the accuracy is measured on, at most.
        bar: least ratio of gradwise's samples/s over the plain loop's.
    """

    name: str
    title: str
    data: str
    net: Callable[[tuple[int, ...], int], nn.Module]
    batch: int
    rate: float
    target: float
    check_rows: int
    test_rows: int
    bar: float


@dataclass
class Problem:
    """A workload with its arrays in memory and its net at the common initial weights.

    ``train_x`` is what a loop is given: float32 standardised pixels or numbers, int64 tokens.
    ``arrays`` holds the same rows as they were read (uint8 pixels).
    """

    workload: Workload
    seed: int
    device: torch.device
    arrays: Arrays
    train_x: Tensor = field(init=False)
    train_y: Tensor = field(init=False)
    test_x: Tensor = field(init=False)
    test_y: Tensor = field(init=False)
    mean: Tensor | None = field(init=False, default=None)
    spread: Tensor | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        arrays = self.arrays
        self.train_x, self.train_y = torch.from_numpy(arrays.train_x), torch.from_numpy(arrays.train_y)
        rows = self.workload.test_rows
        self.test_x, self.test_y = (
            torch.from_numpy(arrays.test_x[:rows]),
            torch.from_numpy(arrays.test_y[:rows]),
        )
        if self.train_x.dtype == torch.uint8:
            some = self.train_x[:5_000].float()
            self.mean = some.mean((0, 2, 3)).view(-1, 1, 1)
            self.spread = some.std((0, 2, 3)).view(-1, 1, 1)
            self.train_x = self.train_x.float().sub_(self.mean).div_(self.spread)
            self.test_x = self.test_x.float().sub_(self.mean).div_(self.spread)

    @property
    def pixels(self) -> bool:
        """Whether the inputs are images."""
        return self.mean is not None

    def net(self) -> nn.Module:
        """The net on its device, at the same initial weights for every peer and seed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(WEIGHT_SEED)
            made = self.workload.net(tuple(self.arrays.train_x.shape[1:]), self.arrays.classes)
        return made.to(self.device)

    @torch.no_grad()
    def accuracy(self, net: nn.Module) -> float:
        """Share of the test rows whose class is right; the same code for every peer."""
        training = net.training
        net.eval()
        right = 0
        for start in range(0, len(self.test_y), SCORE_BATCH):
            inputs = self.test_x[start : start + SCORE_BATCH].to(self.device)
            right += int((net(inputs).argmax(1).cpu() == self.test_y[start : start + SCORE_BATCH]).sum())
        net.train(training)
        return right / len(self.test_y)


def _of_features(make: Callable[[int, int], nn.Module], place: int) -> Callable[..., nn.Module]:
    return partial(_made, make, place)


def _made(
    make: Callable[[int, int], nn.Module], place: int, shape: tuple[int, ...], classes: int
) -> nn.Module:
    return make(shape[place], classes)


def _text(shape: tuple[int, ...], classes: int) -> nn.Module:
    return nets.TextLSTM(VOCABULARY, classes)


WORKLOADS = {
    work.name: work
    for work in (
        Workload("adult", "Adult, MLP 108-64-64-2, batch 128", "adult", _of_features(nets.mlp, 0),
                 128, 1e-3, 0.860, 8_192, 9_768, 1.6),
        Workload("cnn", "Fashion-MNIST, small CNN, batch 128", "fashion", _of_features(nets.cnn, 0),
                 128, 1e-3, 0.890, 12_800, 5_000, 2.0),
        Workload("resnet18", "CIFAR-10, ResNet-18 32x32, batch 64", "cifar10", _of_features(nets.resnet18, 0),
                 64, 1e-3, 0.450, 3_200, 1_000, 2.0),
        Workload("series", "UCR Crop, LSTM 46 steps x 64, batch 64", "crop", _of_features(nets.SeriesLSTM, -1),
                 64, 3e-3, 0.450, 7_200, 4_000, 1.0),
        Workload("imdb", "IMDB, LSTM 128 words x 64, batch 64", "imdb", _text,
                 64, 2e-3, 0.780, 5_120, 2_000, 1.0),
    )
}  # fmt: skip
SYNTHETIC = Workload("blobs", "synthetic points, MLP, batch 64", "blobs", _of_features(nets.mlp, 0),
                     64, 3e-3, 0.900, 1_600, 400, 1.0)  # fmt: skip


def problem(name: str, seed: int, device: str = "cpu") -> Problem:
    """A workload by name, ready to be trained.

    Raises:
        DataMissingError: its data set is not here.
        KeyError: there is no such workload.
    """
    workload = SYNTHETIC if name == SYNTHETIC.name else WORKLOADS[name]
    return Problem(workload, seed, torch.device(device), load(workload.data))
