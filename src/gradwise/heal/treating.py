"""A program that is treated while it is watched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradwise.heal.treatment import Treatment
from gradwise.remedies.patient import TreatedRun
from gradwise.trace.append import append_facts
from gradwise.trace.model import Fact
from gradwise.watch.recording import Recorded, record
from gradwise.watch.script import Program

Told = list[dict[str, Any]]


def treated_run(treatment: Treatment) -> TreatedRun:
    """A run that gets a treatment, not yet begun.

    >>> from gradwise.heal.treatment import Cure
    >>> [chart.cure for chart in treated_run(Treatment((Cure("zero-grad"),))).charts]
    ['zero-grad']
    """
    run = TreatedRun()
    for cure in treatment.cures:
        treat = cure.remedy.treat
        assert treat is not None
        run.give(cure.name, treat, cure.full_dose(), cure.where, cure.why)
    return run


def record_treated(
    program: Program, directory: Path, treatment: Treatment, **options: Any
) -> tuple[Recorded, Told]:
    """Run a program under treatment and watch, and leave its trace in ``directory``.

    The treatment is attached within the watch, which so sees the treated run.

    Args:
        program: what to run.
        directory: run directory; created, must not hold a run.
        treatment: what to give.
        **options: see `gradwise.watch.recording.record`.

    Returns:
        How the run ended, and what each cure did, see `Chart.told`.

    Raises:
        TraceError: the directory cannot hold the run; nothing was run.
    """
    treated = treated_run(treatment)
    recorded = record(program, directory, within=treated, **options)
    return recorded, [chart.told() for chart in treated.charts]


def keep_told(directory: Path, told: Told) -> None:
    """Write what a treatment did behind the facts of its run.

    Raises:
        TraceError: the run cannot be written.
    """
    append_facts(directory, [Fact(0, "treated", str(each["cure"]), each) for each in told])
