"""Work done ahead by one thread: same order, same errors."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Made = TypeVar("Made")
AHEAD = 2  # jobs; one is being made while one lies ready


def ahead(jobs: Iterable[Callable[[], Made]]) -> Iterator[Made]:
    """The results of ``jobs`` in their order, made by one background thread while the last is used.

    One thread and a fixed order: what comes out does not depend on timing.  An error of a job is raised
    where its result would have come.  When the caller stops early, jobs not yet begun are dropped.

    >>> list(ahead(lambda number=number: number * number for number in range(4)))
    [0, 1, 4, 9]
    """
    waiting: deque[Future[Made]] = deque()
    pool = ThreadPoolExecutor(1, thread_name_prefix="gradwise-batches")
    try:
        for job in jobs:
            waiting.append(pool.submit(job))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
