"""A program that is treated while it is watched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradwise.heal.live.healer import Healer
from gradwise.heal.treatment import Treatment
from gradwise.remedies.patient import TreatedRun
from gradwise.remedies.remedy import Grade
from gradwise.trace.append import append_facts
from gradwise.trace.model import Fact
from gradwise.watch.recording import Recorded, record
from gradwise.watch.script import Program
from gradwise.watch.session import Session

STATES = "states"  # folder below a run's, while it is healed live
Told = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Live:
    """That a run is healed while it runs.

    Args:
        allowed: grades of the cures.
        most: returns without progress after which nothing more is done.
        say: takes one sentence for each intervention.
    """

    allowed: tuple[Grade, ...]
    most: int
    say: Callable[[str], None]


def treated_run(treatment: Treatment, run: TreatedRun | None = None) -> TreatedRun:
    """A run that gets a treatment, not yet begun.

    Args:
        treatment: what to give.
        run: to give it to; a new one by default.

    >>> from gradwise.heal.treatment import Cure
    >>> [chart.cure for chart in treated_run(Treatment((Cure("zero-grad"),))).charts]
    ['zero-grad']
    """
    run = run or TreatedRun()
    for cure in treatment.cures:
        treat = cure.remedy.treat
        assert treat is not None
        run.give(cure.name, treat, cure.full_dose(), cure.where, cure.why)
    return run


def record_treated(
    program: Program, directory: Path, treatment: Treatment, live: Live | None = None, **options: Any
) -> tuple[Recorded, Told]:
    """Run a program under treatment and watch, and leave its trace in ``directory``.

    The treatment is attached within the watch, which so sees the treated run.

    Args:
        program: what to run.
        directory: run directory; created, must not hold a run.
        treatment: what to give.
        live: heal it while it runs, with states below ``directory``.
        **options: see `gradwise.watch.recording.record`.

    Returns:
        How the run ended, and what each cure did, see `Chart.told`.

    Raises:
        TraceError: the directory cannot hold the run; nothing was run.
    """
    treated, healer = TreatedRun(), None
    if live is not None:
        healer = Healer(directory / STATES, say=live.say, allowed=live.allowed, most=live.most)
        healer.attach(treated)
    treated_run(treatment, treated)

    def within(session: Session) -> TreatedRun:
        if healer is not None:
            healer.begin(session)
        return treated

    recorded = record(program, directory, within=within, **options)
    if healer is not None:
        healer.end(recorded.ending.status)
    return recorded, [chart.told() for chart in treated.charts]


def keep_told(directory: Path, told: Told) -> None:
    """Write what a treatment did behind the facts of its run.

    Raises:
        TraceError: the run cannot be written.
    """
    append_facts(directory, [Fact(0, "treated", str(each["cure"]), each) for each in told])
