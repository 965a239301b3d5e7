"""Which scripts are run, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks.detection.corpus import Script, load_healthy, load_pairs

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Task:
    """One script to run.

    Args:
        name: of the script.
        kind: sick, fixed or healthy.
        path: the file.
        faults: the planted cause and what is as fair a name for it; the same for a fixed twin, where it is gone.
    """

    name: str
    kind: str
    path: Path
    faults: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Kind and name."""
        return f"{self.kind}/{self.name}"


def choose(only: str = "", limit: int = 0) -> list[Task]:
    """Sick scripts, fixed twins and healthy ones, in an order of which every beginning is spread evenly.

    Args:
        only: keep scripts whose name, or whose planted fault, holds this.
        limit: this many sick scripts, and as many that are fine: half of them twins of chosen sick ones.
    """
    pairs = [p for p in load_pairs() if only in p.name or only in p.expected]
    healthy = [s for s in load_healthy() if only in s.name]
    if limit:
        pairs = spread(pairs, limit)
        healthy = spread(healthy, limit // 2 if len(healthy) > limit // 2 else len(healthy))
    tasks = []
    for pair in scattered(pairs):
        sick, fixed = pair.scripts()
        faults = (pair.expected, *pair.accepted)
        tasks.append([_task(sick, faults), _task(fixed, faults)])
    keep = limit - len(healthy) if limit else len(tasks)
    sick_and_fixed = [both if i < keep else both[:1] for i, both in enumerate(tasks)]
    fine = [_task(s, ()) for s in scattered(healthy)]
    every = max(1, round(len(sick_and_fixed) / len(fine))) if fine else 1
    result: list[Task] = []
    for i, both in enumerate(sick_and_fixed):
        result += both
        if i % every == 0 and fine:
            result.append(fine.pop(0))
    return result + fine


def spread(items: Sequence[T], count: int) -> list[T]:
    """So many of the items, at even distances.

    >>> spread("abcdefgh", 3)
    ['a', 'c', 'f']
    """
    if count >= len(items):
        return list(items)
    return [items[i * len(items) // count] for i in range(count)]


def scattered(items: Sequence[T]) -> list[T]:
    """All items, ordered so that the first few already lie far apart: by the mirrored bits of their place.

    >>> scattered([0, 1, 2, 3, 4])
    [0, 4, 2, 1, 3]
    """
    bits = max(len(items) - 1, 1).bit_length()
    return [items[i] for i in sorted(range(len(items)), key=lambda i: int(f"{i:0{bits}b}"[::-1], 2))]


def _task(script: Script, faults: tuple[str, ...]) -> Task:
    return Task(script.name, script.kind, script.path.resolve(), faults)
