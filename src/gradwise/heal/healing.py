"""The whole of a heal: a watched run, the likeliest cure, a search where that is not enough, the proof."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from gradwise.diagnosis import Diagnosis, diagnose
from gradwise.errors import GradwiseError, UsageError
from gradwise.heal.candidates import Proposed, propose, serious
from gradwise.heal.choosing import choose
from gradwise.heal.making import OutOfTimeError, Runs
from gradwise.heal.metric import choose_metrics
from gradwise.heal.outcome import Healed, Order
from gradwise.heal.proving import FEWEST_SEEDS, proof_runs, proven
from gradwise.heal.rerun import FAILED
from gradwise.heal.treatment import Treatment
from gradwise.heal.trial import Ran, Trial
from gradwise.heal.trying import Cost, Ground
from gradwise.heal.writing import write_treatment
from gradwise.trace.findings import Finding
from gradwise.trace.read import read_run

TREATMENT = "treatment.toml"


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
                f"go on with --resume and a larger {order.budget}"
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
    seeds = _affordable(order, Cost.of(first), runs)

    def judge(place: Path) -> Sequence[Finding]:
        return _judged(order, place).findings

    ground = Ground(
        first, metrics, runs, judge, judge(runs.place(first)), order.max_steps, order.unable, order.shortens
    )
    found = choose(order, ground, proposed.candidates, proof_runs(seeds) * Cost.of(first).run())
    assert found.metric is not None
    if all(one.ran.status == "idle" for one in found.tried):
        words = "no cure for what was found finds anything in this script to act on"
        return Healed("nothing to try", words, metric=found.metric, search=found)
    if found.best is None:
        words = "no cure helped: none was better than nothing"
        return Healed("no cure helped", words, metric=found.metric, search=found)
    best = found.best.candidate
    if best.times > 1 and order.shortens:
        runs.note(
            f"runs with the cure make {best.times:g} times the steps and are compared where they end; others "
            "make the script's own"
        )
    runs.listener.phase("proof", f"{best.name} and nothing with {seeds} seeds, then a treatment by lot")
    proof = proven(best, seeds, ground, found.metric)
    healed = Healed(proof.verdict, proof.words, metric=found.metric, search=found, chosen=best, proof=proof)
    healed.treatment = runs.record.directory / TREATMENT
    write_treatment(Treatment(best.cures), healed.treatment, [f"Found by gradwise heal: {proof.words}."])
    return healed


def _affordable(order: Order, cost: Cost, runs: Runs) -> int:
    """So many seeds as the budget reaches for, with one candidate at least.

    Raises:
        UsageError: it does not reach for two.
    """
    run, seeds = cost.run(), order.seeds
    possible = int(runs.left / run / 2) if run else seeds
    if possible >= seeds:
        return seeds
    if possible < FEWEST_SEEDS:
        least = 1 + proof_runs(FEWEST_SEEDS)
        raise UsageError(
            f"one run takes {run:.0f} s, and a proof with {FEWEST_SEEDS} seeds needs {least} of them; give "
            f"{order.budget} {math.ceil(runs.spent + run * (least - 1))}s or more with --resume"
            + (", or --max-steps N for shorter runs." if order.shortens else ".")
        )
    runs.note(f"the budget reaches for {possible} seeds, not {seeds}")
    return possible
