"""The limit that a person could reach: everything that helps here, chosen by a few timed steps.

Batches are gathered from memory with one ``index_select``; images lie channels-last; Adam is fused; bf16
autocast, and how, is decided by timing; nothing is read back per step.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from time import perf_counter

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.fit.meter import Meter
from benchmarks.fit.workloads import Problem

TITLE = "hand-tuned loop"
NEEDS: tuple[str, ...] = ()
ONLY: tuple[str, ...] = ()
TRIAL_SECONDS = 0.05  # per variant and round, at least one step
TRIAL_ROUNDS = 3  # by turns; the fastest round of each counts, because others may use the machine


@dataclass(frozen=True)
class Variant:
    """A way to run the same mathematics."""

    bf16: bool
    channels_last: bool
    fused: bool


class Loop:
    """One variant, ready to step through rows; ``head``: keep only so many rows, for a trial."""

    def __init__(self, problem: Problem, variant: Variant, head: int | None = None) -> None:
        self.variant, self.device = variant, problem.device
        self.net = problem.net()
        self.x, self.y = problem.train_x[:head].to(self.device), problem.train_y[:head].to(self.device)
        if variant.channels_last:
            self.net = self.net.to(memory_format=torch.channels_last)
            self.x = self.x.contiguous(memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(
            self.net.parameters(), lr=problem.workload.rate, fused=variant.fused
        )

    def step(self, rows: Tensor) -> None:
        """One update from these rows."""
        x, y = self.x.index_select(0, rows), self.y.index_select(0, rows)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.variant.bf16):
            loss = F.cross_entropy(self.net(x), y)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()

    def timed(self, steps: int) -> float:
        """Seconds per step over the first batch's rows."""
        rows = torch.arange(len(self.y), device=self.device)
        _wait(self.device)
        begin = perf_counter()
        for _ in range(steps):
            self.step(rows)
        _wait(self.device)
        return (perf_counter() - begin) / steps


def variants(problem: Problem) -> list[Variant]:
    """What is worth timing; bf16 only where the processor has it."""
    bf16 = (False, True) if _has_bf16(problem.device) else (False,)
    layouts = (True, False) if problem.pixels else (False,)
    return [Variant(*words) for words in product(bf16, layouts, (True, False))]


def timings(problem: Problem) -> dict[Variant, float]:
    """Seconds per step of every variant, the fastest of the rounds."""
    best = {}
    loops = {variant: Loop(problem, variant, problem.workload.batch) for variant in variants(problem)}
    for variant, loop in loops.items():
        loop.timed(1)  # kernels are chosen, memory is taken
        best[variant] = loop.timed(1)
    for _ in range(TRIAL_ROUNDS):
        for variant, loop in loops.items():
            best[variant] = min(best[variant], loop.timed(max(1, int(TRIAL_SECONDS / best[variant]))))
    return best


def train(problem: Problem, meter: Meter) -> None:
    """Train until the meter has seen enough; a person would know the variant, so the trial is not timed."""
    times = timings(problem)
    meter.start(lambda: problem.accuracy(loop.net))
    loop = Loop(problem, min(times, key=times.__getitem__))
    torch.manual_seed(problem.seed)
    batch, count = problem.workload.batch, len(loop.y)
    while True:
        order = torch.randperm(count, device=problem.device)
        for start in range(0, count, batch):
            rows = order[start : start + batch]
            loop.step(rows)
            meter.tick(len(rows))


def _has_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()  # noqa: SLF001 (torch has no public question)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()
