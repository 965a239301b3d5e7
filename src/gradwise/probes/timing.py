"""Timing variants of one training step against each other on the copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median

import torch

from gradwise.probes.probe import Abstain
from gradwise.probes.stopwatch import Stopwatch

LEAST = 3  # timed runs of each variant, after one that is not counted
MOST = 25  # timed runs of each variant


def compare(variants: Mapping[str, Callable[[], None]], watch: Stopwatch) -> dict[str, float]:
    """Median seconds of each variant; they take turns, so that a busy machine hits all alike.

    Args:
        variants: what is timed, by name.
        watch: ends it, but not before each was timed three times; its clock tells the time.

    Raises:
        Abstain: one of them fails, which says whose name it bears.
    """
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for turn in range(MOST + 1):
        if turn > LEAST and watch.over:
            break
        for name, variant in variants.items():
            begin = watch.clock()
            try:
                variant()
            except Exception as error:
                raise Abstain(f"{name} fails on a copy ({type(error).__name__})") from error
            _wait()
            if turn:
                seconds[name].append(watch.clock() - begin)
    return {name: median(taken) for name, taken in seconds.items()}


def _wait() -> None:
    if torch.accelerator.is_available():
        torch.accelerator.synchronize()
