"""Every global source of randomness: seeded at once, saved and put back."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch

from gradwise.errors import UsageError
from gradwise.train.config import LARGEST_SEED


def seed_everything(seed: int) -> None:
    """Seed Python's, NumPy's and torch's global generators (of every device).

    Batches take their order from generators of their own (see `gradwise.train.batches`), so that
    nothing that draws from these changes the order of the data.

    Raises:
        UsageError: the seed is no whole number from 0 to 2³² − 1.

    >>> seed_everything(3)
    >>> first = torch.rand(2), random.random(), float(np.random.rand())
    >>> seed_everything(3)
    >>> first[0].equal(torch.rand(2)) and first[1:] == (random.random(), float(np.random.rand()))
    True
    """
    if not 0 <= seed <= LARGEST_SEED:
        raise UsageError(f"--seed takes a whole number from 0 to {LARGEST_SEED}, not {seed}.")
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (the global state is what users' code draws from)
    torch.manual_seed(seed)


def random_state() -> dict[str, Any]:
    """The state of all global generators: numbers, lists and tensors only.

    Cost: about 10 kB copied; of CUDA devices only where CUDA is in use.
    """
    version, words, spare = random.getstate()
    numpy_state: Any = np.random.get_state(legacy=False)  # noqa: NPY002
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return {
        "python": {"version": version, "words": torch.tensor(words), "spare": spare},
        "numpy": {
            "key": torch.from_numpy(numpy_state["state"]["key"].astype(np.int64)),
            "position": int(numpy_state["state"]["pos"]),
            "has_spare": int(numpy_state["has_gauss"]),
            "spare": float(numpy_state["gauss"]),
        },
        "torch": torch.get_rng_state(),
        "cuda": cuda,
    }


def restore_random_state(state: dict[str, Any]) -> None:
    """Put all global generators where `random_state` found them; CUDA's where as many devices are here."""
    python, numpy_state = state["python"], state["numpy"]
    random.setstate((python["version"], tuple(python["words"].tolist()), python["spare"]))
    np.random.set_state(  # noqa: NPY002
        (
            "MT19937",
            numpy_state["key"].numpy().astype(np.uint32),
            numpy_state["position"],
            numpy_state["has_spare"],
            numpy_state["spare"],
        )
    )
    torch.set_rng_state(state["torch"])
    if state["cuda"] and torch.cuda.is_available() and torch.cuda.device_count() == len(state["cuda"]):
        torch.cuda.set_rng_state_all(state["cuda"])
