"""Make mutants, see whether they do harm, and check those that do."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.detection.corpus import Better, Script
from benchmarks.detection.mutation import plain
from benchmarks.detection.mutation.operators import Operator
from benchmarks.detection.running import check
from benchmarks.detection.scoring import Outcome

# Seeds under which a mutant must be worse; those of the healthy manifest.
SEEDS = 3
# Share of the way from the trivial metric to the healthy one that each mutant run must lose (ours).
LOST_SHARE = 0.10
Verdict = str
ADMITTED, NO_WORSE, FAILS = "admitted", "no worse", "does not run"


@dataclass(frozen=True, slots=True)
class Known:
    """What the manifest says about a healthy script, or a fixed twin, and where it lies."""

    name: str
    metric: str
    better: Better
    trivial: float
    values: tuple[float, ...]
    path: Path = Path()

    @property
    def can_lose(self) -> bool:
        """Whether even the worst of the healthy runs is better than trivial."""
        return self._way > 0

    def lost(self, value: float) -> float:
        """Share of the way from trivial to healthy that a run with this metric has lost.

        Healthy is the worst of the healthy runs; NaN has lost everything and more.

        >>> Known("a", "", "max", 0.5, (0.9, 1.0)).lost(0.7)
        0.5
        """
        if math.isnan(value):
            return math.inf
        return round(self._sign * (self._worst - value) / self._way, 6)

    @property
    def _sign(self) -> float:
        return 1.0 if self.better == "max" else -1.0

    @property
    def _worst(self) -> float:
        return min(self.values) if self.better == "max" else max(self.values)

    @property
    def _way(self) -> float:
        """From trivial to healthy; not above 0 where healthy runs can be as bad."""
        return self._sign * (self._worst - self.trivial)

    def read(self, output: str) -> float | None:
        """The last metric in a script's output, also where it is NaN, infinite or has an exponent."""
        number = r"(?:nan|inf|[\\d.]+(?:e[+-]?\\d+)?)"
        found = re.findall(re.sub(r"\[\\d\.\]\+", number, self.metric), output)
        with suppress(ValueError):
            return float(found[-1]) if found else None
        return None


@dataclass(frozen=True, slots=True)
class Mutant:
    """One healthy script with one fault.

    Args:
        known: the script it was made of.
        operator: what was planted.
        source: its text.
    """

    known: Known
    operator: Operator
    source: str

    @property
    def name(self) -> str:
        """Script and operator."""
        return f"{self.known.name}--{self.operator.name}"

    @property
    def key(self) -> str:
        """Name and a digest of the text and of the names that count, to know it again."""
        text = self.source + "".join(self.operator.rules)
        return f"{self.name} {hashlib.sha256(text.encode()).hexdigest()[:12]}"

    def script(self, folder: Path) -> Script:
        """The mutant as a file, ready to be checked."""
        path = folder / f"{self.name}.py"
        path.write_text(self.source, "utf-8")
        rules = self.operator.rules
        return Script(self.name, "sick", path, rules[0], rules[1:])


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a mutant.

    Args:
        mutant: which.
        verdict: admitted, or why it was refused.
        values: its metric under the seeds that were run; running ends with the first that is no worse.
        outcomes: what the check said, one per seed; empty when refused.
    """

    mutant: Mutant
    verdict: Verdict
    values: tuple[float, ...] = ()
    outcomes: tuple[Outcome, ...] = ()


def admission(
    known: Known, run: Callable[[int], float | None], seeds: int = SEEDS
) -> tuple[Verdict, tuple[float, ...]]:
    """Whether a mutant is worse under every seed, and its values up to the one that decided.

    Args:
        known: the healthy script.
        run: the mutant's metric under a seed; None when it failed.
        seeds: how many.
    """
    values: list[float] = []
    for seed in range(seeds):
        value = run(seed)
        if value is None:
            return FAILS, tuple(values)
        values.append(value)
        if known.lost(value) < LOST_SHARE:
            return NO_WORSE, tuple(values)
    return ADMITTED, tuple(values)


def try_mutant(mutant: Mutant, folder: Path, seeds: Sequence[int], *, fresh: bool = False) -> Tried:
    """Run a mutant by itself; when it is worse, check it under the seeds.

    Args:
        mutant: which.
        folder: for its file.
        seeds: of the checks; admission has its own.
        fresh: start each run in a new Python; see `forking`.
    """
    script = mutant.script(folder)
    verdict, values = admission(mutant.known, lambda seed: _metric(mutant.known, script.path, seed, fresh))
    if verdict != ADMITTED:
        return Tried(mutant, verdict, values)
    outcomes = tuple(check(script, seed, onset=False, fresh=fresh) for seed in seeds)
    return Tried(mutant, verdict, values, outcomes)


def _metric(known: Known, path: Path, seed: int, fresh: bool) -> float | None:
    printed = plain.output(path, seed, fresh=fresh)
    return None if printed is None else known.read(printed)
