"""Work cut into blocks of rows that fit a budget of memory, done by as many threads as BLAS may use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from threadpoolctl import threadpool_info, threadpool_limits

BUDGET = 256 * 2**20  # bytes of intermediate results at a time, over all threads
MOST_ROWS = 1_024  # of a block; larger matrix products are no faster


def in_blocks(work: Callable[[slice], None], count: int, row_bytes: int, *, budget: int = BUDGET) -> None:
    """Call ``work`` for slices that cover ``count`` rows.

    Every thread takes a block of its own and its matrix products use that thread alone, so what NumPy
    does element by element between them uses all cores too.  How many threads: as many as BLAS is
    allowed (``OMP_NUM_THREADS``).

    Args:
        work: is called once for every slice, from several threads at once.
        count: rows in all.
        row_bytes: intermediate bytes that a row takes.
        budget: bytes that all blocks at work may take together; a block has at least one row.

    >>> seen = []
    >>> in_blocks(lambda rows: seen.append((rows.start, rows.stop)), 5, row_bytes=BUDGET // 2)
    >>> sorted(seen)[0][0], sorted(seen)[-1][1]
    (0, 5)
    """
    threads = _threads()
    blocks = list(slices(count, max(1, min(budget // threads // max(row_bytes, 1), MOST_ROWS))))
    if threads == 1 or len(blocks) == 1:
        for rows in blocks:
            work(rows)
        return
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, blocks):
            pass


def slices(count: int, size: int) -> Iterator[slice]:
    """Slices of ``size`` rows, the last one shorter.

    >>> list(slices(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def _threads() -> int:
    """As many as the BLAS libraries in this process may use."""
    allowed = [int(pool["num_threads"]) for pool in threadpool_info() if pool["user_api"] == "blas"]
    return max(allowed, default=1)
