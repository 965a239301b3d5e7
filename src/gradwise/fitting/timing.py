"""Where the time of a fit goes: seconds for each of its parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter

PARTS = ("read", "split", "encode", "choose", "train", "judge")  # in the order in which they come


@contextmanager
def timed(seconds: dict[str, float], part: str) -> Iterator[None]:
    """Add the seconds that the block takes to ``seconds[part]``, also when it fails."""
    begin = perf_counter()
    try:
        yield
    finally:
        seconds[part] = round(seconds.get(part, 0.0) + perf_counter() - begin, 3)


def told(seconds: Mapping[str, float]) -> str:
    """All parts in one line.

    >>> told({"train": 12.34, "read": 0.04})
    'read 0.0 s, train 12.3 s'
    """
    known = [*(part for part in PARTS if part in seconds), *(part for part in seconds if part not in PARTS)]
    return ", ".join(f"{part} {seconds[part]:.1f} s" for part in known)
