"""From diagnoses to the three numbers: faults found, cause named first, false alarms."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.detection.corpus import Script

# Groups in which a finding on a healthy run is a false alarm.
ALARMING = ("broken", "sick")
# What the corpus demands (shares of sick runs; count of runs).
RECALL_BAR = 0.95
CAUSE_FIRST_BAR = 0.90
FALSE_ALARM_BAR = 0


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
    def since(self) -> int | None:
        """Since which step the planted cause is said to hold."""
        return min((f.since_step for f in self.findings if f.rule == self.script.expected), default=None)

    @property
    def alarms(self) -> tuple[Named, ...]:
        """Findings that nobody may make on a healthy run."""
        return tuple(f for f in self.findings if f.group in ALARMING)


@dataclass(frozen=True, slots=True)
class Totals:
    """The score of a set of runs.  Shares are None when there was nothing to count."""

    sick_runs: int
    recall: float | None
    recall_on_top: float | None
    cause_first: float | None
    fixed_runs: int
    fixed_alarms: int
    healthy_runs: int
    healthy_alarms: int
    errors: int
    median_since: float | None
    median_stands_from: float | None

    def missed_bars(self) -> list[str]:
        """One clause per bar that was missed; empty when all hold."""
        missed = []
        if self.recall is not None and self.recall < RECALL_BAR:
            missed.append(f"recall {self.recall:.1%} (bar {RECALL_BAR:.0%})")
        if self.cause_first is not None and self.cause_first < CAUSE_FIRST_BAR:
            missed.append(f"cause first {self.cause_first:.1%} (bar {CAUSE_FIRST_BAR:.0%})")
        for name, count in (("healthy", self.healthy_alarms), ("fixed", self.fixed_alarms)):
            if count > FALSE_ALARM_BAR:
                missed.append(f"false alarms on {count} {name} runs (bar {FALSE_ALARM_BAR})")
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
        fixed_runs=len(fixed),
        fixed_alarms=sum(bool(o.alarms) for o in fixed),
        healthy_runs=len(healthy),
        healthy_alarms=sum(bool(o.alarms) for o in healthy),
        errors=sum(bool(o.error) for o in outcomes),
        median_since=_median(o.since for o in sick),
        median_stands_from=_median(o.stands_from for o in sick),
    )


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
