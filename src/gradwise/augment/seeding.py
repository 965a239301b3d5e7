"""Where the random numbers of a batch come from."""

from __future__ import annotations

import numpy as np
import torch

_OWN = 0x61756700  # sets these numbers apart from those that shuffle the rows of the same seed and epoch


def generator_for(seed: int, epoch: int, batch: int) -> torch.Generator:
    """A generator on the CPU that depends on these three numbers and nothing else.

    So a batch is augmented alike whoever prepares it, whenever, and after whatever else drew numbers.

    Args:
        seed: of the training.
        epoch: counted from 0.
        batch: of the epoch, counted from 0.

    >>> first, again = generator_for(0, 2, 5), generator_for(0, 2, 5)
    >>> torch.rand(3, generator=first).equal(torch.rand(3, generator=again))
    True
    """
    words = np.random.SeedSequence((seed, epoch, batch, _OWN)).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(words[0]) >> 1)  # 63 bits


def numpy_generator(generator: torch.Generator | None) -> np.random.Generator:
    """NumPy's, seeded by torch's: for distributions that torch draws from its global state only."""
    return np.random.default_rng(int(torch.randint(2**63 - 1, (), generator=generator)))
