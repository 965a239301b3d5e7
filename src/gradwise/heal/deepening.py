"""A second look: what the first cause hid shows in the run that was cured of it.

A loss that does not fall because gradients are never cleared says nothing about
weights that began equal.  Every re-run is watched, so the run with the best cure
that took its cause away is judged as the first one was, and what is found there
is treated on top.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from gradwise.heal.candidates import Candidate, propose, serious
from gradwise.heal.halving import Search, Tried, concluded, whole
from gradwise.heal.making import Runs
from gradwise.heal.metric import Metric
from gradwise.heal.trial import Ran
from gradwise.remedies.remedy import Grade
from gradwise.trace.findings import Finding

MOST = 4  # candidates of the second look

Judge = Callable[[Path], Sequence[Finding]]


def deepened(
    found: Search,
    judge: Judge,
    allowed: Collection[Grade],
    first: Ran,
    metrics: Sequence[Metric],
    runs: Runs,
    *,
    room: int,
    max_steps: int | None,
) -> Search:
    """Try the cures of what remains in the best run whose own cause is gone, together with its cure.

    Args:
        found: what the first look came to.
        judge: the findings of a kept run.
        allowed: grades of the cures.
        first: the script's own run.
        metrics: of whole runs, the best first.
        runs: makes them.
        room: runs that the budget has left for it.
        max_steps: of a whole run.

    Raises:
        OutOfTimeError: the budget is spent.
    """
    base = _cured(found, judge, runs)
    if base is None or room < 1:
        return found
    candidate, findings = base
    rest = [_added(candidate, one) for one in propose(findings, allowed).candidates]
    fresh = [one for one in rest if one is not None][: min(MOST, room)]
    if not fresh:
        return found
    causes = ", ".join(dict.fromkeys(finding.rule for finding in findings if serious(finding)))
    runs.listener.phase("look again", f"with {candidate.name} the run shows {causes}")
    for one in fresh:
        whole(one, first, metrics[0], runs, max_steps, found)
    return concluded(found, first, metrics, runs)


def _cured(found: Search, judge: Judge, runs: Runs) -> tuple[Candidate, Sequence[Finding]] | None:
    """The best candidate whose cause its own run no longer shows, and what that run shows."""
    metric = found.metric
    assert metric is not None
    ended = [one for one in found.tried if one.share == 1.0 and one.ran.held]
    for one in sorted(ended, key=lambda one: (metric.rank(one.value), one.candidate.rank)):
        findings = judge(runs.place(one.ran))
        if not _causes(one) & {rule for finding in findings for rule in _rules(finding)}:
            return one.candidate, findings
    return None


def _causes(tried: Tried) -> set[str]:
    return set(tried.candidate.cause.split(" + "))


def _rules(finding: Finding) -> set[str]:
    return {finding.rule, *(symptom.rule for symptom in finding.symptoms)}


def _added(base: Candidate, more: Candidate) -> Candidate | None:
    """Both together; None where the base gives that cure already."""
    if {cure.name for cure in base.cures} & {cure.name for cure in more.cures}:
        return None
    return Candidate(base.cures + more.cures, f"{base.cause} + {more.cause}", base.rank + more.rank)
