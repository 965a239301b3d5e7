"""Successive halving: many candidates over few steps, the better third over more, the last ones over all."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gradwise.errors import TraceError
from gradwise.heal.candidates import Candidate, paired
from gradwise.heal.making import Runs
from gradwise.heal.metric import Metric, shorter
from gradwise.heal.trial import Ran, Trial
from gradwise.trace.read import read_run

THIRD = 3  # of a rung's candidates one in so many goes on
LADDERS = ((1.0,), (1 / 3, 1.0), (1 / 9, 1 / 3, 1.0))  # shares of the steps
FEWEST_STEPS = 50  # of a shortened run; fewer say little
MOST = 8  # candidates
PAIRS = 2  # of cures for two causes


@dataclass(frozen=True, slots=True)
class Cost:
    """What the script's own run took.

    Args:
        overhead: seconds that pass whatever its length: starting, judging.
        script: seconds of the script itself.
        steps: that it trained.
    """

    overhead: float
    script: float
    steps: int

    @classmethod
    def of(cls, ran: Ran) -> Cost:
        """The cost of runs like this one."""
        return cls(
            max(ran.seconds - ran.script_seconds, 0.0), min(ran.script_seconds, ran.seconds), ran.steps
        )

    def run(self, share: float = 1.0) -> float:
        """Seconds of a run over a share of the steps."""
        return self.overhead + share * self.script


@dataclass(frozen=True, slots=True)
class Plan:
    """How candidates are compared: so many, over these shares of the steps."""

    candidates: int
    shares: tuple[float, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Tried:
    """A candidate and its number over a share of the steps; NaN where it has none."""

    candidate: Candidate
    ran: Ran
    share: float
    value: float


@dataclass(slots=True)
class Search:
    """What came of all candidates.

    Args:
        tried: every run, in the order made.
        best: the best candidate over all steps; None where none is better than nothing.
        nothing: the number of the script as it is.
        metric: what whole runs were compared by.
    """

    tried: list[Tried] = field(default_factory=list)
    best: Candidate | None = None
    nothing: float = math.nan
    metric: Metric | None = None


def planned(candidates: int, cost: Cost, seconds: float) -> Plan | None:
    """As many candidates as the time allows, in the way that takes least time.

    Args:
        candidates: how many there are.
        cost: of a run.
        seconds: for all of them together.

    Returns:
        None where the time does not reach for one.

    >>> planned(6, Cost(2.0, 2.0, 500), 100.0)  # starting takes as long as training: shortening saves nothing
    Plan(candidates=6, shares=(1.0,), seconds=24.0)
    >>> planned(6, Cost(2.0, 90.0, 500), 500.0).shares
    (0.1111111111111111, 0.3333333333333333, 1.0)
    """
    for count in range(min(candidates, MOST), 0, -1):
        ways = [
            Plan(count, shares, _seconds(count, shares, cost)) for shares in LADDERS if _long(shares, cost)
        ]
        cheapest = min(ways, key=lambda plan: plan.seconds)
        if cheapest.seconds <= seconds:
            return cheapest
    return None


def _long(shares: Sequence[float], cost: Cost) -> bool:
    return len(shares) == 1 or cost.steps * shares[0] >= FEWEST_STEPS


def _seconds(count: int, shares: Sequence[float], cost: Cost) -> float:
    total = 0.0
    for share in shares:
        runs = count + (share < 1)  # and the script as it is
        total += runs * cost.run(share)
        count = _kept(count)
    return total


def _kept(count: int) -> int:
    return min(count, max(2, math.ceil(count / THIRD)))


def search(
    candidates: Sequence[Candidate], plan: Plan, first: Ran, metrics: Sequence[Metric], runs: Runs,
    max_steps: int | None, clean: Callable[[Path], bool] = lambda _: False,
) -> Search:  # fmt: skip
    """Try candidates as planned, and pairs of the best where they are for two causes.

    Once a cure is better than nothing and its run shows no ailment any more, only its other doses are tried.

    Args:
        candidates: the likeliest first.
        plan: how many, over which shares.
        first: the script's own run.
        metrics: of whole runs, the best first.
        runs: makes them.
        max_steps: of a whole run.
        clean: whether a kept run shows no ailment.

    Raises:
        OutOfTimeError: the budget is spent.
    """
    live, found = list(candidates[: plan.candidates]), Search()
    for share in plan.shares[:-1]:
        live = _rung(live, share, first, metrics[0], runs, found)
    nothing, enough = metrics[0].of(runs.place(first)), ""
    for candidate in live:
        if enough and _cures(candidate) != enough:
            continue
        one = whole(candidate, first, metrics[0], runs, max_steps, found)
        if one.ran.held and metrics[0].better(one.value, nothing) and clean(runs.place(one.ran)):
            enough = enough or _cures(candidate)
    if not enough:
        _pair(first, metrics[0], runs, max_steps, found)
    return concluded(found, first, metrics, runs)


def _cures(candidate: Candidate) -> str:
    """Names of what a candidate gives, whatever the dose."""
    return " + ".join(cure.name for cure in candidate.cures)


def concluded(found: Search, first: Ran, metrics: Sequence[Metric], runs: Runs) -> Search:
    """The metric that all whole runs have, their numbers by it, and the best of them."""
    ended = [one for one in found.tried if one.share == 1.0 and one.ran.held]
    metric = next((m for m in metrics if all(m.applies(runs.place(one.ran)) for one in ended)), metrics[0])
    found.metric, found.nothing = metric, metric.of(runs.place(first))
    found.tried = [one if one.share < 1 else _again(one, metric, first, runs) for one in found.tried]
    better = [one for one in found.tried if one.share == 1.0 and metric.better(one.value, found.nothing)]
    if better:
        found.best = min(better, key=lambda one: (metric.rank(one.value), one.candidate.rank)).candidate
    return found


def _again(tried: Tried, metric: Metric, first: Ran, runs: Runs) -> Tried:
    value = metric.of(runs.place(tried.ran), first.steps) if tried.ran.held else math.nan
    return Tried(tried.candidate, tried.ran, tried.share, value)


def _rung(
    live: Sequence[Candidate], share: float, first: Ran, metric: Metric, runs: Runs, found: Search
) -> list[Candidate]:
    steps = max(int(first.steps * share), 1)
    reference = runs.get(Trial(max_steps=steps))
    repeated(first, reference, runs)
    if not reference.held:
        return list(live)
    short = shorter(metric, runs.place(reference))
    rung: list[Tried] = []
    for candidate in live:
        one = _tried(candidate, share, short, runs, steps, steps)
        if all(one.candidate.name != other.candidate.name for other in rung):
            rung.append(one)
    found.tried += rung
    held = sorted((one for one in rung if one.ran.held), key=lambda one: short.rank(one.value))
    return [one.candidate for one in held[: _kept(len(live))]]


def whole(
    candidate: Candidate, first: Ran, metric: Metric, runs: Runs, max_steps: int | None, found: Search
) -> Tried:
    """Try a candidate over all steps and add it to what was tried, once."""
    tried = _tried(candidate, 1.0, metric, runs, max_steps, first.steps)
    if tried.ran.status == "idle":
        repeated(first, tried.ran, runs)
    if all(one.share < 1 or one.candidate.name != tried.candidate.name for one in found.tried):
        found.tried.append(tried)
    return tried


def _tried(
    candidate: Candidate, share: float, metric: Metric, runs: Runs, max_steps: int | None, until: int
) -> Tried:
    """A candidate's run; where its places are not of the kind that it acts on, a run with it everywhere."""
    for one in (candidate, candidate.everywhere()):
        ran = runs.get(Trial(one.cures, max_steps=max_steps), lambda ran: metric.of(runs.place(ran), until))
        if ran.status != "idle" or one == candidate.everywhere():
            break
    return Tried(one, ran, share, metric.of(runs.place(ran), until) if ran.held else math.nan)


def _pair(first: Ran, metric: Metric, runs: Runs, max_steps: int | None, found: Search) -> None:
    """The best cures of two causes together."""
    bests: dict[str, Tried] = {}
    for one in reversed(found.tried):  # longer runs come later and tell more
        before = bests.get(one.candidate.cause)
        if one.ran.held and (
            before is None or (one.share == before.share and metric.better(one.value, before.value))
        ):
            bests[one.candidate.cause] = one
    held = sorted((one.candidate for one in bests.values()), key=lambda candidate: candidate.rank)
    for candidate in paired(held, PAIRS):
        whole(candidate, first, metric, runs, max_steps, found)


def repeated(first: Ran, other: Ran, runs: Runs) -> bool:
    """Whether another run of the script as it is gave the same losses; told where it did not.

    Args:
        first: the script's own run.
        other: with the same seeds, up to where it was stopped.
        runs: keeps both, and the note.
    """
    try:
        one, two = (read_run(runs.place(ran)).trace.step_signal("loss") for ran in (first, other))
    except TraceError:
        return True
    count = min(len(one), len(two))
    if not count or int(one.counts[:count].max()) > 1 or int(two.counts[:count].max()) > 1:
        return True  # thinned, so that the ends of buckets may differ
    same = bool(np.array_equal(one.mean[:count], two.mean[:count], equal_nan=True))
    if not same:
        runs.note(
            "the script is not deterministic: with the same seeds another run gave other losses; "
            "the interval holds that too"
        )
    return same
