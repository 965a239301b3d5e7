"""gradwise's own loop without the doctor, by turns with the doctor in the same process.

Two processes differ by more than the 2 % that the doctor may cost; blocks of one training do not.  Watched
blocks do not count into samples/s here: they are what ``doctor_ratio`` compares with.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.fit import ours
from benchmarks.fit.meter import Meter
from benchmarks.fit.workloads import Problem
from gradwise.fitting.doctor import Doctor
from gradwise.train.training import Training
from gradwise.watch.patches import Patches

TITLE = "gradwise, doctor off"
NEEDS, ONLY = ours.NEEDS, ours.ONLY
BLOCK_SECONDS = 0.5  # of a turn
WARM_TURNS = 2  # one of either, not counted


class ByTurns(ours.Ticks):
    """Puts the doctor's patches on and off between steps, and keeps the time of either."""

    def __init__(self, meter: Meter, doctor: Doctor) -> None:
        super().__init__(meter)
        self.doctor = doctor
        self.patches: Patches | None = None
        self.seconds = {True: 0.0, False: 0.0}  # by whether it is watched
        self.rows = {True: 0, False: 0}
        self.turns = 0
        self.block: tuple[float, int] | None = None  # clock and rows where the turn began

    def on_step_end(self, training: Training) -> None:
        """Count; the other's turn once the block is over."""
        watched = self.patches is not None
        seen = training.progress.seen
        if self.block is None:
            self.block = (self.meter.clock(), seen)
        if not watched:
            self.meter.tick(seen - self.seen)
        self.seen = seen
        spent = self.meter.clock() - self.block[0]
        if spent >= BLOCK_SECONDS:
            self.turns += 1
            if self.turns > WARM_TURNS:
                self.seconds[watched] += spent
                self.rows[watched] += seen - self.block[1]
            if watched:
                self.meter.paused += spent
            self._turn()
            self.block = (self.meter.clock(), seen)
            if all(self.rows.values()):
                speed = {mode: self.rows[mode] / self.seconds[mode] for mode in self.rows}
                self.meter.doctor_ratio = speed[True] / speed[False]

    def _turn(self) -> None:
        if self.patches is None:
            self.patches = Patches(self.doctor.session)
            self.doctor.session.resume()
        else:
            self.patches.remove()
            self.patches = None

    def close(self) -> None:
        """Leave nothing patched."""
        if self.patches is not None:
            self.patches.remove()
        self.doctor.session.finish("finished")


def train(problem: Problem, meter: Meter) -> None:
    """Train until the meter has seen enough."""
    meter.only_time()
    with tempfile.TemporaryDirectory() as folder:
        turns: list[ByTurns] = []

        def callback(training: Training) -> ours.Ticks:
            doctor = Doctor(Path(folder) / "run", training.model, training.optimizer, problem.workload.name)
            turns.append(ByTurns(meter, doctor))
            return turns[0]

        try:
            ours.run(problem, meter, callback)
        finally:
            for turn in turns:
                turn.close()
