"""Cost of watching: step time with and without, on six workloads, in one run.

One model is trained on and on, watched and unwatched by turns, in blocks of a
second, so that a slow moment of the machine hits both alike (two equal models
differ by up to 1 % by where they lie in memory).  One session lasts over all
watched blocks: what its start costs is in the figure.  The watch keeps what
probes need, as ``gradwise check`` does by default (``--probe none``: without).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter, process_time

import torch

from benchmarks.cost.workloads import WORKLOADS, Step, Workload
from gradwise.trace.store import TraceWriter
from gradwise.watch.patches import Patches
from gradwise.watch.recording import run_info
from gradwise.watch.session import Session

BAR_RATIO = 1.02
BAR_MICROSECONDS = 10.0
BLOCK_SECONDS = 1.0
CLOCK = perf_counter


@dataclass(frozen=True)
class Row:
    """One workload's figures.

    Args:
        step_us: median step time without watching, microseconds.
        ratio: watched over unwatched: median over the repetitions of total time over total time.
        extra_us: (ratio - 1) of the step time, microseconds.
        ratios: every repetition's ratio.
        samples: sampled steps of the last repetition.
        steps: watched steps of the last repetition.
    """

    name: str
    step_us: float
    ratio: float
    extra_us: float
    ratios: list[float]
    samples: int
    steps: int

    @property
    def holds(self) -> bool:
        """Within 2 %, or within 10 microseconds where that is more."""
        return self.ratio <= BAR_RATIO or self.extra_us <= BAR_MICROSECONDS


def _block(step: Step, count: int) -> float:
    begin = CLOCK()
    for _ in range(count):
        step()
    return CLOCK() - begin


def measure(
    workload: Workload, seconds: float, share: float, repetitions: int, *, probing: bool = True
) -> Row:
    """Train for ``seconds`` watched and as long unwatched, by turns, ``repetitions`` times over."""
    ratios, plains, samples, steps = [], [], 0, 0
    for repetition in range(repetitions):
        torch.manual_seed(repetition)
        other = workload.make()
        _block(other, 3)  # warm up threads and allocator
        count = max(1, int(BLOCK_SECONDS / (_block(other, 3) / 3)))
        with tempfile.TemporaryDirectory() as folder:
            info = run_info("benchmark", ())
            session = Session(TraceWriter(Path(folder) / "run", info), info, share=share, probing=probing)
            patches = Patches(session)
            step = workload.make()
            patches.remove()
            with_watch = without = 0.0
            turn = 0
            while without < seconds:
                for watching in (True, False) if turn % 2 else (False, True):
                    if watching:
                        patches = Patches(session)
                        session.resume()
                        with_watch += _block(step, count)
                        patches.remove()
                    else:
                        without += _block(step, count)
                turn += 1
            samples, steps = session.budget.samples, session.step
            session.finish("finished")
        ratios.append(with_watch / without)
        plains.append(without / (turn * count))
    ratio = statistics.median(ratios)
    step_us = statistics.median(plains) * 1e6
    return Row(workload.name, step_us, ratio, (ratio - 1) * step_us, ratios, samples, steps)


def main() -> int:
    """Measure, print the table, 0 when every bar holds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="unwatched time per repetition")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--budget", type=float, default=0.02, help="share of step time")
    parser.add_argument(
        "--clock",
        choices=("wall", "cpu"),
        default="wall",
        help="cpu counts processor time on one thread: steadier on a machine shared with others",
    )
    parser.add_argument("--probe", choices=("auto", "none"), default="auto", help="keep what probes need")
    parser.add_argument("--only", default="", help="workloads whose name contains this")
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args()
    if options.clock == "cpu":
        global CLOCK
        CLOCK = process_time
        torch.set_num_threads(1)
    print(
        f"{options.clock} clock, torch {torch.__version__}, {torch.get_num_threads()} threads, budget {options.budget:.0%}"
    )
    print(f"{'workload':32} {'step':>11} {'ratio':>7} {'extra':>10}  {'range':15} {'sampled':>14}  bar")
    rows = []
    for workload in WORKLOADS:
        if options.only.lower() not in workload.name.lower():
            continue
        row = measure(
            workload, options.seconds, options.budget, options.repetitions, probing=options.probe == "auto"
        )
        rows.append(row)
        spread = f"{min(row.ratios):.3f}-{max(row.ratios):.3f}"
        print(
            f"{row.name:32} {row.step_us:8.0f} us {row.ratio:7.3f} {row.extra_us:7.1f} us  {spread:15} "
            f"{row.samples:5}/{row.steps:<8}  {'holds' if row.holds else 'MISSED'}",
            flush=True,
        )
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
