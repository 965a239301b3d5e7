"""The whole of a heal: a watched run, candidates, a search among them, and the proof."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from gradwise.diagnosis import Diagnosis, diagnose
from gradwise.errors import GradwiseError, UsageError
from gradwise.heal.candidates import ALLOWED, Candidate, Proposed, propose, random_treatments, serious
from gradwise.heal.deepening import deepened
from gradwise.heal.halving import Cost, Search, planned, search
from gradwise.heal.making import OutOfTimeError, Runs
from gradwise.heal.metric import AUTOMATIC, Metric, choose_metrics
from gradwise.heal.proof import Proof, prove
from gradwise.heal.rerun import FAILED
from gradwise.heal.treatment import Treatment
from gradwise.heal.trial import Ran, Trial, cure_as_dict
from gradwise.heal.writing import write_treatment
from gradwise.remedies.remedy import Grade
from gradwise.rules.rule import LoadedRule
from gradwise.settings.settings import Settings
from gradwise.trace.read import read_run

FEWEST_SEEDS = 2  # with fewer there is no interval
DRAWS = 3  # treatments drawn by lot until one can act
TREATMENT = "treatment.toml"


class ScriptFailedError(GradwiseError):
    """The script itself does not run to its end."""

    exit_code = FAILED


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for.

    Args:
        seeds: of the proof.
        allow: grades of the cures that may be tried.
        metric: ``auto``, ``val_loss`` or a regular expression.
        lower: whether smaller is better; None: by its name.
        max_steps: of every run.
        rules: those that judge; the settings' when None.
        settings: of the project.
    """

    seeds: int = 3
    allow: tuple[Grade, ...] = ALLOWED
    metric: str = AUTOMATIC
    lower: bool | None = None
    max_steps: int | None = None
    rules: Sequence[LoadedRule] | None = None
    settings: Settings | None = None


@dataclass(slots=True)
class Healed:
    """How a heal ended.

    Args:
        verdict: ``healthy``, ``helped``, ``not shown``, ``no cure helped``, ``nothing to try``,
            ``unfinished``.
        words: the same as a sentence.
        causes: names of what was found.
        metric: what runs were compared by.
        search: the candidates' runs.
        chosen: the treatment that went into the proof.
        proof: its arms.
        left: cures that were not tried, by reason.
        notes: what else is worth knowing.
        treatment: file of the chosen one.
        first: directory of the script's own run.
        runs: how many were made.
        seconds: that they took together.
        cost: the same in multiples of the script's own run.
    """

    verdict: str
    words: str
    causes: tuple[str, ...] = ()
    metric: Metric | None = None
    search: Search = field(default_factory=Search)
    chosen: Candidate | None = None
    proof: Proof | None = None
    left: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    treatment: Path | None = None
    first: Path | None = None
    runs: int = 0
    seconds: float = 0.0
    cost: float = 0.0

    @property
    def exit_code(self) -> int:
        """0 where a cure was proven or nothing is wrong, else 1."""
        return 0 if self.verdict in ("healthy", "helped") else 1

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        metric = self.metric
        told = None if metric is None else {"name": metric.name, "lower": metric.lower, "why": metric.why}
        return {
            "verdict": self.verdict,
            "words": self.words,
            "causes": list(self.causes),
            "metric": told,
            "nothing": self.search.nothing,
            "tried": [_tried(one) for one in self.search.tried],
            "not_tried": self.left,
            "chosen": [cure_as_dict(cure) for cure in self.chosen.cures] if self.chosen else None,
            "grade": self.chosen.grade if self.chosen else None,
            "proof": self.proof.as_dict() if self.proof else None,
            "treatment": str(self.treatment) if self.treatment else None,
            "runs": self.runs,
            "seconds": round(self.seconds, 2),
            "cost": round(self.cost, 2),
            "notes": self.notes,
        }


def _tried(one: Any) -> dict[str, Any]:
    return {
        "cures": one.candidate.name,
        "cause": one.candidate.cause,
        "share": one.share,
        "value": one.value,
        "status": one.ran.status,
        "error": one.ran.error,
        "run": one.ran.key,
    }


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
    proposed = propose(diagnosis.findings, order.allow)
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
    healed.notes, healed.first = runs.notes, runs.place(first)
    healed.runs, healed.seconds = len(runs.record.runs), runs.record.seconds
    single = _single(runs, first)
    healed.cost = healed.seconds / single if single else math.nan
    runs.record.outcome = healed.as_dict()
    runs.record.write()
    return healed


def _single(runs: Runs, first: Ran) -> float:
    """Seconds of the script as it is: those of the proof, since probes follow the first run."""
    plain = [ran.seconds for ran in runs.record.runs.values() if not ran.cures and ran.shift and ran.held]
    return median(plain) if plain else first.seconds


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
    cost = Cost.of(first)
    seeds = _affordable(order.seeds, cost, runs)
    reserve = 3 * seeds * cost.run()
    plan = planned(len(proposed.candidates), cost, runs.left - reserve)
    if plan is None:
        raise OutOfTimeError
    if plan.candidates < len(proposed.candidates):
        runs.note(f"{len(proposed.candidates) - plan.candidates} less likely candidates were not tried")
    runs.listener.phase("search", f"{plan.candidates} candidates by {metrics[0].name}, {metrics[0].why}")
    found = search(
        proposed.candidates,
        plan,
        first,
        metrics,
        runs,
        order.max_steps,
        clean=lambda place: not any(serious(finding) for finding in _judged(order, place).findings),
    )
    room = int((runs.left - reserve) / cost.run()) if cost.run() else 0
    found = deepened(
        found,
        lambda place: _judged(order, place).findings,
        order.allow,
        first,
        metrics,
        runs,
        room=room,
        max_steps=order.max_steps,
    )
    assert found.metric is not None
    if found.best is None:
        return Healed(
            "no cure helped",
            "no cure helped: none was better than nothing",
            metric=found.metric,
            search=found,
        )
    runs.listener.phase("proof", f"{found.best.name}, nothing, and a treatment by lot, with {seeds} seeds")
    proof = _proof(found.best, seeds, order, runs, found, first)
    healed = Healed(
        proof.verdict, proof.words, metric=found.metric, search=found, chosen=found.best, proof=proof
    )
    healed.treatment = runs.record.directory / TREATMENT
    write_treatment(
        Treatment(found.best.cures), healed.treatment, [f"Found by gradwise heal: {proof.words}."]
    )
    return healed


def _affordable(seeds: int, cost: Cost, runs: Runs) -> int:
    """So many seeds as the budget reaches for, with one candidate at least.

    Raises:
        UsageError: it does not reach for two.
    """
    possible = int((runs.left - cost.run()) / (3 * cost.run())) if cost.run() else seeds
    if possible >= seeds:
        return seeds
    if possible < FEWEST_SEEDS:
        needed = runs.record.seconds + cost.run() * (1 + 3 * FEWEST_SEEDS)
        raise UsageError(
            f"one run takes {cost.run():.0f} s, and a proof with {FEWEST_SEEDS} seeds needs "
            f"{3 * FEWEST_SEEDS + 1} of them; give --budget {math.ceil(needed)}s or more with --resume, or "
            "--max-steps N for shorter runs."
        )
    runs.note(f"the budget reaches for {possible} seeds, not {seeds}")
    return possible


def _proof(best: Candidate, seeds: int, order: Order, runs: Runs, found: Search, first: Ran) -> Proof:
    """The three arms, seed by seed; as many seeds as the time allows, two at least."""
    metric = found.metric
    assert metric is not None
    lot = random_treatments(best.grade, len(best.cures), best.cures, _lot_of(runs.record.script))
    arms: tuple[list[float], list[float], list[float]] = ([], [], [])
    lots: list[str] = []

    def value(ran: Ran) -> float:
        return metric.of(runs.place(ran), first.steps) if ran.held else math.nan

    for shift in range(1, seeds + 1):
        try:
            row = [runs.get(Trial(cures, shift, order.max_steps), value) for cures in ((), best.cures)]
            drawn = _drawn(lot, shift, order, runs, value)
        except OutOfTimeError:
            if shift <= FEWEST_SEEDS:
                raise
            runs.note(f"the budget was spent after {shift - 1} of {seeds} seeds")
            break
        for arm, ran in zip(arms, row, strict=False):
            arm.append(value(ran))
        if drawn is not None:
            arms[2].append(value(drawn))
            lots.append(drawn.name)
    if len(arms[2]) < len(arms[0]):  # pairs must stay pairs
        runs.note("no other cure of this grade could act, so there is no arm by lot")
        arms[2].clear()
        lots.clear()
    worst = _untrained(runs.place(first)) if metric.kind != "printed" else math.nan
    return prove(range(1, len(arms[0]) + 1), arms, lots, lower=metric.lower, worst=worst)


def _lot_of(script: Mapping[str, Any]) -> int:
    """The seed of the lot: always the same for a script, and another for another."""
    return zlib.crc32(f"{script['digest']} {script['module']} {script['arguments']}".encode())


def _drawn(lot: Any, shift: int, order: Order, runs: Runs, value: Any) -> Ran | None:
    """A run with a treatment by lot that finds something to act on; None without one."""
    for _, cures in zip(range(DRAWS), lot, strict=False):
        ran = runs.get(Trial(cures, shift, order.max_steps), value)
        if ran.status != "idle":
            return ran
    return None


def _untrained(place: Path) -> float:
    """The first loss of a run: that of a model that has learnt nothing."""
    loss = read_run(place).trace.step_signal("loss").mean
    seen = loss[np.isfinite(loss)]
    return float(seen[0]) if len(seen) else math.nan
