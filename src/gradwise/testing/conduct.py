"""The form of a rule at work: what it finds in sick, healthy, empty and short runs, and that it is pure."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from types import FunctionType, ModuleType

from gradwise.remedies.collection import all_remedies
from gradwise.rules.rule import LoadedRule
from gradwise.testing.traces import cut, snapshot
from gradwise.trace.findings import GROUPS, Finding
from gradwise.trace.model import Trace
from gradwise.trace.signals import SIGNALS

# Where runs are cut: before anything was measured, and inside the first, fully sampled steps.
SHORT = (0, 1, 2)  # steps


def conduct_faults(
    rule: LoadedRule,
    sick: Sequence[Trace],
    healthy: Sequence[Trace],
    cures: Sequence[str] = (),
) -> Iterator[str]:
    """Complaints about what the check does with these runs."""
    yield from _silence_faults(rule, [("an empty trace", Trace())])
    crashes = [
        fault
        for number, trace in enumerate([*sick, *healthy], start=1)
        for fault in _crash_faults(rule, trace, number)
    ]
    if crashes:
        yield from crashes
        return
    yield from _purity_faults(rule, [*sick, *healthy])
    for number, trace in enumerate(sick, start=1):
        found = list(rule.check(trace))
        if not found:
            yield f"sick trace {number}: nothing is found"
        for finding in found:
            yield from (
                f"sick trace {number}: {fault}" for fault in _finding_faults(rule, finding, trace, cures)
            )
    yield from _silence_faults(
        rule, [(f"healthy trace {number}", trace) for number, trace in enumerate(healthy, start=1)]
    )
    short = [
        (f"{kind} trace {number}, cut to {steps} steps", cut(trace, steps))
        for kind, traces in (("sick", sick), ("healthy", healthy))
        for number, trace in enumerate(traces, start=1)
        for steps in (SHORT if kind == "healthy" and not rule.declaration.at_once else SHORT[:1])
        if steps < trace.steps
    ]
    yield from _silence_faults(rule, short)


def _silence_faults(rule: LoadedRule, traces: Sequence[tuple[str, Trace]]) -> Iterator[str]:
    for name, trace in traces:
        try:
            found = list(rule.check(trace))
        except Exception as error:  # noqa: BLE001  told, whatever it is
            yield f"{name}: it raises {type(error).__name__}: {error}"
            continue
        if found:
            yield f"{name}: it should be silent, and finds {found[0].message!r}"


def _crash_faults(rule: LoadedRule, trace: Trace, number: int) -> Iterator[str]:
    """Whole runs, and runs cut anywhere, are judged without an error."""
    lengths = sorted({1, 2, 3, 5, 10, trace.steps // 4, trace.steps // 2, trace.steps - 1, trace.steps})
    for steps in lengths:
        try:
            list(rule.check(cut(trace, max(steps, 0))))
        except Exception as error:  # noqa: BLE001  told, whatever it is
            yield f"trace {number}, cut to {steps} steps: it raises {type(error).__name__}: {error}"
            return


def _purity_faults(rule: LoadedRule, traces: Sequence[Trace]) -> Iterator[str]:
    """The same answer twice, also after other runs were judged; trace and module as they were."""
    module = sys.modules[rule.origin]
    before = _globals(module)
    seen = [snapshot(trace) for trace in traces]
    first = [snapshot(list(rule.check(trace))) for trace in traces]
    again = [snapshot(list(rule.check(trace))) for trace in reversed(traces)][::-1]
    if first != again:
        yield "purity: the same trace is answered differently the second time"
    if seen != [snapshot(trace) for trace in traces]:
        yield "purity: the trace is changed by it"
    if before != _globals(module):
        yield "purity: it changes its module's own variables"


def _globals(module: ModuleType) -> dict[str, str]:
    """What the variables of a module hold, functions, classes and other modules left out."""
    skipped = (FunctionType, ModuleType, type)
    return {
        name: repr(value)
        for name, value in vars(module).items()
        if not name.startswith("__") and not isinstance(value, skipped) and not callable(value)
    }


def _finding_faults(rule: LoadedRule, finding: Finding, trace: Trace, cures: Sequence[str]) -> Iterator[str]:
    told = rule.declaration
    if (finding.rule, finding.code) != (told.name, told.code):
        yield "the finding bears another name than the declaration; make it by RULE.finding(...)"
    if finding.group not in GROUPS or GROUPS.index(finding.group) < GROUPS.index(told.group):
        yield f"the finding's group {finding.group} is more serious than the declared {told.group}"
    if not finding.message.strip() or finding.message.rstrip().endswith("."):
        yield "the message is a clause with numbers in it, without a full stop"
    if not finding.why.strip():
        yield "the finding does not say why it hurts"
    if not math.isfinite(finding.threshold):
        yield f"the threshold is {finding.threshold}, not a number"
    elif not any(math.isclose(finding.threshold, number) for number in _numbers(sys.modules[rule.origin])):
        yield f"the threshold {finding.threshold:g} is none of the module's named constants"
    unknown = set(finding.cures) - set(all_remedies()) - set(cures)
    if unknown:
        yield f"no remedy is called {', '.join(sorted(unknown))}"
    for evidence in finding.evidence:
        if evidence.signal not in SIGNALS:
            yield f"the evidence names {evidence.signal}, which is no signal"
    # an evaluation may follow the last step
    if not trace.first_step <= finding.since_step <= trace.first_step + trace.steps:
        yield f"it holds since step {finding.since_step}, which is outside of the run"


def _numbers(module: ModuleType) -> list[float]:
    """None and one, and what stands behind upper-case names of a module and of the reading aids it uses."""
    aids = {
        value.__module__
        for value in vars(module).values()
        if isinstance(value, FunctionType) and value.__module__.startswith("gradwise.rules.")
    }
    return [0.0, 1.0] + [
        float(value)
        for holder in (module, *(sys.modules[aid] for aid in aids))
        for name, value in vars(holder).items()
        if name.isupper() and isinstance(value, int | float) and not isinstance(value, bool)
    ]
