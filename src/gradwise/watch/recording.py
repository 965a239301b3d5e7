"""From a program to a recorded run: the writer, the session and the wrappers put together."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import torch

import gradwise
from gradwise.trace.captured import Captured
from gradwise.trace.model import RunInfo
from gradwise.trace.store import TraceWriter
from gradwise.watch.capturing import captured_by
from gradwise.watch.patches import Patches
from gradwise.watch.script import Ending, Program, run_program
from gradwise.watch.session import Session, StopRun


@dataclass(frozen=True, slots=True)
class Recorded:
    """A run that has ended: how, after how many steps, and what could not be written.

    ``never_stepped``: backwards ran beside an optimizer that nobody stepped, which is an ailment.
    ``captured``: what probes start from, where they were asked for.
    """

    ending: Ending
    steps: int
    lost: str
    backwards: int
    never_stepped: bool = False
    captured: Captured | None = None


def run_info(script: str, argv: tuple[str, ...]) -> RunInfo:
    """What is known of a run at its start."""
    return RunInfo(
        script=script,
        argv=argv,
        started=datetime.now().astimezone().isoformat(timespec="seconds"),
        status="running",
        gradwise=gradwise.__version__,
        torch=torch.__version__,
        python=platform.python_version(),
        device=torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
    )


def record(
    program: Program,
    directory: Path,
    *,
    share: float,
    max_steps: int | None = None,
    max_seconds: float | None = None,
    probing: bool = False,
    within: Callable[[Session], AbstractContextManager[Any]] | None = None,
) -> Recorded:
    """Run a program under watch and leave its trace in ``directory``.

    Args:
        program: what to run.
        directory: run directory; created, must not hold a run.
        share: part of step time that watching may take.
        max_steps: stop after this many steps.
        max_seconds: stop after this much wall time.
        probing: keep copies of a few steps for probes.
        within: makes a context of the session, entered once the watch is attached and left before it is
            taken away; what it changes is watched.

    Raises:
        TraceError: the directory cannot hold the run; nothing was run.
    """
    info = run_info(program.argv[0], program.argv[1:])
    writer = TraceWriter(directory, info)
    session = Session(
        writer, info, share=share, max_steps=max_steps, max_seconds=max_seconds, probing=probing
    )

    @contextmanager
    def watching() -> Iterator[None]:
        patches = Patches(session)
        try:
            with nullcontext() if within is None else within(session):
                yield
        finally:
            patches.remove()

    ending = run_program(program, watching, StopRun)
    session.finish(ending.status, ending.error)
    never = session.sampler.connections.never_stepped
    counts = session.trained_steps, session.ledger.lost, session.all_backwards
    return Recorded(ending, *counts, never, captured_by(session))
