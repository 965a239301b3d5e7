"""From what was said to a row per diagnoser."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.detection.peers.alarms import ALARMING, Said
from benchmarks.detection.peers.table import SPEED, listed, stands_for

# Seconds of a plain run from which on a ratio says more than the diagnoser's own imports.
LONG_ENOUGH = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one diagnoser said about one script.

    Args:
        peer: its name; "none" for the script alone.
        script: name of the script.
        kind: sick, fixed or healthy.
        faults: the planted cause and the names that its manifest calls as fair; empty when nothing is planted.
        said: its words.
        plain: seconds of processor time of the script alone; 0 when that is not known.
    """

    peer: str
    script: str
    kind: str
    faults: tuple[str, ...]
    said: Said
    plain: float = 0.0

    @property
    def rank(self) -> int | None:
        """Place of the first alarm that may stand for the planted fault, from 1; None when there is none."""
        for place, alarm in enumerate(self.said.alarms, start=1):
            if stands_for(self.peer, alarm.kind) & set(self.faults):
                return place
        return None

    @property
    def alarmed(self) -> bool:
        """There is a warning or worse, of whatever kind but speed."""
        speed = SPEED.get(self.peer, frozenset())
        return any(a.level in ALARMING and a.kind not in speed for a in self.said.alarms)

    @property
    def added(self) -> float | None:
        """Seconds that the diagnoser adds, its imports included; None when that is not known."""
        if self.said.extra:
            return self.said.extra
        return self.said.seconds - self.plain if self.said.seconds and self.plain else None

    @property
    def cost(self) -> float | None:
        """Time of the watched run over the plain one; None where it is not known or the run too short."""
        return None if self.added is None or self.plain < LONG_ENOUGH else 1 + self.added / self.plain


@dataclass(frozen=True, slots=True)
class Row:
    """One diagnoser's figures; shares are of the runs it could be attached to.

    Args:
        sick: sick runs it was attached to.
        any_alarm: of those, runs with a warning or worse.
        found: runs with an alarm of the right kind, at whatever level.
        first: runs where that alarm stands first.
        rank: median place of that alarm where found.
        healthy: healthy runs it was attached to.
        healthy_alarms: of those, runs with a warning or worse.
        fixed: fixed twins it was attached to.
        fixed_alarms: of those, runs with a warning or worse.
        told: of the pairs whose twins were both run, those where the fault is found in the sick one and
            no alarm that may stand for it is raised on the fixed one.
        pairs: pairs whose twins were both run.
        unattached: runs it could not be attached to.
        added: median of the seconds it adds.
        cost: median time of the watched run over the plain one, of runs that are long enough.
        worst: the largest.
    """

    peer: str
    sick: int
    any_alarm: int
    found: int
    first: int
    rank: float | None
    healthy: int
    healthy_alarms: int
    fixed: int
    fixed_alarms: int
    told: int
    pairs: int
    unattached: int
    added: float | None
    cost: float | None
    worst: float | None


def row(peer: str, outcomes: Iterable[Outcome]) -> Row:
    """The figures of one diagnoser."""
    mine = [o for o in outcomes if o.peer == peer]
    seen = [o for o in mine if o.said.attached]
    sick, healthy, fixed = ([o for o in seen if o.kind == kind] for kind in ("sick", "healthy", "fixed"))
    ranks = [o.rank for o in sick if o.rank is not None]
    added = [o.added for o in seen if o.added is not None]
    costs = [o.cost for o in seen if o.cost is not None]
    twins = {o.script: o for o in fixed}
    pairs = [(o, twins[o.script]) for o in sick if o.script in twins]
    return Row(
        peer=peer,
        sick=len(sick),
        any_alarm=sum(o.alarmed for o in sick),
        found=len(ranks),
        first=ranks.count(1),
        rank=statistics.median(ranks) if ranks else None,
        healthy=len(healthy),
        healthy_alarms=sum(o.alarmed for o in healthy),
        fixed=len(fixed),
        fixed_alarms=sum(o.alarmed for o in fixed),
        told=sum(s.rank is not None and f.rank is None for s, f in pairs),
        pairs=len(pairs),
        unattached=len(mine) - len(seen),
        added=statistics.median(added) if added else None,
        cost=statistics.median(costs) if costs else None,
        worst=max(costs, default=None),
    )


def rows(outcomes: Sequence[Outcome]) -> list[Row]:
    """A row per diagnoser, in the order in which they come up."""
    return [row(peer, outcomes) for peer in dict.fromkeys(o.peer for o in outcomes)]


def faults_by_peer(outcomes: Sequence[Outcome]) -> dict[str, dict[str, tuple[int, int]]]:
    """Planted cause -> diagnoser -> (found, attached), over the sick runs."""
    table: dict[str, dict[str, tuple[int, int]]] = {}
    for o in outcomes:
        if o.kind == "sick" and o.said.attached:
            cells = table.setdefault(o.faults[0], {})
            found, seen = cells.get(o.peer, (0, 0))
            cells[o.peer] = (found + (o.rank is not None), seen + 1)
    return dict(sorted(table.items()))


def unlisted(outcomes: Iterable[Outcome]) -> list[tuple[str, str]]:
    """Diagnoser and kind of alarm for every kind that came up and is not in the table."""
    kinds = {(o.peer, a.kind) for o in outcomes for a in o.said.alarms}
    return sorted((peer, kind) for peer, kind in kinds if not listed(peer, kind))
