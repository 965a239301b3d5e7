"""A second look: what the first cause hid shows in the run that was cured of it.

A loss that does not fall because gradients are never cleared says nothing about
weights that began equal.  Every re-run is watched, so a run whose own cause is
gone is judged as the first one was, and what is found there is treated on top.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gradwise.heal.candidates import Candidate, Unable, propose, unable_at_run_time
from gradwise.heal.trying import Tried
from gradwise.remedies.remedy import Grade

DOSE = 2.0  # how much later another dose comes of a cure that took its cause away, or sooner
MOST = 3  # cures tried on top of another, the likeliest


def further(
    tried: Tried,
    candidates: Sequence[Candidate],
    allowed: Collection[Grade],
    *,
    better: bool,
    unable: Unable = unable_at_run_time,
) -> list[Candidate]:
    """What to try after the likeliest cure was not enough, the likeliest first.

    Args:
        tried: the run with it.
        candidates: all that the first run proposed.
        allowed: grades of the cures.
        better: whether it did better than nothing.
        unable: why a cure cannot be given, "" where it can.

    Returns:
        Where the cause is gone, or a symptom of something else that stands, the cures of that together
        with this one, then the other cures; where the cause is gone and the run no better, other cures
        before other doses; where the cause stands and the cure helps, its other doses first; else all by
        their rank, since the dose may have been too small to show.
    """
    rest = [one for one in candidates if one.name != tried.candidate.name]
    if tried.hidden:
        found = [_added(tried.candidate, one) for one in propose(tried.findings, allowed, unable).candidates]
        fresh = _usual_first([one for one in found if one is not None])[:MOST]
        return fresh + [one for one in rest if _names(one) != _names(tried.candidate)]
    late = DOSE if tried.cured else -DOSE if better else 0.0
    return sorted(rest, key=lambda one: one.rank + late * (_names(one) == _names(tried.candidate)))


def deeper(best: Tried, allowed: Collection[Grade], unable: Unable = unable_at_run_time) -> list[Candidate]:
    """What to try on top of the best of a search that was not enough, the likeliest first.

    Two faults can hold each other up: a rate too low in a net through which nothing comes stays too low
    with either cured.  So its own cause need not be gone, only something else must stand beside it.

    Args:
        best: its run.
        allowed: grades of the cures.
        unable: why a cure cannot be given, "" where it can.
    """
    own = set(best.candidate.cause.split(" + "))
    others = [one for one in propose(best.findings, allowed, unable).candidates if one.cause not in own]
    found = [_added(best.candidate, one) for one in others]
    return _usual_first([one for one in found if one is not None])[:MOST]


def _usual_first(candidates: Sequence[Candidate]) -> list[Candidate]:
    """One dose of each, then the others."""
    seen: set[tuple[str, ...]] = set()
    first: list[Candidate] = []
    later: list[Candidate] = []
    for one in candidates:
        (later if _names(one) in seen else first).append(one)
        seen.add(_names(one))
    return first + later


def _names(candidate: Candidate) -> tuple[str, ...]:
    """What a candidate gives, whatever the dose."""
    return tuple(cure.name for cure in candidate.cures)


def _added(base: Candidate, more: Candidate) -> Candidate | None:
    """Both together; None where the base gives that cure already."""
    if set(_names(base)) & set(_names(more)):
        return None
    return Candidate(base.cures + more.cures, f"{base.cause} + {more.cause}", base.rank + more.rank)
