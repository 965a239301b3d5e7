"""A kept run judged under every rule as shipped, and again with each of their thresholds moved."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache

from benchmarks.calibration.recording import Kept
from benchmarks.detection.corpus import Script
from benchmarks.detection.scoring import read_findings
from gradwise.diagnosis import Diagnosis, choose_rules, diagnose
from gradwise.errors import GradwiseError, UsageError
from gradwise.rules.collection import find_rule, own_rules
from gradwise.rules.rule import Check, LoadedRule
from gradwise.settings.settings import Number
from gradwise.settings.thresholds import check_with, thresholds_of
from gradwise.trace.findings import GROUPS, Finding
from gradwise.trace.model import Trace
from gradwise.trace.read import read_run

FACTORS = (0.5, 0.8, 1.25, 2.0)
RAISED = "raised"  # stands where a group would: the rule cannot judge with that number
# A rule, a constant of its module, and what the shipped value is multiplied by.
Setting = tuple[str, str, float]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules say about one kept run.

    Args:
        script: the script that ran.
        seed: under which seed.
        spoke: most serious group among a rule's findings, by its name; rules without findings are left out.
        first: the rule that the first line names with the rules judged by default; "" for none.
        first_of_all: the same with all rules, habits and rules on trial too.
        raised: rules that failed on it, and how.
        moved: what another threshold changes: the group as in ``spoke``, "" for silence, or `RAISED`.
        as_recorded: whether `gradwise check` said the same when it recorded the run.
        problem: why it could not be judged; "" when it was.
    """

    script: Script
    seed: int
    spoke: dict[str, str] = field(default_factory=dict)
    first: str = ""
    first_of_all: str = ""
    raised: dict[str, str] = field(default_factory=dict)
    moved: dict[Setting, str] = field(default_factory=dict)
    as_recorded: bool = True
    problem: str = ""


def judge_all(
    kept: Sequence[Kept],
    sweep: Sequence[str],
    *,
    jobs: int,
    tell: Callable[[Judged], None] = lambda judged: None,
) -> list[Judged]:
    """Judge kept runs, several processes side by side.

    Args:
        kept: the runs.
        sweep: rules whose thresholds are moved, where the run belongs to the calibration split.
        jobs: processes.
        tell: called with each judged run, in the order of ``kept``.
    """
    done = []
    with ProcessPoolExecutor(jobs) as pool:
        for judged in pool.map(judge, kept, [tuple(sweep)] * len(kept)):
            tell(judged)
            done.append(judged)
    return done


def judge(kept: Kept, sweep: Sequence[str] = ()) -> Judged:
    """Judge one run; thresholds are never moved on scripts that are only scored."""
    try:
        segments = read_run(kept.run).segments
    except GradwiseError as error:
        return Judged(kept.script, kept.seed, problem=str(error).replace(f"{kept.folder}/", ""))
    found, raised = _findings(segments)
    shipped = _exam(segments, found, choose_rules())
    whole = _exam(segments, found, list(own_rules().values()))
    spoke = {name: group for name, several in found.items() if (group := _worst(several))}
    swept = sweep if kept.script.split == "calibration" else ()
    return Judged(
        kept.script,
        kept.seed,
        spoke,
        _first(shipped),
        _first(whole),
        raised,
        dict(_moved(segments, swept, spoke)),
        _same(kept, shipped),
    )


def settings_of(rule: LoadedRule) -> Iterator[tuple[str, float, Number]]:
    """Constant, factor and value of every setting of a rule's sweep.

    A count stays whole; a setting that leaves the constant as it is is left out.
    """
    for name, value in thresholds_of(rule).items():
        for factor in FACTORS:
            other = round(value * factor) if isinstance(value, int) else value * factor
            if other != value:
                yield name, factor, other


@cache
def _checks(rule: str) -> tuple[tuple[Setting, Check | None], ...]:
    """The rule's checks with one threshold moved each; None where its module cannot stand the number."""
    loaded = find_rule(rule)
    made: list[tuple[Setting, Check | None]] = []
    for name, factor, value in settings_of(loaded):
        try:
            made.append(((rule, name, factor), check_with(loaded, {name: value})))
        except UsageError:
            made.append(((rule, name, factor), None))
    return tuple(made)


def _findings(segments: Sequence[Trace]) -> tuple[dict[str, list[list[Finding]]], dict[str, str]]:
    """Findings of every rule, segment by segment, and which rules failed."""
    found: dict[str, list[list[Finding]]] = {}
    raised: dict[str, str] = {}
    for name, rule in own_rules().items():
        try:
            found[name] = [list(rule.check(segment)) for segment in segments]
        except Exception as error:  # noqa: BLE001  told in the results; the other rules are judged
            found[name] = [[] for _ in segments]
            raised[name] = f"{type(error).__name__}: {error}"
    return found, raised


def _exam(
    segments: Sequence[Trace], found: dict[str, list[list[Finding]]], rules: Iterable[LoadedRule]
) -> Diagnosis:
    """The diagnosis of findings that are there already."""
    at = {id(segment): number for number, segment in enumerate(segments)}

    def told(name: str) -> Check:
        return lambda segment: found[name][at[id(segment)]]

    known = [rule for rule in rules if rule.declaration.name in found]
    return diagnose(segments, [replace(rule, check=told(rule.declaration.name)) for rule in known])


def _moved(
    segments: Sequence[Trace], sweep: Iterable[str], spoke: dict[str, str]
) -> Iterator[tuple[Setting, str]]:
    for rule in sweep:
        for setting, check in _checks(rule):
            group = RAISED if check is None else _said(check, segments)
            if group != spoke.get(rule, ""):
                yield setting, group


def _said(check: Check, segments: Sequence[Trace]) -> str:
    try:
        with warnings.catch_warnings(action="ignore"):
            return _worst([list(check(segment)) for segment in segments])
    except Exception:  # noqa: BLE001  a moved threshold may take a rule where it was never meant to go
        return RAISED


def _worst(findings: Iterable[Iterable[Finding]]) -> str:
    groups = [finding.group for several in findings for finding in several]
    return min(groups, key=GROUPS.index, default="")


def _first(diagnosis: Diagnosis) -> str:
    return diagnosis.findings[0].rule if diagnosis.findings else ""


def _same(kept: Kept, diagnosis: Diagnosis) -> bool:
    """Whether the report of the recording names the same rules in the same order, nested alike."""
    if not kept.report.is_file():
        return True
    before = read_findings(json.loads(kept.report.read_text("utf-8")))
    now = read_findings({"schema": 1, "findings": [finding.to_json() for finding in diagnosis.findings]})
    return [(one.rule, one.nested) for one in before] == [(one.rule, one.nested) for one in now]
