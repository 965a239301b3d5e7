"""The layout of a net's weights, small enough to be kept: names and shapes, and a digest of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from torch import Tensor

OWN = "pixels."  # standardisation of the images, which published weights do not hold
DIGITS = 16  # of the digest


def layout(state_dict: Mapping[str, Tensor]) -> list[str]:
    """Lines ``name (shape)`` in the order of the names; those of `OWN` are left out.

    >>> import torch
    >>> layout({"fc.weight": torch.zeros(2, 3), "bn.count": torch.tensor(0), "pixels.scale": torch.zeros(1)})
    ['bn.count ()', 'fc.weight (2, 3)']
    """
    return sorted(
        f"{name} ({', '.join(map(str, tensor.shape))})"
        for name, tensor in state_dict.items()
        if not name.startswith(OWN)
    )


def digest(lines: Iterable[str]) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of the lines."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:DIGITS]
