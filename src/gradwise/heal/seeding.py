"""Other seeds for a script that is left as it is: what it asks for is shifted where it asks.

With a shift, every whole number that the script seeds a generator with becomes
another one, the same for the same shift; generators that it never seeds are
seeded before its first line.  Shift 0 leaves the script's own seeds alone and
fixes only what the script leaves to chance.

Left alone, and so the same with every shift: scikit-learn's ``random_state``,
``numpy.random.RandomState`` (which scikit-learn makes of it) and
``random.Random``, which usually make data and splits; and seeds that are no
numbers.
"""

from __future__ import annotations

import functools
import random
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

STRIDE = 1_000_003  # between two shifts; prime and wide, since scripts count their own seeds 0, 1, 2
LIMIT = 2**32  # numpy takes seeds below it, torch more
UNSEEDED = 20_011  # what a generator begins with that the script never seeds


def shifted(seed: int, shift: int) -> int:
    """Another seed for a seed.

    >>> shifted(42, 0), shifted(42, 1), shifted(-1, 1)
    (42, 1000045, 1000002)
    """
    return (seed + shift * STRIDE) % LIMIT if shift else seed


@contextmanager
def shifted_seeds(shift: int | None) -> Iterator[None]:
    """Shift the seeds of what runs within.

    Args:
        shift: 0 for the script's own seeds; None to touch nothing at all.
    """
    if shift is None:
        yield
        return
    undo: list[Callable[[], None]] = []
    try:
        _seed_first(shift)
        _wrap_default_rng(undo, shift)
        if shift:
            for owner, name in _seeders():
                _replace(undo, owner, name, _shifting(getattr(owner, name), shift))
            _wrap_generator(undo, shift)
        yield
    finally:
        while undo:
            undo.pop()()


def _seed_first(shift: int) -> None:
    """What a script that never seeds draws from."""
    import numpy as np
    import torch

    seed = shifted(UNSEEDED, shift)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  the generator that scripts share
    torch.default_generator.manual_seed(seed)
    if shift and torch.cuda.is_available():  # without a seed CUDA's own begins alike in each process
        torch.cuda.manual_seed_all(seed)


def _seeders() -> Iterator[tuple[Any, str]]:
    """Functions whose first argument is a seed, at every place from which scripts take them."""
    import numpy as np
    import torch

    yield from ((torch, "manual_seed"), (torch.random, "manual_seed"))
    yield from ((torch.cuda, "manual_seed"), (torch.cuda, "manual_seed_all"))
    yield from ((random, "seed"), (np.random, "seed"))
    yield from ((np.random, name) for name in ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"))


class _Within:
    """Whether a seeder is running, since torch's calls those of its devices with what is shifted already."""

    deep = False


def _shifting(original: Any, shift: int) -> Any:
    """The seeder with its first argument shifted, where that is a whole number."""
    if isinstance(original, type):  # a bit generator; a subclass, so that it can be asked about and kept
        body = {"__init__": _init(original, shift), "__module__": "numpy.random"}
        return type(original.__name__, (original,), body)
    name = {"manual_seed": "seed", "manual_seed_all": "seed"}.get(original.__name__, "")

    @functools.wraps(original)
    def seeder(*given: Any, **named: Any) -> Any:
        if _Within.deep:
            return original(*given, **named)
        _Within.deep = True
        try:
            if given:
                return original(_other(given[0], shift), *given[1:], **named)
            word = name if name in named else "a" if "a" in named else "seed"
            return original(**{**named, word: _other(named[word], shift)} if word in named else named)
        finally:
            _Within.deep = False

    return seeder


def _init(original: Any, shift: int) -> Callable[..., None]:
    def init(self: Any, seed: Any = None) -> None:
        original.__init__(self, _other(seed, shift))

    return init


def _other(seed: Any, shift: int) -> Any:
    """The shifted seed; what is no whole number, or several, stays."""
    if isinstance(seed, bool) or seed is None:
        return seed
    if isinstance(seed, int):
        return shifted(seed, shift)
    if isinstance(seed, list | tuple) and seed and all(isinstance(one, int) for one in seed):
        return [*seed, shift]
    try:  # numpy's and torch's numbers
        return shifted(seed.__index__(), shift)
    except (AttributeError, TypeError, ValueError, RuntimeError):
        return seed


def _wrap_default_rng(undo: list[Callable[[], None]], shift: int) -> None:
    """``default_rng()`` without a seed gives one fixed stream after the other; with a number, the shifted."""
    import numpy as np

    original = np.random.default_rng
    counted = iter(range(sys.maxsize))

    @functools.wraps(original)
    def default_rng(seed: Any = None) -> Any:
        if seed is None:
            return original([UNSEEDED, shift, next(counted)])
        return original(_other(seed, shift) if shift else seed)

    _replace(undo, np.random, "default_rng", default_rng)


def _wrap_generator(undo: list[Callable[[], None]], shift: int) -> None:
    """Generators that the script makes from now on.

    The type is C's own and its methods cannot be replaced, so another stands
    in its place; whoever asks whether something is a generator asks for both.
    """
    import torch

    original = torch.Generator

    kind_of: Any = type(original)  # torch gives it a metaclass of its own

    class Either(kind_of):  # type: ignore[misc]
        def __instancecheck__(self, thing: Any) -> bool:
            return isinstance(thing, original)

    def make(cls: Any, *given: Any, **named: Any) -> Any:
        made = original.__new__(cls, *given, **named)
        original.manual_seed(made, shifted(made.initial_seed(), shift))
        return made

    def manual_seed(self: Any, seed: Any) -> Any:
        return original.manual_seed(self, _other(seed, shift))

    body = {"__new__": make, "manual_seed": manual_seed, "__doc__": original.__doc__}
    kind = types.new_class("Generator", (original,), {"metaclass": Either}, lambda names: names.update(body))
    kind.__module__ = "torch"
    _replace(undo, torch, "Generator", kind)


def _replace(undo: list[Callable[[], None]], owner: Any, name: str, value: Any) -> None:
    before = getattr(owner, name)
    setattr(owner, name, value)
    undo.append(lambda: setattr(owner, name, before))
