"""When a state is kept, and which one a run returns to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gradwise.heal.live.purse import Purse
from gradwise.heal.live.ring import Kept, Ring, RingError
from gradwise.heal.live.state import Body, finite
from gradwise.rules.loss_spike import BACK

SHARE, AHEAD = 0.015, 0.3  # of the run's time, and seconds ahead of it, for keeping states
SPACING = 20  # steps between two states, at least
CONFIRMED = 5  # steps without trouble after which a state is trusted
TOLERATED = 3  # states that could not be kept before no more are tried


class Keeper:
    """Keeps good states in a ring, within a share of the run's time.

    Args:
        folder: of the ring.
    """

    def __init__(self, folder: Path) -> None:
        self.ring, self.body = Ring(folder), Body()
        self.purse = Purse(SHARE, AHEAD)
        self.rates: dict[int, dict[int, float]] = {}  # of the optimizers by id, at the step of a state
        self.tried = False
        self.sound = False  # the weights were finite once, so that they should stay so
        self.latest = 0  # step of the latest state
        self.mended = 0  # buffers put back
        self.returning_seconds = 0.0  # s
        self._failed = 0
        self._problem = ""

    @property
    def problem(self) -> str:
        """Why states could not be kept, as an addition to a sentence."""
        return f" ({self._problem})" if self._problem else ""

    def begin_again(self) -> None:
        """Another stage begins: the states are those of the one before, and a new one is due."""
        self.ring.clear()
        self.latest = -SPACING

    def due(self, step: int) -> bool:
        """Whether a state may be kept now."""
        return step - self.latest >= SPACING and self._failed < TOLERATED and self.purse.allows()

    def keep(
        self,
        step: int,
        modules: Iterable[Any],
        optimizers: Iterable[Any],
        *,
        rates: Mapping[int, float],
        level: float = math.inf,
    ) -> str:
        """Keep the state of now, if it is good; returns why it could not be written.

        Args:
            step: training steps done.
            modules: all that exist.
            optimizers: all that exist.
            rates: of the optimizers, by id.
            level: of the losses.
        """
        self.tried, self.latest = True, step
        with self.purse.paying():
            self.body.look(modules, optimizers)
            if not finite(self.body.weights()):
                return ""
            self.sound = True
            if not finite(self.body.buffers()):
                return ""
            document, size = self.body.take()
            try:
                self.ring.put(step, {"step": step, **document}, size, level)
            except RingError as error:
                self._failed += 1
                self._problem = str(error)
                return f"a state could not be kept in {self.ring.folder}: {error}"
        known = {**self.rates, step: dict(rates)}
        self.rates = {each.step: known[each.step] for each in self.ring.kept}
        self._failed = 0
        return ""

    def choose(self, since: int, *, level: float = math.inf, lowest: bool = False) -> Kept | None:
        """The newest state that is trusted at a step.

        Args:
            since: step from which on the run is not to be trusted.
            level: of the losses when all was well; states of higher ones are passed over where that can be.
            lowest: take the one with the lowest level instead.
        """
        kept = self.ring.kept
        trusted = [each for each in kept if each.step + CONFIRMED <= since + 1] or kept[:1]
        if lowest:
            return min(trusted, key=lambda each: each.level, default=None)
        well = [each for each in trusted if each.level <= BACK * level] or trusted[:1]
        return well[-1] if well else None

    def put_back(self, kept: Kept) -> Kept | None:
        """Return to a state, or to an older one where it cannot be read; forgets newer ones."""
        older = [each for each in self.ring.kept if each.step <= kept.step]
        for each in [each for each in self.ring.kept if each.step > kept.step]:
            self.ring.drop(each)
        for each in reversed(older):
            try:
                document = self.ring.read(each)
            except RingError as error:
                self._problem = str(error)
                self.ring.drop(each)
                continue
            self.body.put_back(document)
            return each
        return None

    def mend(self, kept: Kept | None) -> int:
        """Put back buffers that are no longer finite; returns how many."""
        if kept is None or finite(self.body.buffers()):
            return 0
        try:
            mended = self.body.mend(self.ring.read(kept))
        except RingError as error:
            self._problem = str(error)
            return 0
        self.mended += mended
        return mended
