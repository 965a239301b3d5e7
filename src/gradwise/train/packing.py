"""Trees of state as JSON beside named tensors; nothing is pickled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gradwise.errors import GradwiseError


def pack(tree: Any, tensors: dict[str, Tensor], place: str = "") -> Any:
    """``tree`` as JSON can hold it; its tensors are copied into ``tensors``, named by their place.

    Takes None, booleans, numbers, text, tensors, and lists, tuples and mappings of these.  Floats keep
    every bit, because Python's JSON writes the shortest text that reads back as the same number.

    Raises:
        GradwiseError: something else.

    >>> tensors = {}
    >>> pack({"betas": (0.9, 0.99), "state": {0: torch.ones(2)}}, tensors, "adam")
    {'betas': {'tuple': [0.9, 0.99]}, 'state': {'pairs': [[0, {'tensor': 'adam.state.0'}]]}}
    >>> tensors
    {'adam.state.0': tensor([1., 1.])}
    """
    if tree is None or isinstance(tree, bool | int | float | str):
        return tree
    if isinstance(tree, np.generic):
        return tree.item()
    if isinstance(tree, Tensor):
        tensors[place] = tree.detach().clone(memory_format=torch.contiguous_format).cpu()
        return {"tensor": place}
    if isinstance(tree, list):
        return [pack(item, tensors, _within(place, number)) for number, item in enumerate(tree)]
    if isinstance(tree, tuple):
        return {"tuple": pack(list(tree), tensors, place)}
    if isinstance(tree, Mapping):
        if all(isinstance(key, str) for key in tree) and not _MARKS & tree.keys():
            return {key: pack(item, tensors, _within(place, key)) for key, item in tree.items()}
        return {"pairs": [[key, pack(item, tensors, _within(place, key))] for key, item in tree.items()]}
    raise GradwiseError(f"a checkpoint cannot hold {place}, which is a {type(tree).__name__}.")


def unpack(tree: Any, tensors: Mapping[str, Tensor]) -> Any:
    """What `pack` was given; each tensor is a copy of its own on the CPU.

    >>> unpack({"betas": {"tuple": [0.9, 0.99]}, "state": {"pairs": [[0, 1.5]]}}, {})
    {'betas': (0.9, 0.99), 'state': {0: 1.5}}
    """
    if isinstance(tree, list):
        return [unpack(item, tensors) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.keys() == {"tensor"}:
        return tensors[tree["tensor"]].clone()
    if tree.keys() == {"tuple"}:
        return tuple(unpack(tree["tuple"], tensors))
    if tree.keys() == {"pairs"}:
        return {key: unpack(item, tensors) for key, item in tree["pairs"]}
    return {key: unpack(item, tensors) for key, item in tree.items()}


def _within(place: str, key: object) -> str:
    return f"{place}.{key}" if place else str(key)


_MARKS = frozenset({"tensor", "tuple", "pairs"})
