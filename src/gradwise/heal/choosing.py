"""From candidates to the one treatment that is to be proven.

The likeliest cure first, and more of it where that may be too little; a search
where it is not enough; then, on top of what that came to, whatever else was
named, and more of what may be too little still.
What is enough is given up only for what is clearly better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gradwise.heal.candidates import Candidate, serious
from gradwise.heal.deepening import beside, deeper, further, stronger
from gradwise.heal.halving import clearly, latest, planned, ranked, search
from gradwise.heal.metric import Metric
from gradwise.heal.outcome import Order
from gradwise.heal.trying import Cost, Ground, Search, Tried

IDLE = 3  # candidates that may find nothing to act on before another one is the likeliest
MOST = 6.0  # runs of candidates, in multiples of a whole one, from which on no more is added to what helps
CLIMBS = 3  # larger doses of what helps
HALF = 0.5  # of a stride


def choose(order: Order, ground: Ground, candidates: Sequence[Candidate], reserved: float) -> Search:
    """The likeliest cure where it is enough, else the best of a search; with what was named beside it.

    Args:
        order: what is asked for.
        ground: what candidates are held against.
        candidates: the likeliest first.
        reserved: seconds that the proof needs.

    Raises:
        OutOfTimeError: the budget is spent.
    """
    metric = ground.metrics[0]
    ground.runs.listener.phase("try", f"the likeliest cure first, by {metric.name}, {metric.why}")
    likeliest, rest = _likeliest(_within(candidates, ground, reserved) or candidates, ground)
    metric = ground.agreed([likeliest])
    better = metric.better(likeliest.value, likeliest.nothing)
    found = Search([likeliest], likeliest if better else None, metric, likeliest.nothing)
    if better and not likeliest.clean:
        _climbed(ground, found, reserved)  # too little of it shows as other ailments
    if found.best is not None and likeliest.candidate.times > 1 and ground.shortens:
        _once_more(beside(found.best, rest), ground, found, reserved, "more training was not enough")
    elif found.best is None or not found.best.clean:
        _searched(order, ground, found, rest, reserved)
    _deepened(order, ground, found, reserved)
    _climbed(ground, found, reserved)
    return found


def _likeliest(candidates: Sequence[Candidate], ground: Ground) -> tuple[Tried, list[Candidate]]:
    """The likeliest cure that finds something to act on, with the script's own seeds, and the others."""
    rest = list(candidates)
    for _ in range(IDLE):
        one = ground.whole(rest.pop(0), 0)
        rest = [candidate for candidate in rest if ground.hopeful(candidate.cures)]
        if one.ran.status != "idle" or not rest:
            break
    return one, rest


def _searched(
    order: Order, ground: Ground, found: Search, rest: Sequence[Candidate], reserved: float
) -> None:
    """What else there is, where the likeliest cure is not enough."""
    likeliest, better, runs = found.best or found.tried[0], found.best is not None, ground.runs
    more = further(likeliest, rest, order.allow, better=better, unable=ground.cannot, named=ground.findings)
    more, whole = _affordable(more, ground, reserved)
    plan = planned(len(more), ground, runs.left - reserved, whole=whole)
    if plan is None:
        if more:
            runs.note("the budget reaches for no other candidate")
        return
    why = _because(likeliest, better=better)
    runs.listener.phase("search", f"{plan.candidates} candidates by {plan.metric.name}, since {why}")
    tried, winner = search(more, plan, ground, likeliest if better else None)
    found.tried += tried
    if tried:
        _concluded(found, likeliest, tried, winner, plan.metric, ground)


def _because(tried: Tried, *, better: bool) -> str:
    if not tried.ran.held:
        return f"its run did not end well ({tried.ran.error or tried.ran.status})"
    if better:
        return f"with {tried.candidate.name} the run shows {_shown(tried)}"
    return f"{tried.candidate.name} is no better than nothing"


def _shown(tried: Tried) -> str:
    return ", ".join(dict.fromkeys(finding.rule for finding in tried.findings if serious(finding)))


def _deepened(order: Order, ground: Ground, found: Search, reserved: float) -> None:
    """What else was named, and what the best so far leaves, treated on top of it."""
    idle: set[str] | None = None
    while found.best is not None and idle != ground.idle:  # again without what found nothing to act on
        best, idle = found.best, set(ground.idle)
        more = deeper(best, order.allow, ground.cannot, ground.findings)
        left = f"{best.candidate.name} leaves {_shown(best)}"
        _once_more(more, ground, found, reserved, "more than its cause was named" if best.clean else left)


def _climbed(ground: Ground, found: Search, reserved: float) -> None:
    """More of a cure of which too little does not show, or half of that where it was not enough."""
    times = 1.0
    for _ in range(CLIMBS):
        before = found.best
        more = stronger(before.candidate, times) if before is not None else None
        if before is None or more is None:
            return
        why = f"more than {before.candidate.name} may help further"
        _once_more([more], ground, found, reserved, why, tidy=True)
        taken = found.best is not before
        if times < 1.0 or (before.clean and not taken):
            return
        times = 1.0 if taken else HALF


def _once_more(
    more: Sequence[Candidate], ground: Ground, found: Search, reserved: float, why: str, *, tidy: bool = False
) -> None:
    """Further candidates on top of the best, as long as that costs no more than it should.

    With ``tidy`` only those count that bring no ailment of their own: too much shows, as too little does not.
    """
    best, known = found.best, {one.candidate.name for one in found.tried}
    fresh, whole = _affordable([one for one in more if one.name not in known], ground, reserved)
    since = latest(fresh, [*ground.findings, *(best.findings if best else ())]) or 0
    plan = planned(len(fresh), ground, ground.runs.left - reserved, since, whole=whole)
    if best is None or plan is None or sum(one.share * one.candidate.times for one in found.tried) >= MOST:
        return
    ground.runs.listener.phase("search", f"since {why}")
    tried, winner = search(fresh, plan, ground, best)
    found.tried += tried
    fit = [one for one in tried if one.ran.held and not (tidy and _ailments(one) - _ailments(best))]
    if best.clean:
        clear = [one for one in fit if clearly(best, one, plan.metric, ground)]
        winner = next(iter(ranked(clear, plan.metric, ground)), None)
    if winner is not None or (fit and not best.clean):
        _concluded(found, best, fit, winner, plan.metric, ground)


def _affordable(
    candidates: Sequence[Candidate], ground: Ground, reserved: float
) -> tuple[list[Candidate], bool]:
    """Those that part of the steps can tell of; where none can, the likeliest, and that over all of them."""
    usual = [one for one in candidates if one.times == 1 or not ground.shortens]
    return (usual, False) if usual else (_within(candidates, ground, reserved)[:1], True)


def _within(candidates: Sequence[Candidate], ground: Ground, reserved: float) -> list[Candidate]:
    """Without those whose longer runs the budget does not reach for: one, and half of a proof."""
    run, left = Cost.of(ground.first).run(), ground.runs.left - reserved
    fit = [one for one in candidates if (one.times - 1) * (run + reserved / 2) <= left or one.times == 1]
    for one in candidates:
        if one not in fit:
            ground.runs.note(
                f"the budget does not reach for {one.name}, whose runs are {one.times:g} times as long"
            )
    return fit


def _ailments(tried: Tried) -> set[str]:
    return {finding.rule for finding in tried.findings if serious(finding)}


def _concluded(
    found: Search, base: Tried, tried: Sequence[Tried], winner: Tried | None, short: Metric, ground: Ground
) -> None:
    """The one that was enough, else the best of what was there before and the search, at equal steps."""
    if winner is None:
        before = [replace(base, share=tried[0].share)] if base.ran.held else []
        best = ranked([*before, *tried], short, ground)[:1]
        better = [one for one in best if ground.numbered(one, short).better(one.value, one.nothing)]
        winner = next(iter(better), None)
    if winner is None or winner.candidate == base.candidate:
        return
    found.best = winner
    place = ground.runs.place(winner.ran)
    found.metric = next(
        (one for one in ground.metrics if one.kind == "printed" or one.applies(place)), ground.metrics[0]
    )
