"""A program that is treated while it is watched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gradwise.heal.treatment import Treatment
from gradwise.remedies.patient import TreatedRun
from gradwise.trace.append import append_facts
from gradwise.trace.model import Fact
from gradwise.trace.store import TraceWriter
from gradwise.watch.capturing import captured_by
from gradwise.watch.patches import Patches
from gradwise.watch.recording import Recorded, run_info
from gradwise.watch.script import Program, run_program
from gradwise.watch.session import Session, StopRun

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
    program: Program,
    directory: Path,
    treatment: Treatment,
    *,
    share: float,
    max_steps: int | None = None,
    max_seconds: float | None = None,
    probing: bool = False,
) -> tuple[Recorded, Told]:
    """Run a program under treatment and watch, and leave its trace in ``directory``.

    The treatment is attached outside of the watch, which so sees the treated run.

    Args:
        program: what to run.
        directory: run directory; created, must not hold a run.
        treatment: what to give.
        share: part of step time that watching may take.
        max_steps: stop after this many steps.
        max_seconds: stop after this much wall time.
        probing: keep copies of a few steps for probes.

    Returns:
        How the run ended, and what each cure did, see `Chart.told`.

    Raises:
        TraceError: the directory cannot hold the run; nothing was run.
    """
    info = run_info(program.argv[0], program.argv[1:])
    limits: Mapping[str, Any] = {"max_steps": max_steps, "max_seconds": max_seconds}
    session = Session(TraceWriter(directory, info), info, share=share, probing=probing, **limits)
    treated = treated_run(treatment)

    @contextmanager
    def treating() -> Iterator[None]:
        patches = Patches(session)
        try:
            with treated:
                yield
        finally:
            patches.remove()

    ending = run_program(program, treating, StopRun)
    session.finish(ending.status, ending.error)
    told = [chart.told() for chart in treated.charts]
    never = session.sampler.connections.never_stepped
    counts = session.trained_steps, session.ledger.lost, session.all_backwards
    return Recorded(ending, *counts, never, captured_by(session)), told


def keep_told(directory: Path, told: Told) -> None:
    """Write what a treatment did behind the facts of its run.

    Raises:
        TraceError: the run cannot be written.
    """
    append_facts(directory, [Fact(0, "treated", str(each["cure"]), each) for each in told])
