"""The exam: run the chosen rules over a trace and hang symptoms under causes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from gradwise.rules.collection import all_rules, find_rule
from gradwise.rules.rule import LoadedRule
from gradwise.trace.findings import GROUPS, Finding, Group
from gradwise.trace.model import Trace

# Groups that are judged unless asked otherwise.
DEFAULT_GROUPS: tuple[Group, ...] = ("broken", "sick", "slow")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Causes, strongest first, each with its symptoms; and what went wrong in judging."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    rules_run: int = 0

    def fails(self, at: Group) -> bool:
        """Whether any finding, symptoms included, is as serious as ``at``."""
        limit = GROUPS.index(at)
        return any(GROUPS.index(finding.group) <= limit for finding in _flat(self.findings))


def choose_rules(only: Sequence[str] = (), skip: Sequence[str] = ()) -> list[LoadedRule]:
    """Rules of the default groups, narrowed by names or codes.

    Raises:
        UnknownNameError: a name in ``only`` or ``skip`` is no rule.
    """
    skipped = {find_rule(name).declaration.name for name in skip}
    if only:
        chosen = [find_rule(name) for name in only]
    else:
        chosen = [r for r in all_rules().values() if r.declaration.group in DEFAULT_GROUPS]
    return [rule for rule in chosen if rule.declaration.name not in skipped]


def diagnose(
    trace: Trace | Iterable[Trace],
    rules: Sequence[LoadedRule] | None = None,
    *,
    on_error: Callable[[str, Exception], None] | None = None,
) -> Diagnosis:
    """Judge a trace, or the segments of one, with the given rules.

    Args:
        trace: one trace, or several segments of the same run.
        rules: the rules to run; the default groups when None.
        on_error: called with the rule's name when a rule raises; the exam goes on.

    Returns:
        The diagnosis.  A rule that raised is named in ``notes``.
    """
    chosen = choose_rules() if rules is None else list(rules)
    segments = [trace] if isinstance(trace, Trace) else list(trace)
    notes: list[str] = []
    causes: list[Finding] = []
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
        causes.extend(_nest(found))
    return Diagnosis(tuple(_merge(causes)), tuple(dict.fromkeys(notes)), len(chosen))


def _belief(finding: Finding) -> tuple[int, int, float, int]:
    """Sort key: surest group first, then order of belief, strength, onset."""
    rule = all_rules().get(finding.rule)
    organ = int(rule.declaration.organ) if rule else 99
    return (0 if finding.group == "broken" else 1, organ, -finding.strength, finding.since_step)


def _nest(found: list[Finding]) -> list[Finding]:
    """Hang every finding under the strongest root cause that explains it.

    A root is a finding that no other present finding explains.  Where two
    explain each other, the one earlier in the order of belief is the cause.
    """
    ordered = sorted(found, key=_belief)
    present = {finding.rule for finding in found}
    explains = {name: _reach(name, present) for name in present}

    def is_cause(cause: int, symptom: int) -> bool:
        a, b = ordered[cause].rule, ordered[symptom].rule
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
    return sorted(merged.values(), key=_belief)


def _flat(findings: Iterable[Finding]) -> Iterable[Finding]:
    for finding in findings:
        yield finding
        yield from _flat(finding.symptoms)
