"""Random states of torch, NumPy and Python: kept, set, and put back."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch


def states() -> dict[str, Any]:
    """All states as they are; reading them draws nothing."""
    kept: dict[str, Any] = {"torch": torch.get_rng_state(), "python": random.getstate()}
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        kept["numpy"] = numpy.random.get_state()
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        kept["cuda-all"] = torch.cuda.get_rng_state_all()
    return kept


def put(kept: Mapping[str, Any]) -> None:
    """Set the states that are named."""
    if "torch" in kept:
        torch.set_rng_state(kept["torch"])
    if "python" in kept:
        random.setstate(kept["python"])
    numpy = sys.modules.get("numpy")
    if "numpy" in kept and numpy is not None:
        numpy.random.set_state(kept["numpy"])
    if "cuda" in kept:
        torch.cuda.set_rng_state(kept["cuda"])
    if "cuda-all" in kept:
        torch.cuda.set_rng_state_all(kept["cuda-all"])


@contextmanager
def kept() -> Iterator[None]:
    """Whatever is drawn within, the states are afterwards what they were before."""
    before = states()
    try:
        yield
    finally:
        put(before)
