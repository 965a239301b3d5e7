"""Which mutants there are, and which of them are tried, in an order that is fixed and arbitrary."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

from benchmarks.detection.admission import admitted
from benchmarks.detection.corpus import HEALTHY, Pair, load_split
from benchmarks.detection.mutation.measuring import ADMITTED, Known, Mutant, Tried
from benchmarks.detection.mutation.operators import OPERATORS

# Mutants tried for each that is wanted admitted, at most; some faults do harm to few scripts (ours).
TRIES = 3


def load_known(manifest: Path = HEALTHY / "manifest.toml") -> list[Known]:
    """The healthy scripts with their metrics."""
    entries = tomllib.loads(manifest.read_text("utf-8"))["script"]
    return [
        Known(e["script"], e["metric"], e["better"], float(e["trivial"]), tuple(map(float, e["values"])),
              manifest.parent / f"{e['script']}.py")
        for e in entries
        if e.get("values")
    ]  # fmt: skip


def load_twins() -> list[Known]:
    """The fixed twins of the calibration split, where there is a way from their metric to a trivial one."""
    twins = [_twin(pair) for pair in load_split("calibration")[0] if admitted(pair)]
    return [twin for twin in twins if twin.can_lose]


def _twin(pair: Pair) -> Known:
    """What is known of a fixed twin.

    Its manifest says nothing about a trivial value.  Half the mean stands in for it, or twice the
    worst where less is better (ours).
    """
    values = pair.fixed
    trivial = sum(values) / len(values) / 2 if pair.better == "max" else 2 * max(values)
    return Known(pair.name, pair.metric, pair.better, trivial, values, pair.scripts()[1].path)


def columns(only: Sequence[str] = (), *, salt: str = "", twins: bool = False) -> list[list[Mutant]]:
    """All mutants there are, a list for each operator.

    Args:
        only: names of operators and parts of scripts' names; all of either where none is named.
        salt: another one gives another order.
        twins: of fixed twins too.
    """
    names = {operator.name for operator in OPERATORS}
    asked = [operator for operator in OPERATORS if operator.name in only] or OPERATORS
    parts = [part for part in only if part not in names] or [""]
    every = [*load_known(), *(load_twins() if twins else [])]
    scripts = [known for known in every if any(part in known.name for part in parts)]
    sources = {known.path: known.path.read_text("utf-8") for known in scripts}
    found = []
    for operator in asked:
        made = [(known, operator.mutate(sources[known.path])) for known in scripts]
        column = [Mutant(known, operator, source) for known, source in made if source is not None]
        found.append(sorted(column, key=lambda m: hashlib.sha256((salt + m.name).encode()).hexdigest()))
    return found


def due(
    every: Sequence[Sequence[Mutant]],
    done: Mapping[str, Tried],
    *,
    wanted: int | None = None,
    limit: int | None = None,
) -> list[Mutant]:
    """The mutants to try next, operators taking turns; none when there are enough.

    With ``wanted`` it depends on what was admitted so far, but not on how many run side by side.

    Args:
        every: all mutants, operator by operator.
        done: what became of those tried, by the mutant's key.
        wanted: mutants to be admitted for each operator; all are tried where it is None.
        limit: mutants tried in all, at most.
    """
    rows = []
    for column in every:
        open_ones = [m for m in column if m.key not in done]
        if wanted is not None:
            tried = [done[m.key] for m in column if m.key in done]
            lacking = wanted - sum(t.verdict == ADMITTED for t in tried)
            open_ones = open_ones[: max(0, min(lacking, TRIES * wanted - len(tried)))]
        rows.append(open_ones)
    turns = [mutant for row in zip_longest(*rows) for mutant in row if mutant is not None]
    return turns if limit is None else turns[: max(0, limit - len(done))]
