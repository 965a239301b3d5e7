"""Contestants by turns, so that a slow moment of the machine hits all alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from time import perf_counter, process_time

CLOCKS = {"wall": perf_counter, "cpu": process_time}


def turns(
    contestants: Mapping[str, Callable[[], object]], *, count: int, seconds: float, clock: str
) -> dict[str, list[float]]:
    """Seconds per call in every turn, by contestant.

    Args:
        contestants: what to call.
        count: turns.
        seconds: that a contestant's calls take in one turn, about; one call at least.
        clock: a key of `CLOCKS`.
    """
    now = CLOCKS[clock]
    calls = {}
    for name, call in contestants.items():
        call()
        begin = now()
        call()
        calls[name] = max(1, round(seconds / max(now() - begin, 1e-6)))
    spent: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(count):
        for name in list(contestants)[:: 1 if turn % 2 else -1]:
            contestants[name]()  # what the one before left in memory and caches does not count
            begin = now()
            for _ in range(calls[name]):
                contestants[name]()
            spent[name].append((now() - begin) / calls[name])
    return spent


def ratio(spent: Mapping[str, list[float]], slow: str, quick: str) -> tuple[float, float, float]:
    """Median, least and largest of how many times as long ``slow`` takes as ``quick``, turn by turn."""
    each = [one / other for one, other in zip(spent[slow], spent[quick], strict=True)]
    return statistics.median(each), min(each), max(each)
