"""When did a finding first stand?  Judge the recorded run again as if it had ended earlier."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from gradwise.diagnosis import diagnose
from gradwise.errors import GradwiseError
from gradwise.trace.findings import Finding
from gradwise.trace.model import Trace
from gradwise.trace.read import read_run


def cut(trace: Trace, stop: int) -> Trace:
    """The trace as it stood before step ``stop``: later steps, rows and facts removed.

    What is known of modules and parameters is that of the whole run.
    """
    first = trace.first_step
    return replace(
        trace,
        series={name: series.between(first, stop) for name, series in trace.series.items()},
        tables={name: table.between(first, stop) for name, table in trace.tables.items()},
        facts=tuple(fact for fact in trace.facts if fact.step < stop),
        steps=min(trace.steps, max(stop - first, 0)),
    )


def stands_from(run: Path, rule: str) -> int | None:
    """First sampled step after which the rule's finding is there to stay.

    Bisects over the sampled steps, so about six exams; a finding that comes,
    goes and comes back is placed at one of its comings.

    Args:
        run: directory of a recorded run.
        rule: name of the rule.

    Returns:
        The step; None when the run cannot be read or the finding is not there at its end.
    """
    try:
        segments = read_run(run).segments
    except GradwiseError:
        return None
    steps = [trace.step_signal("loss").steps for trace in segments]
    every = np.unique(
        np.concatenate([*(table.steps for t in segments for table in t.tables.values()), *steps])
    )
    if len(every) == 0 or not _stands(segments, int(every[-1]) + 1, rule):
        return None
    low, high = 0, len(every) - 1  # holds: the finding stands at every[high]
    while low < high:
        middle = (low + high) // 2
        if _stands(segments, int(every[middle]) + 1, rule):
            high = middle
        else:
            low = middle + 1
    return int(every[high])


def _stands(segments: list[Trace] | tuple[Trace, ...], stop: int, rule: str) -> bool:
    seen = [cut(trace, stop) for trace in segments if trace.first_step < stop]
    return any(_names(finding, rule) for finding in diagnose(seen).findings)


def _names(finding: Finding, rule: str) -> bool:
    return finding.rule == rule or any(_names(symptom, rule) for symptom in finding.symptoms)
