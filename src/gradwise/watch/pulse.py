"""What the wrappers look at in every step: a handful of numbers kept close together.

A step's kernels leave little of Python in the processor's caches, so what the
wrappers touch costs several times what it costs in a tight loop.  Slots of one
small object and no method calls keep that to a few microseconds
(measured by benchmarks/cost).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradwise.watch.finder import Finder

NAN = float("nan")


class Pulse:
    """The every-step state that a session and its wrappers share.

    Args:
        deadline: when the run is stopped, of ``perf_counter``.
        rows: of the ledger, one per step.
    """

    __slots__ = (
        "calls", "compiles", "data_wait", "deadline", "finder", "last_end", "loss", "plain", "quiet", "rows",
        "solo", "step", "usual", "wake",
    )  # fmt: skip

    def __init__(self, deadline: float, rows: list[tuple[float, float, float, float]]) -> None:
        self.quiet = False  # nothing to look at in this step: losses take the short path
        self.plain = False  # ... and backwards too: they began from one number on the CPU until now
        self.loss: float | None = None  # read at this step's backward, on the short path
        self.finder: Finder | None = None  # looks at the gradients of every step, on the short path too
        self.compiles = False  # torch.compile was called
        self.solo = 0  # id of the only optimizer of a round, for the short path
        self.step = 0
        self.wake = 0  # step at which the long path is taken next
        self.deadline = deadline
        self.last_end = NAN  # when the last step ended; NaN: not only training has passed since
        self.data_wait = 0.0  # s since the last step
        self.rows = rows
        self.calls = 0  # losses with gradients since the last step
        self.usual = float("inf")  # how many of them a step makes at most, once that is known

    def stir(self) -> None:
        """Take the long paths until all is quiet again."""
        self.quiet = self.plain = False

    def rest(self) -> None:
        """Nobody listens any more."""
        self.quiet = self.plain = False
        self.loss, self.solo, self.finder = None, 0, None
