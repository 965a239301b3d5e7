"""How much of a run's time may be spent beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter


class Purse:
    """Time that is earned as the run goes on.

    Args:
        share: of the run's time that may be spent.
        ahead: seconds that may be spent before they are earned.
    """

    def __init__(self, share: float, ahead: float) -> None:
        self.share, self.ahead = share, ahead
        self.spent = 0.0
        self.latest = 0.0  # what it cost last time, s
        self._began = perf_counter()

    def allows(self) -> bool:
        """Whether what cost `latest` may be done again."""
        earned = self.share * (perf_counter() - self._began)
        return self.spent + self.latest <= self.ahead + earned

    @contextmanager
    def paying(self) -> Iterator[None]:
        """What is done within is paid from it."""
        begin = perf_counter()
        try:
            yield
        finally:
            self.latest = perf_counter() - begin
            self.spent += self.latest
