"""The search: one candidate after the other, over part of the steps where that tells, until one is enough."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradwise.errors import TraceError
from gradwise.heal.candidates import Candidate
from gradwise.heal.making import Runs
from gradwise.heal.metric import Metric, early
from gradwise.heal.trial import Ran
from gradwise.heal.trying import Cost, Ground, Tried
from gradwise.trace.findings import Finding
from gradwise.trace.read import read_run

THIRD = 3  # of a rung's candidates one in so many goes on
LADDERS = ((1 / 9, 1 / 3), (1 / 3,))  # shares of the steps; the proof itself is over all of them
FEWEST_STEPS = 50  # of a shortened run; fewer say little
MOST = 6  # candidates over part of the steps
MOST_WHOLE = 3  # candidates over all of them, where less does not tell
CLEARLY = 0.05  # share of the gain by which a run with an ailment must gain more than one without; ours
CROWD = 4  # candidates, from which on a rung over few steps saves more than it costs


@dataclass(frozen=True, slots=True)
class Plan:
    """How candidates are compared.

    Args:
        candidates: so many, the likeliest.
        shares: of the steps, rung by rung.
        metric: what they are compared by.
    """

    candidates: int
    shares: tuple[float, ...]
    metric: Metric

    def seconds(self, cost: Cost) -> float:
        """What it takes at most."""
        total, count = 0.0, self.candidates
        for share in self.shares:
            total += count * cost.run(share)
            count = kept(count)
        return total


def planned(
    candidates: int, ground: Ground, seconds: float, since: float = 0.0, *, whole: bool = False
) -> Plan | None:
    """As many candidates as the time allows, over as few steps as tell something.

    Args:
        candidates: how many there are.
        ground: what they are held against.
        seconds: for all of them together.
        since: step at which the latest of their causes showed; a run must be twice as long to tell.
        whole: whether only all steps tell.

    Returns:
        None where the time does not reach for one.
    """
    cost, place = Cost.of(ground.first), ground.runs.place(ground.first)
    plan = Plan(min(candidates, MOST_WHOLE), (1.0,), ground.metrics[0])
    for shares in LADDERS if ground.shortens and not whole else ():
        steps = ground.steps(shares[0])
        if steps < 2 * since:
            continue
        metric = early(ground.metrics, place, shares[0], steps) if steps >= FEWEST_STEPS else None
        if metric is not None and (len(shares) == 1 or candidates >= CROWD):
            plan = Plan(min(candidates, MOST), shares, metric)
            break
    while plan.candidates and plan.seconds(cost) > seconds:
        plan = replace(plan, candidates=plan.candidates - 1)
    return plan if plan.candidates else None


def kept(count: int) -> int:
    """How many of a rung go on.

    >>> kept(6), kept(2)
    (2, 2)
    """
    return min(count, max(2, math.ceil(count / THIRD)))


def search(
    candidates: Sequence[Candidate], plan: Plan, ground: Ground, before: Tried | None = None
) -> tuple[list[Tried], Tried | None]:
    """Try candidates as planned, with seeds that no proof uses.

    It ends as soon as one is enough: better than nothing and not clearly worse than what was tried before,
    its run without an ailment.  Over part of the steps that counts only where the cause shows as early.

    Args:
        candidates: the likeliest first.
        plan: how many, over which shares.
        ground: what they are held against.
        before: what was tried already.

    Returns:
        All that was tried on the last rung, in the order made, and the one that was enough.

    Raises:
        OutOfTimeError: the budget is spent.
    """
    live, rung = [one for one in candidates if ground.hopeful(one.cures)][: plan.candidates], list[Tried]()
    for share in plan.shares:
        if rung:
            live = [one.candidate for one in ranked(rung, plan.metric, ground)[: kept(len(rung))]]
        rung = []
        for candidate in live:
            if not ground.hopeful(candidate.cures):
                continue
            one = ground.whole(candidate) if share == 1.0 else ground.short(candidate, share, plan.metric)
            if all(one.candidate.name != other.candidate.name for other in rung):
                rung.append(one)
            if _enough(one, plan.metric, ground, before):
                return rung, one
    return rung, None


def ranked(tried: Sequence[Tried], metric: Metric, ground: Ground) -> list[Tried]:
    """Those that ended, the best first; of equals one without an ailment, of these the likelier.

    Args:
        tried: runs over the same share of the steps.
        metric: of shortened runs.
        ground: what they are held against.
    """
    ended = [one for one in tried if one.ran.held]
    if not ended:
        return []
    known = ground.metrics if ended[0].share == 1.0 else [metric]
    by = ground.agreed(ended, known)
    valued = ground.valued(ended, [by])
    return sorted(valued, key=lambda one: (by.rank(one.value), not one.clean, one.candidate.rank))


def _enough(one: Tried, short: Metric, ground: Ground, before: Tried | None) -> bool:
    """Whether nothing else need be tried."""
    metric = ground.numbered(one, short)
    if not one.clean or not metric.better(one.value, one.nothing) or not _soon(one, ground):
        return False
    return before is None or not clearly(one, before, short, ground)


def clearly(base: Tried, other: Tried, short: Metric, ground: Ground) -> bool:
    """Whether a run gains so much more over nothing that one without an ailment is given up for it.

    Args:
        base: the run without an ailment.
        other: the other one; both are compared over the shorter share of the steps.
        short: metric of shortened runs.
        ground: what they are held against.
    """
    share = min(base.share, other.share)
    level = [replace(base, share=share), replace(other, share=share)]
    metric = ground.agreed(level) if share == 1.0 else short
    one, two = ground.valued(level, [metric])
    if not metric.better(two.value, one.value):
        return False
    if math.isnan(one.value) or math.isnan(two.nothing):
        return True
    values = [two.nothing, one.value, two.value]
    if metric.lower and min(values) > 0:  # losses by their ratio, as in the proof
        values = [math.log(value) for value in values]
    nothing, less, more = values
    return abs(more - nothing) >= (1 + CLEARLY) * abs(less - nothing)


def _soon(one: Tried, ground: Ground) -> bool:
    """Whether the causes showed so early in the script's own run that a shortened one would have them."""
    if one.share == 1.0:
        return True
    since = latest([one.candidate], ground.findings)
    return since is not None and since <= ground.steps(one.share) / 2


def latest(candidates: Sequence[Candidate], findings: Sequence[Finding]) -> int | None:
    """The step at which the last of their causes showed; None where none of them is among the findings."""
    causes = {cause for one in candidates for cause in one.cause.split(" + ")}
    return max((found.since_step for found in findings if found.rule in causes), default=None)


def repeated(first: Ran, other: Ran, runs: Runs) -> bool | None:
    """Whether another run had the same losses as far as both go; None where that cannot be told.

    Args:
        first: the script's own run.
        other: another run.
        runs: keeps both.
    """
    try:
        one, two = (read_run(runs.place(ran)).trace.step_signal("loss") for ran in (first, other))
    except TraceError:
        return None
    count = min(len(one), len(two))
    if not count or int(one.counts[:count].max()) > 1 or int(two.counts[:count].max()) > 1:
        return None  # thinned, so that the ends of buckets may differ
    return bool(np.array_equal(one.mean[:count], two.mean[:count], equal_nan=True))
