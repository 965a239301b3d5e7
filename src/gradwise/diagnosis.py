"""The exam: run the chosen rules over a trace and hang symptoms under causes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from gradwise.probes.pairs import favoured
from gradwise.rules.collection import all_rules, left_out
from gradwise.rules.rule import LoadedRule, Organ
from gradwise.settings.choosing import choose
from gradwise.settings.settings import Settings
from gradwise.trace.findings import GROUPS, Finding, Group
from gradwise.trace.model import Trace

MANY_SEGMENTS = 5  # stages of a run, as of folds, searches and boosted networks; ours


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that the project accepts, and its reason."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found in a run.

    Args:
        findings: causes, strongest first, each with its symptoms.
        notes: what went wrong in judging.
        rules_run: how many rules judged.
        suppressed: findings that the project's settings accept; they are in no other field.
        settings: file of the project's settings, as a user would type it; "" when there is none.
    """

    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    rules_run: int = 0
    suppressed: tuple[Suppressed, ...] = ()
    settings: str = ""

    def fails(self, at: Group) -> bool:
        """Whether any finding, symptoms included, is as serious as ``at``."""
        limit = GROUPS.index(at)
        return any(GROUPS.index(finding.group) <= limit for finding in _flat(self.findings))


def choose_rules(
    only: Sequence[str] = (), skip: Sequence[str] = (), settings: Settings | None = None
) -> list[LoadedRule]:
    """Rules of the default groups or of the settings, narrowed by names, codes, letters of codes or groups.

    Raises:
        UnknownNameError: a word in ``only`` or ``skip`` stands for no rule.
        UsageError: no rule is left.
    """
    return choose(settings or Settings(), only, skip)


def diagnose(
    trace: Trace | Iterable[Trace],
    rules: Sequence[LoadedRule] | None = None,
    *,
    settings: Settings | None = None,
    on_error: Callable[[str, Exception], None] | None = None,
) -> Diagnosis:
    """Judge a trace, or the segments of one, with the given rules.

    Args:
        trace: one trace, or several segments of the same run.
        rules: the rules to run; those that the settings choose when None.
        settings: decisions of the project, whose suppressions are applied; gradwise's own when None.
        on_error: called with the rule's name when a rule raises; the exam goes on.

    Returns:
        The diagnosis.  A rule that raised is named in ``notes``.
    """
    decided = settings or Settings()
    chosen = choose(decided) if rules is None else list(rules)
    segments = [trace] if isinstance(trace, Trace) else list(trace)
    notes: list[str] = list(left_out())
    causes: list[list[Finding]] = []  # segment by segment
    everywhere: set[tuple[str, str]] = set()
    accepted = _Accepted(decided)
    for segment in segments:
        found: list[Finding] = []
        for rule in chosen:
            try:
                found.extend(rule.check(segment))
            except Exception as error:  # noqa: BLE001  a failing rule must not hide the others
                name = rule.declaration.name
                notes.append(f"rule {name} failed and was left out: {type(error).__name__}: {error}")
                if on_error is not None:
                    on_error(name, error)
        told = favoured(segment)
        everywhere |= told
        causes.append(_nest(accepted.withheld(found, segment.run.script), told))
    notes += accepted.idle({rule.declaration.name for rule in chosen}, [one.run.script for one in segments])
    return Diagnosis(
        tuple(_promoted(_merge(_lasting(causes)), everywhere)),
        tuple(dict.fromkeys(notes)),
        len(chosen),
        accepted.findings(),
        decided.shown,
    )


class _Accepted:
    """Findings that the settings suppress, segment by segment, and which suppressions did anything."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._found: dict[str, list[Finding]] = {}  # by reason
        self._used: set[int] = set()

    def withheld(self, found: list[Finding], script: str) -> list[Finding]:
        """What is left of the findings in a run of that script."""
        left = []
        for finding in found:
            fitting = [
                number
                for number, one in enumerate(self._settings.suppress)
                if one.concerns(script) and one.covers(finding)
            ]
            self._used.update(fitting)
            if fitting:
                reason = self._settings.suppress[fitting[0]].reason
                self._found.setdefault(reason, []).append(finding)
            else:
                left.append(finding)
        return left

    def findings(self) -> tuple[Suppressed, ...]:
        """All that was withheld, one per rule and place, with the reasons."""
        held = [Suppressed(one, reason) for reason, found in self._found.items() for one in _merge(found)]
        return tuple(sorted(held, key=lambda one: _belief(one.finding)))

    def idle(self, rules: set[str], scripts: list[str]) -> Iterable[str]:
        """A sentence for each suppression that matched nothing although its rule judged its script."""
        for number, one in enumerate(self._settings.suppress):
            concerned = one.rule in rules and any(one.concerns(script) for script in scripts)
            if concerned and number not in self._used:
                at = "" if one.where == "*" else f" at {one.where}"
                yield f"{self._settings.shown}: the suppression of {one.rule}{at} matched nothing"


_SEVERITY: dict[Group, int] = {"broken": 0, "sick": 1, "slow": 1, "habit": 2, "trial": 2}


def _belief(finding: Finding) -> tuple[int, int, float, int]:
    """Sort key: surest group first, then order of belief, strength, onset."""
    rule = all_rules().get(finding.rule)
    organ = int(rule.declaration.organ) if rule else 99
    return (0 if finding.group == "broken" else 1, organ, -finding.strength, finding.since_step)


def _nest(found: list[Finding], told: Collection[tuple[str, str]] = ()) -> list[Finding]:
    """Hang every finding under the strongest root cause that explains it.

    A root is a finding that no other present finding explains.  Where two
    explain each other, the one earlier in the order of belief is the cause,
    unless a probe has told them apart: ``told`` holds (cause, other) pairs.
    """
    ordered = _promoted(sorted(found, key=_belief), told)
    present = {finding.rule for finding in found}
    explains = {name: _reach(name, present) for name in present}

    def is_cause(cause: int, symptom: int) -> bool:
        a, b = ordered[cause].rule, ordered[symptom].rule
        if (b, a) in told:
            return False
        if (a, b) in told and a in explains[b]:
            return True
        if a == b or b not in explains[a]:
            return False
        return a not in explains[b] or cause < symptom

    everyone = range(len(ordered))
    roots = [i for i in everyone if not any(is_cause(j, i) for j in everyone)]
    children: dict[int, list[Finding]] = {root: [] for root in roots}
    for i in everyone:
        if i not in children:
            parent = next((root for root in roots if is_cause(root, i)), None)
            if parent is None:  # a cycle of mutual explanations: keep it visible
                children[i] = []
            else:
                children[parent].append(ordered[i])
    return [ordered[root].with_symptoms(tuple(children[root])) for root in sorted(children)]


def _reach(name: str, present: set[str]) -> set[str]:
    """Names of present findings that ``name`` explains, directly or through others present."""
    reached: set[str] = set()
    frontier = [name]
    while frontier:
        rule = all_rules().get(frontier.pop())
        for symptom in rule.declaration.explains if rule else ():
            if symptom in present and symptom not in reached:
                reached.add(symptom)
                frontier.append(symptom)
    return reached - {name}


def _promoted(found: list[Finding], told: Collection[tuple[str, str]]) -> list[Finding]:
    """The findings with every one that a probe speaks for before the one that it speaks against."""
    ordered = list(found)
    for winner, loser in sorted(told):
        for one in [finding for finding in ordered if finding.rule == winner]:
            first = next((at for at, other in enumerate(ordered) if other.rule == loser), len(ordered))
            if first < ordered.index(one):
                ordered.remove(one)
                ordered.insert(first, one)
    return ordered


def _lasting(causes: list[list[Finding]]) -> list[Finding]:
    """The findings of all segments; in runs of many, what only shows as an outcome must show in most.

    Of boosted networks, folds and searched settings some learn nothing, in runs that are fine.
    """
    everything = [finding for found in causes for finding in found]
    if len(causes) < MANY_SEGMENTS:
        return everything
    seen = Counter(rule for found in causes for rule in {finding.rule for finding in found})
    return [one for one in everything if not _is_outcome(one) or seen[one.rule] > len(causes) / 2]


def _is_outcome(finding: Finding) -> bool:
    rule = all_rules().get(finding.rule)
    return rule is not None and rule.declaration.organ == Organ.OUTCOME


def _merge(causes: list[Finding]) -> list[Finding]:
    """One finding per rule and place over the segments, strongest cause first."""
    merged: dict[tuple[str, tuple[str, ...]], Finding] = {}
    for finding in causes:
        key = (finding.rule, finding.where)
        before = merged.get(key)
        if before is None:
            merged[key] = finding
        else:
            merged[key] = replace(before, since_step=min(before.since_step, finding.since_step))
    return sorted(merged.values(), key=lambda finding: (_severity(finding), *_belief(finding)))


def _severity(finding: Finding) -> int:
    """0 broken, 1 sick or slow, 2 habit or on trial: the worst of a cause and its symptoms."""
    return min(_SEVERITY[one.group] for one in _flat((finding,)))


def _flat(findings: Iterable[Finding]) -> Iterable[Finding]:
    for finding in findings:
        yield finding
        yield from _flat(finding.symptoms)
