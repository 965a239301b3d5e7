"""Candidates in re-runs: what each came to, over the whole script or the beginning of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from gradwise.heal.candidates import Candidate, Unable, lengthened, serious, unable_at_run_time
from gradwise.heal.making import Runs
from gradwise.heal.metric import Metric
from gradwise.heal.treatment import Cure
from gradwise.heal.trial import SEARCHING, Ran, Trial
from gradwise.remedies.remedy import LoadedRemedy
from gradwise.rules.collection import all_rules
from gradwise.rules.rule import Organ
from gradwise.trace.findings import Finding

GLIMPSE = 3  # steps, by which a changed model has been used
TENTH = 0.1  # share of the steps, by which most that changes training has begun to (ours)


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
class Tried:
    """A candidate's run.

    Args:
        candidate: what was given.
        ran: what came of it.
        share: of the script's steps.
        value: its number; NaN where it has none.
        nothing: the number of the script as it is, at equal steps.
        findings: what the run still shows, and wiring of the script's own run that nothing was done about.
    """

    candidate: Candidate
    ran: Ran
    share: float = 1.0
    value: float = math.nan
    nothing: float = math.nan
    findings: tuple[Finding, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether it ended, and shows no ailment of how well it learns."""
        return self.ran.held and not any(serious(finding) for finding in self.findings)

    @property
    def hidden(self) -> bool:
        """Whether it ended, and shows the cause of its cures at most as a symptom of something else."""
        causes = {finding.rule for finding in self.findings}
        return self.ran.held and not self.clean and not set(self.candidate.cause.split(" + ")) & causes

    @property
    def cured(self) -> bool:
        """Whether it ended, and does not show the cause that its cures are for."""
        shown = {rule for finding in self.findings for rule in _rules(finding)}
        return self.ran.held and not set(self.candidate.cause.split(" + ")) & shown


def untouched(
    first: Sequence[Finding], candidate: Candidate, found: Sequence[Finding]
) -> tuple[Finding, ...]:
    """Faults of wiring in the script's own run that a treated run does not show, but cannot be rid of.

    They stand in the code, however well the run learns; a cure may hide them from who watches.

    Args:
        first: what the script's own run shows.
        candidate: what was given.
        found: what the run with it shows.
    """
    given = {cure.name for cure in candidate.cures}
    known = {rule for finding in found for rule in _rules(finding)} | set(candidate.cause.split(" + "))
    return tuple(
        one for one in first
        if serious(one) and one.rule not in known and not given & set(one.cures) and _of_wiring(one)
    )  # fmt: skip


def _of_wiring(finding: Finding) -> bool:
    rule = all_rules().get(finding.rule)
    return rule is not None and rule.declaration.organ == Organ.WIRING


def _rules(finding: Finding) -> set[str]:
    return {finding.rule, *(symptom.rule for symptom in finding.symptoms)}


@dataclass(slots=True)
class Ground:
    """What candidates are held against.

    Args:
        first: the script's own run.
        metrics: of whole runs, the best first; later ones are for cures that change the loss.
        runs: makes them.
        judge: the findings of a kept run.
        findings: of the script's own run.
        max_steps: of a whole run.
        unable: why a cure cannot be given, "" where it can.
        shortens: whether runs can be stopped early.
        idle: names of cures that found nothing to act on anywhere.
    """

    first: Ran
    metrics: Sequence[Metric]
    runs: Runs
    judge: Callable[[Path], Sequence[Finding]]
    findings: Sequence[Finding] = ()
    max_steps: int | None = None
    unable: Unable = unable_at_run_time
    shortens: bool = True
    idle: set[str] = field(default_factory=set)

    def hopeful(self, cures: tuple[Cure, ...]) -> bool:
        """Whether none of them has found nothing to act on, in whatever dose."""
        return not {cure.name for cure in cures} & self.idle

    def cannot(self, remedy: LoadedRemedy) -> str:
        """Why a cure cannot be given, or would do nothing; "" where it can."""
        name = remedy.declaration.name
        return "it found nothing to act on" if name in self.idle else self.unable(remedy)

    def whole(self, candidate: Candidate, shift: int = SEARCHING) -> Tried:
        """A candidate over all steps."""
        return self._made(candidate, shift, 1.0, self.metrics[0])

    def short(self, candidate: Candidate, share: float, metric: Metric) -> Tried:
        """A candidate over a share of the steps."""
        return self._made(candidate, SEARCHING, share, metric)

    def acts(self, cures: tuple[Cure, ...], shift: int) -> bool:
        """Whether a treatment finds something to act on, by a run of few steps.

        What changes a model has done so when that was used; what changes training, within a tenth of it.
        """
        model = Candidate(cures, "").grade == "changes-model"
        steps = GLIMPSE if model else max(GLIMPSE, self.steps(TENTH))
        if self.first.steps <= steps:
            return True
        ran = self.runs.get(Trial(cures, shift, steps))
        if ran.status == "idle" and not any(cure.where for cure in cures):
            self.idle |= {str(told["cure"]) for told in ran.told if not told.get("did")}
        return ran.status != "idle"

    def until(self, cures: tuple[Cure, ...]) -> int:
        """Steps of a whole run with these cures that count: the script's own, unless they make it longer."""
        return int(self.first.steps * lengthened(cures))

    def steps(self, share: float) -> int:
        """So many are a share of the script's."""
        return max(int(self.first.steps * share), 1)

    def _made(self, candidate: Candidate, shift: int, share: float, metric: Metric) -> Tried:
        """Its run; where its places are not of the kind that it acts on, a run with it everywhere."""
        until = self.until(candidate.cures) if share == 1.0 else self.steps(share)
        placed = any(cure.where for cure in candidate.cures)
        if placed and not self.acts(candidate.cures, shift):
            candidate = candidate.everywhere()
        for one in (candidate, candidate.everywhere()):
            trial = Trial(one.cures, shift, self.max_steps if share == 1.0 else until)
            ran = self.runs.get(trial, lambda ran: metric.of(self.runs.place(ran), until))
            if ran.status != "idle" or one == candidate.everywhere():
                break
        if ran.status == "idle":
            several = {str(told["cure"]) for told in ran.told if not told.get("did")}
            self.idle |= {one.cures[0].name} if len(one.cures) == 1 else several
        findings = tuple(self.judge(self.runs.place(ran))) if ran.held else ()
        findings = (*untouched(self.findings, one, findings), *findings) if ran.held else ()
        tried = Tried(one, ran, share, findings=findings)
        return self.valued([tried], [self.numbered(tried, metric)])[0]

    def numbered(self, tried: Tried, short: Metric) -> Metric:
        """What a run has a number of: whole ones of the first metric that applies, short ones of theirs."""
        return self.agreed([tried]) if tried.share == 1.0 else short

    def valued(self, tried: Sequence[Tried], metrics: Sequence[Metric] = ()) -> list[Tried]:
        """The same runs, over the same share of the steps, with their numbers by one metric.

        Args:
            tried: the runs.
            metrics: of which the first is taken that all have; those of whole runs when empty.
        """
        metric, place = self.agreed(tried, metrics), self.runs.place
        short = any(one.share < 1.0 for one in tried)
        until = self.steps(tried[0].share) if short else self.first.steps
        ends = [until if short else self.until(one.candidate.cures) for one in tried]
        counts = [metric.count(place(one.ran)) for one in tried if one.ran.held]
        most = min(counts, default=0) if short else None
        nothing = metric.of(place(self.first), until, most)
        values = [
            metric.of(place(one.ran), end, most) if one.ran.held else math.nan
            for one, end in zip(tried, ends, strict=True)
        ]
        return [replace(one, value=value, nothing=nothing) for one, value in zip(tried, values, strict=True)]

    def agreed(self, tried: Sequence[Tried], metrics: Sequence[Metric] = ()) -> Metric:
        """The first metric that all runs have which ended."""
        known = list(metrics or self.metrics)
        places = [self.runs.place(one.ran) for one in tried if one.ran.held]
        return next((m for m in known if all(m.applies(place) for place in places)), known[0])


@dataclass(slots=True)
class Search:
    """What came of all candidates.

    Args:
        tried: every run, in the order made.
        best: the run of the best candidate; None where none is better than nothing.
        metric: what whole runs were compared by.
        nothing: the number of the script as it is.
    """

    tried: list[Tried] = field(default_factory=list)
    best: Tried | None = None
    metric: Metric | None = None
    nothing: float = math.nan
