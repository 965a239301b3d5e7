"""The whole of a heal: a watched run, the likeliest cure, a search where that is not enough, the proof."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from gradwise.diagnosis import Diagnosis, diagnose
from gradwise.errors import GradwiseError, UsageError
from gradwise.heal.candidates import Candidate, Proposed, propose, serious
from gradwise.heal.deepening import deeper, further
from gradwise.heal.halving import planned, ranked, search
from gradwise.heal.making import OutOfTimeError, Runs
from gradwise.heal.metric import Metric, choose_metrics
from gradwise.heal.outcome import Healed, Order
from gradwise.heal.proving import FEWEST_SEEDS, proven
from gradwise.heal.rerun import FAILED
from gradwise.heal.treatment import Treatment
from gradwise.heal.trial import Ran, Trial
from gradwise.heal.trying import Cost, Ground, Search, Tried
from gradwise.heal.writing import write_treatment
from gradwise.trace.findings import Finding
from gradwise.trace.read import read_run

TREATMENT = "treatment.toml"
IDLE = 3  # candidates that may find nothing to act on before another one is the likeliest


class ScriptFailedError(GradwiseError):
    """The script itself does not run to its end."""

    exit_code = FAILED


def heal(order: Order, runs: Runs) -> Healed:
    """Find a treatment that helps, and prove it.

    Args:
        order: what is asked for.
        runs: makes and keeps the runs.

    Raises:
        ScriptFailedError: the script does not run to its end.
        UsageError: it does not train, the budget does not reach, or the metric is not there.
    """
    first = _first_run(order, runs)
    runs.single = first.seconds
    diagnosis = _judged(order, runs.place(first))
    proposed = propose(diagnosis.findings, order.allow, order.unable)
    healed = _nothing_to_do(diagnosis, proposed)
    if healed is None:
        try:
            healed = _treated(order, runs, first, proposed)
        except OutOfTimeError:
            words = (
                f"the budget of {runs.budget:.0f} s is spent before a proof; all runs are kept, "
                "go on with --resume and a larger --budget"
            )
            healed = Healed("unfinished", words)
    healed.causes = tuple(finding.rule for finding in diagnosis.findings)
    healed.left = proposed.left
    return _closed(healed, runs, first)


def _judged(order: Order, place: Path) -> Diagnosis:
    return diagnose(read_run(place).segments, order.rules, settings=order.settings)


def _closed(healed: Healed, runs: Runs, first: Ran) -> Healed:
    made = runs.record.runs.values()
    healed.notes, healed.first = runs.notes, runs.place(first)
    healed.runs, healed.seconds = len(made), runs.record.seconds
    single = _single(runs, first)
    healed.cost = healed.seconds / single if single else math.nan
    healed.steps = sum(ran.steps for ran in made) / first.steps if first.steps else math.nan
    runs.record.outcome = healed.as_dict()
    runs.record.write()
    return healed


def _single(runs: Runs, first: Ran) -> float:
    """Seconds of a run: those of the proof, since probes follow the first one."""
    whole = [ran for ran in runs.record.runs.values() if ran.held and ran.key != first.key]
    plain = [ran for ran in whole if not ran.cures] or [ran for ran in whole if ran.steps == first.steps]
    return median(ran.seconds for ran in plain) if plain else first.seconds


def _first_run(order: Order, runs: Runs) -> Ran:
    runs.listener.phase("watch", "the script as it is")
    trial = Trial(max_steps=order.max_steps, probing=True)
    try:
        ran = runs.get(trial)
    except OutOfTimeError:
        raise UsageError(
            f"the script does not end within the budget of {runs.budget:.0f} s; give a larger --budget, or "
            "--max-steps N to compare shorter runs."
        ) from None
    if ran.held:
        return ran
    if ran.code == GradwiseError.exit_code:  # watched, and nothing was seen: the sentence is gradwise's own
        raise UsageError(ran.error or "the script could not be watched.")
    after = f"after {ran.steps:,} steps" if ran.steps else "before its first training step"
    raise ScriptFailedError(
        f"the script fails {after} ({ran.error or 'no message'}); a cure can only be judged by runs "
        f"that end. What it printed is in {runs.place(ran)}."
    )


def _nothing_to_do(diagnosis: Diagnosis, proposed: Proposed) -> Healed | None:
    if not any(serious(finding) for finding in diagnosis.findings):
        found = ", ".join(finding.rule for finding in diagnosis.findings)
        words = (
            f"what was found ({found}) is not about how well it learns" if found else "no ailment was found"
        )
        return Healed("healthy", f"{words}; there is nothing to heal")
    if not proposed.candidates:
        return Healed("nothing to try", "no cure for what was found can be tried in re-runs")
    return None


def _treated(order: Order, runs: Runs, first: Ran, proposed: Proposed) -> Healed:
    """The search and the proof."""
    metrics = choose_metrics(order.metric, order.lower, runs.place(first))
    seeds = _affordable(order.seeds, Cost.of(first), runs)

    def judge(place: Path) -> Sequence[Finding]:
        return _judged(order, place).findings

    ground = Ground(
        first, metrics, runs, judge, judge(runs.place(first)), order.max_steps, order.unable, order.shortens
    )
    found = _found(order, ground, proposed.candidates, seeds)
    assert found.metric is not None
    if all(one.ran.status == "idle" for one in found.tried):
        words = "no cure for what was found finds anything in this script to act on"
        return Healed("nothing to try", words, metric=found.metric, search=found)
    if found.best is None:
        words = "no cure helped: none was better than nothing"
        return Healed("no cure helped", words, metric=found.metric, search=found)
    best = found.best.candidate
    runs.listener.phase("proof", f"{best.name} and nothing with {seeds} seeds, then a treatment by lot")
    proof = proven(best, seeds, ground, found.metric)
    healed = Healed(proof.verdict, proof.words, metric=found.metric, search=found, chosen=best, proof=proof)
    healed.treatment = runs.record.directory / TREATMENT
    write_treatment(Treatment(best.cures), healed.treatment, [f"Found by gradwise heal: {proof.words}."])
    return healed


def _found(order: Order, ground: Ground, candidates: Sequence[Candidate], seeds: int) -> Search:
    """The likeliest cure where it is enough, else the best of a search."""
    runs, metrics = ground.runs, ground.metrics
    runs.listener.phase("try", f"the likeliest cure first, by {metrics[0].name}, {metrics[0].why}")
    likeliest, rest = _likeliest(candidates, ground)
    metric = ground.agreed([likeliest])
    better = metric.better(likeliest.value, likeliest.nothing)
    found = Search([likeliest], likeliest if better else None, metric, likeliest.nothing)
    if better and likeliest.clean:
        return found
    more = further(likeliest, rest, order.allow, better=better, unable=order.unable)
    plan = planned(len(more), ground, runs.left - _proof_runs(seeds) * Cost.of(ground.first).run())
    if plan is None:
        if more:
            runs.note("the budget reaches for no other candidate")
        return found
    why = _because(likeliest, better=better)
    runs.listener.phase("search", f"{plan.candidates} candidates by {plan.metric.name}, since {why}")
    tried, winner = search(more, plan, ground, likeliest if better else None)
    _concluded(found, likeliest, tried, winner, plan.metric, ground)
    if winner is None:
        _deepened(order, ground, found, runs.left - _proof_runs(seeds) * Cost.of(ground.first).run())
    return found


def _deepened(order: Order, ground: Ground, found: Search, seconds: float) -> None:
    """Once more, on top of the best that the search came to, where something stands beside its own cause."""
    best = found.best
    if best is None or best.clean:
        return
    known = {one.candidate.name for one in found.tried}
    more = [one for one in deeper(best, order.allow, order.unable) if one.name not in known]
    plan = planned(len(more), ground, seconds)
    if plan is None:
        return
    shown = ", ".join(dict.fromkeys(finding.rule for finding in best.findings if serious(finding)))
    ground.runs.listener.phase("search", f"since {best.candidate.name} leaves {shown}")
    tried, winner = search(more, plan, ground, best)
    if tried:
        _concluded(found, best, tried, winner, plan.metric, ground)


def _likeliest(candidates: Sequence[Candidate], ground: Ground) -> tuple[Tried, list[Candidate]]:
    """The likeliest cure that finds something to act on, with the script's own seeds, and the others."""
    rest = list(candidates)
    for _ in range(IDLE):
        one = ground.whole(rest.pop(0), 0)
        rest = [candidate for candidate in rest if ground.hopeful(candidate.cures)]
        if one.ran.status != "idle" or not rest:
            break
    return one, rest


def _because(tried: Tried, *, better: bool) -> str:
    if not tried.ran.held:
        return f"its run did not end well ({tried.ran.error or tried.ran.status})"
    shown = ", ".join(dict.fromkeys(finding.rule for finding in tried.findings if serious(finding)))
    if better:
        return f"with {tried.candidate.name} the run shows {shown}"
    return f"{tried.candidate.name} is no better than nothing"


def _concluded(
    found: Search, base: Tried, tried: Sequence[Tried], winner: Tried | None, short: Metric, ground: Ground
) -> None:
    """The one that was enough, else the best of what was there before and the search, at equal steps."""
    found.tried += tried
    if winner is None:
        before = [replace(one, share=tried[0].share) for one in [base] if one.ran.held]
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


def _proof_runs(seeds: int) -> int:
    """Whole runs of a proof beside the script's own, with one treatment by lot."""
    return 2 * seeds


def _affordable(seeds: int, cost: Cost, runs: Runs) -> int:
    """So many seeds as the budget reaches for, with one candidate at least.

    Raises:
        UsageError: it does not reach for two.
    """
    run = cost.run()
    possible = int(runs.left / run / 2) if run else seeds
    if possible >= seeds:
        return seeds
    if possible < FEWEST_SEEDS:
        least = 1 + _proof_runs(FEWEST_SEEDS)
        raise UsageError(
            f"one run takes {run:.0f} s, and a proof with {FEWEST_SEEDS} seeds needs {least} of them; give "
            f"--budget {math.ceil(runs.spent + run * (least - 1))}s or more with --resume, or "
            "--max-steps N for shorter runs."
        )
    runs.note(f"the budget reaches for {possible} seeds, not {seeds}")
    return possible
