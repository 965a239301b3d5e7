"""From diagnoses to the numbers that count: faults found, cause named first, false alarms."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.detection.corpus import SPLITS, Script, Split

# Groups in which a finding on a healthy run is a false alarm.
ALARMING = ("broken", "sick")
# How many causes a reader looks at before giving up (ours).
FEW = 3
# What the scored split demands: shares of its sick runs, share of its fixed and healthy runs.
RECALL_BAR = 0.95
CAUSE_FIRST_BAR = 0.92
AMONG_FEW_BAR = 0.98
FALSE_ALARM_BAR = 0.01
# Of those, runs with a finding of the group "broken".
BROKEN_ALARM_BAR = 0


@dataclass(frozen=True, slots=True)
class Named:
    """One finding as scoring needs it."""

    rule: str
    group: str
    since_step: int
    nested: bool
    message: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run of `gradwise check` said about one script.

    Args:
        script: which script.
        seed: under which seed.
        findings: everything said, top level before nested, in the order printed.
        stands_from: first step at which the expected finding was already there
            when the trace is cut after it; None when it was not asked or not found.
        seconds: wall time of the command.
        error: why there is no report; "" when there is one.
    """

    script: Script
    seed: int
    findings: tuple[Named, ...] = ()
    stands_from: int | None = None
    seconds: float = 0.0
    error: str = ""

    @property
    def found(self) -> bool:
        """The planted cause is named, as a cause or as a symptom."""
        return any(f.rule == self.script.expected for f in self.findings)

    @property
    def found_on_top(self) -> bool:
        """The planted cause is named as a cause."""
        return any(f.rule == self.script.expected and not f.nested for f in self.findings)

    @property
    def first(self) -> str:
        """The rule named first; "" when nothing was found."""
        return next((f.rule for f in self.findings if not f.nested), "")

    @property
    def cause_first(self) -> bool:
        """The first line names the planted cause or a name that is as fair."""
        return self.first != "" and self.first in (self.script.expected, *self.script.accepted)

    @property
    def among_few(self) -> bool:
        """One of the first three causes is the planted one or a name that is as fair."""
        fair = (self.script.expected, *self.script.accepted)
        return any(rule in fair for rule in [f.rule for f in self.findings if not f.nested][:FEW])

    @property
    def since(self) -> int | None:
        """Since which step the planted cause is said to hold."""
        return min((f.since_step for f in self.findings if f.rule == self.script.expected), default=None)

    @property
    def alarms(self) -> tuple[Named, ...]:
        """Findings that nobody may make on a healthy run."""
        return tuple(f for f in self.findings if f.group in ALARMING)

    @property
    def broken_alarm(self) -> bool:
        """One of the alarms says that the run is broken."""
        return any(f.group == "broken" for f in self.findings)


@dataclass(frozen=True, slots=True)
class Totals:
    """The score of a set of runs.  Shares are None when there was nothing to count."""

    sick_runs: int
    recall: float | None
    recall_on_top: float | None
    cause_first: float | None
    among_few: float | None
    fixed_runs: int
    fixed_alarms: int
    healthy_runs: int
    healthy_alarms: int
    broken_alarms: int
    errors: int
    median_since: float | None
    median_stands_from: float | None

    @property
    def false_alarms(self) -> float | None:
        """Share of the fixed and healthy runs with a false alarm."""
        runs = self.fixed_runs + self.healthy_runs
        return (self.fixed_alarms + self.healthy_alarms) / runs if runs else None

    def missed_bars(self) -> list[str]:
        """One clause per bar that was missed; empty when all hold."""
        missed = [
            f"{name} {share:.1%} (bar {bar:.0%})"
            for name, share, bar in (
                ("recall", self.recall, RECALL_BAR),
                ("cause first", self.cause_first, CAUSE_FIRST_BAR),
                (f"among the first {FEW} causes", self.among_few, AMONG_FEW_BAR),
            )
            if share is not None and share < bar
        ]
        if self.false_alarms is not None and self.false_alarms > FALSE_ALARM_BAR:
            missed.append(
                f"false alarms on {self.false_alarms:.1%} of healthy and fixed runs (bar {FALSE_ALARM_BAR:.0%})"
            )
        if self.broken_alarms > BROKEN_ALARM_BAR:
            missed.append(f'"broken" on {self.broken_alarms} healthy or fixed runs (bar {BROKEN_ALARM_BAR})')
        if self.errors:
            missed.append(f"{self.errors} runs gave no report")
        return missed


def read_findings(report: Mapping[str, Any]) -> tuple[Named, ...]:
    """The findings of a report (schema 1), top level first, each with its symptoms' symptoms.

    Raises:
        ValueError: the report is not of schema 1.
    """
    if report.get("schema") != 1:
        raise ValueError(f"expected a report of schema 1, got {report.get('schema')!r}")
    top = report["findings"]
    return tuple(_named(top, nested=False)) + tuple(_below(top))


def _below(findings: Iterable[Mapping[str, Any]]) -> Iterable[Named]:
    for finding in findings:
        symptoms = finding.get("symptoms", [])
        yield from _named(symptoms, nested=True)
        yield from _below(symptoms)


def _named(findings: Iterable[Mapping[str, Any]], *, nested: bool) -> Iterable[Named]:
    for f in findings:
        yield Named(f["rule"], f["group"], int(f["since_step"]), nested, f.get("message", ""))


def total(outcomes: Sequence[Outcome]) -> Totals:
    """Count.  A run without a report is a miss on sick scripts and an error everywhere."""
    sick = [o for o in outcomes if o.script.kind == "sick"]
    fixed = [o for o in outcomes if o.script.kind == "fixed"]
    healthy = [o for o in outcomes if o.script.kind == "healthy"]
    return Totals(
        sick_runs=len(sick),
        recall=_share(o.found for o in sick),
        recall_on_top=_share(o.found_on_top for o in sick),
        cause_first=_share(o.cause_first for o in sick),
        among_few=_share(o.among_few for o in sick),
        fixed_runs=len(fixed),
        fixed_alarms=sum(bool(o.alarms) for o in fixed),
        healthy_runs=len(healthy),
        healthy_alarms=sum(bool(o.alarms) for o in healthy),
        broken_alarms=sum(o.broken_alarm for o in [*fixed, *healthy]),
        errors=sum(bool(o.error) for o in outcomes),
        median_since=_median(o.since for o in sick),
        median_stands_from=_median(o.stands_from for o in sick),
    )


def per_split(outcomes: Sequence[Outcome]) -> dict[Split, list[Outcome]]:
    """The outcomes of each split that has any."""
    apart: dict[Split, list[Outcome]] = {
        split: [o for o in outcomes if o.script.split == split] for split in SPLITS
    }
    return {split: those for split, those in apart.items() if those}


def barred(outcomes: Sequence[Outcome]) -> tuple[Split, Totals]:
    """The split that the bars are held against, and its score: the scored one wherever it ran."""
    apart = per_split(outcomes)
    split: Split = "scored" if "scored" in apart else "calibration"
    return split, total(apart.get(split, []))


def per_rule(outcomes: Sequence[Outcome]) -> dict[str, Totals]:
    """The score of the sick scripts and fixed twins of each expected rule, by name."""
    rules = sorted({o.script.expected for o in outcomes if o.script.expected})
    return {rule: total([o for o in outcomes if o.script.expected == rule]) for rule in rules}


def _share(marks: Iterable[bool]) -> float | None:
    counted = list(marks)
    return sum(counted) / len(counted) if counted else None


def _median(values: Iterable[int | None]) -> float | None:
    known = [v for v in values if v is not None]
    return statistics.median(known) if known else None
