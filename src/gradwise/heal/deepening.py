"""A second look: what the first cause hid, and what else was named beside it.

A loss that does not fall because gradients are never cleared says nothing about
weights that began equal.  Every re-run is watched, so a run whose own cause is
gone is judged as the first one was, and what is found there is treated on top.

What the script's own run named as causes of their own is treated together once
at least: a run that is cured of one may learn well enough for the others not to
show, and they still cost it something; or no single cure helps before all do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from gradwise.heal.candidates import Candidate, Unable, propose, serious, unable_at_run_time
from gradwise.heal.treatment import Cure
from gradwise.heal.trying import Tried
from gradwise.remedies.remedy import Grade
from gradwise.rules.collection import all_rules
from gradwise.rules.rule import Organ
from gradwise.trace.findings import Finding

DOSE = 2.0  # how much later another dose comes of a cure that took its cause away, or sooner
MOST = 3  # cures tried on top of another, the likeliest
TOGETHER = 4  # cures in one treatment for all that was named


def further(
    tried: Tried,
    candidates: Sequence[Candidate],
    allowed: Collection[Grade],
    *,
    better: bool,
    unable: Unable = unable_at_run_time,
    named: Sequence[Finding] = (),
) -> list[Candidate]:
    """What to try after the likeliest cure was not enough, the likeliest first.

    Args:
        tried: the run with it.
        candidates: all that the first run proposed.
        allowed: grades of the cures.
        better: whether it did better than nothing.
        unable: why a cure cannot be given, "" where it can.
        named: what the first run showed.

    Returns:
        Where the cause is gone, or a symptom of something else that stands, the cures of that together
        with this one, then the other cures; where the cause is gone and the run no better, other cures
        before other doses; where the cause stands and the cure helps, its other doses first; else all by
        their rank, since the dose may have been too small to show.  Where the cause stands and is one of
        too little, more of its cure comes first, and no smaller dose.  All that was named together comes
        second in the first case, and before all of these in the others.
    """
    rest = [one for one in candidates if one.name != tried.candidate.name]
    both = joined(tried.candidate, named, allowed, unable)
    if tried.hidden:
        found = [_added(tried.candidate, one) for one in propose(tried.findings, allowed, unable).candidates]
        fresh = _usual_first([one for one in found if one is not None])[:MOST]
        rest = [one for one in rest if _names(one) != _names(tried.candidate)]
        return _once([*fresh[:1], *both, *fresh[1:], *rest])
    late = DOSE if tried.cured else -DOSE if better else 0.0
    rest.sort(key=lambda one: one.rank + late * (_names(one) == _names(tried.candidate)))
    more = None if tried.cured else stronger(tried.candidate)
    if more is not None:
        rest = [more, *(one for one in rest if not _less(one, tried.candidate))]
    return _once([*both, *rest])


def deeper(
    best: Tried,
    allowed: Collection[Grade],
    unable: Unable = unable_at_run_time,
    named: Sequence[Finding] = (),
) -> list[Candidate]:
    """What to try on top of the best of a search, the likeliest first.

    Two faults can hold each other up: a rate too low in a net through which nothing comes stays too low
    with either cured.  So its own cause need not be gone, only something else must stand beside it.

    Args:
        best: its run.
        allowed: grades of the cures.
        unable: why a cure cannot be given, "" where it can.
        named: what the first run showed.
    """
    both = joined(best.candidate, named, allowed, unable)
    if best.clean:
        return both
    own = set(best.candidate.cause.split(" + "))
    others = [one for one in propose(best.findings, allowed, unable).candidates if one.cause not in own]
    found = [_added(best.candidate, one) for one in others]
    return _once([*both, *_usual_first([one for one in found if one is not None])])[:MOST]


def beside(best: Tried, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The next cure of the cause of a longer run that shows it still, on top of it.

    No shortened run can be held against a longer one, so its cures are not searched in its place.

    Args:
        best: the longer run.
        candidates: all others that the first run proposed, the likeliest first.

    Returns:
        One candidate; none where the cause is gone, or has no other cure.
    """
    if best.clean or best.cured:
        return []
    others = [one for one in candidates if one.cause == best.candidate.cause]
    found = (_added(best.candidate, one) for one in others if one.times == 1)
    whole = next((one for one in found if one is not None), None)
    return [] if whole is None else [replace(whole, cause=best.candidate.cause)]


def joined(
    base: Candidate,
    named: Sequence[Finding],
    allowed: Collection[Grade],
    unable: Unable = unable_at_run_time,
) -> list[Candidate]:
    """A treatment with the likeliest cure of each cause that was named and that it does nothing about.

    Causes that only say how the run ends name nothing to be cured, and are left out.

    Args:
        base: the treatment.
        named: what the script's own run showed.
        allowed: grades of the cures.
        unable: why a cure cannot be given, "" where it can.

    Returns:
        One candidate; none where there is nothing to add.
    """
    whole = base
    for finding in _beside(base, named):
        more = propose([replace(finding, symptoms=())], allowed, unable).candidates
        added = _added(whole, more[0]) if more and len(whole.cures) < TOGETHER else None
        whole = added or whole
    return [] if whole is base else [whole]


def stronger(candidate: Candidate, times: float = 1.0) -> Candidate | None:
    """The same with more of the cure of which too little does not show.

    Args:
        candidate: what was given.
        times: so much of the usual stride; 0.5 is half way, by ratio.

    Returns:
        None where it holds no such cure, or the dose would leave its range.
    """
    for at, cure in enumerate(candidate.cures):
        dose = next((dose for dose in cure.remedy.declaration.doses if dose.stride), None)
        if dose is not None:
            value = float(f"{cure.full_dose()[dose.name] * dose.stride**times:.1g}")
            if dose.low <= value <= dose.high:
                more = Cure(cure.name, {**cure.dose, dose.name: value}, cure.where, cure.why)
                return replace(candidate, cures=(*candidate.cures[:at], more, *candidate.cures[at + 1 :]))
    return None


def _less(one: Candidate, other: Candidate) -> bool:
    """Whether the first gives the same cures, and less of one of which too little does not show."""
    if _names(one) != _names(other):
        return False
    doses = [
        (a.full_dose()[dose.name], b.full_dose()[dose.name])
        for a, b in zip(one.cures, other.cures, strict=True)
        for dose in a.remedy.declaration.doses
        if dose.stride
    ]
    return any(a < b for a, b in doses)


def _beside(base: Candidate, named: Sequence[Finding]) -> Iterator[Finding]:
    """Causes of their own that a treatment does nothing about."""
    given, own = {cure.name for cure in base.cures}, set(base.cause.split(" + "))
    for finding in named:
        rule = all_rules().get(finding.rule)
        ends = rule is not None and rule.declaration.organ == Organ.OUTCOME
        if serious(finding) and not ends and finding.rule not in own and not given & set(finding.cures):
            yield finding


def _once(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Each treatment once, whatever the order of its cures."""
    kept: dict[frozenset[str], Candidate] = {}
    for one in candidates:
        kept.setdefault(frozenset(one.name.split(" + ")), one)
    return list(kept.values())


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
    """Both together; None where the base gives that cure already, or its opposite."""
    if {_stem(name) for name in _names(base)} & {_stem(name) for name in _names(more)}:
        return None
    return Candidate(base.cures + more.cures, f"{base.cause} + {more.cause}", base.rank + more.rank)


def _stem(name: str) -> str:
    """The same for a cure and its opposite.

    >>> _stem("raise-lr"), _stem("lower-dropout")
    ('lr', 'dropout')
    """
    return name.removeprefix("lower-").removeprefix("raise-")
