"""Speed of fit: the same nets to the same accuracy on the same data, every peer in a process of its own.

By turns: each repetition goes through all peers of a workload before the next, each time beginning with
another one, so that a slow hour of the machine hits all alike.  Ratios are taken within a repetition.
0 is returned only when every bar holds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch

from benchmarks.fit.fetch import DataMissingError
from benchmarks.fit.meter import Result
from benchmarks.fit.peers import MODULES, missing, peer
from benchmarks.fit.table import Cell, bars, judged, markdown
from benchmarks.fit.workloads import SYNTHETIC, WORKLOADS, Workload, load

SECONDS, LIMIT, REPETITIONS = 15.0, 600.0, 3  # of the steady window; of training to the target; of the whole
QUICK_SECONDS = 2.0  # of the window with --quick, which waits for no target
HANGS = 900.0  # seconds beyond window and limit after which a process is given up


def measure(
    workloads: Sequence[Workload],
    peers: Sequence[str],
    *,
    seconds: float,
    limit: float,
    repetitions: int,
    device: str = "cpu",
    clock: str = "wall",
) -> list[Cell]:
    """Every (workload, peer) in its own process, by turns; a line on stderr for each."""
    cells = []
    shared = ("--device", device, "--clock", clock)
    for work in workloads:
        row = []
        for name in peers:
            module = peer(name)
            if work.name in (module.ONLY or [work.name]):
                lacking = ", ".join(missing(module))
                row.append(
                    Cell(work, name, module.TITLE, note=f"not installed ({lacking})" if lacking else "")
                )
        for repetition in range(repetitions):
            first = repetition % len(row)
            for cell in row[first:] + row[:first]:
                if not cell.note:
                    _run(cell, ("--seed", str(repetition), *shared), seconds, limit)
        cells += row
    return cells


def _run(cell: Cell, more: Sequence[str], seconds: float, limit: float) -> None:
    command = [sys.executable, "-m", "benchmarks.fit.cell", cell.workload.name, cell.peer, *more]
    command += ["--seconds", str(seconds), "--limit", str(limit)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=seconds + limit + HANGS
        )
    except subprocess.TimeoutExpired:
        cell.note = "gave no result in time"
    else:
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["no message"]
            cell.note = f"failed: {lines[-1][:200]}".replace("|", "/")
        else:
            cell.results.append(Result(**json.loads(done.stdout.splitlines()[-1])))
    last = f"{cell.results[-1].samples_per_second:12,.0f} samples/s" if cell.results else cell.note
    print(f"{cell.workload.name:10} {cell.title:28} {cell.note or last}", file=sys.stderr, flush=True)


def machine(device: str) -> dict[str, object]:
    """What the figures were taken on."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": torch.get_num_threads(),
        "bf16": bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()),  # noqa: SLF001 (no public question)
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fit", description=__doc__)
    names = ", ".join([*WORKLOADS, SYNTHETIC.name])
    parser.add_argument("--only", default="", help=f"workloads, by commas, of {names}")
    parser.add_argument("--peers", default="", help=f"by commas, of {', '.join(MODULES)}; all when left out")
    parser.add_argument(
        "--seconds", type=float, default=None, help=f"of the steady-state window ({SECONDS:g})"
    )
    parser.add_argument("--limit", type=float, default=LIMIT, help="training seconds to the target, at most")
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument(
        "--threads", type=int, default=None, help="of torch, for all; left out: torch's own number"
    )
    parser.add_argument(
        "--clock",
        choices=("wall", "cpu"),
        default="wall",
        help="cpu counts processor time on one thread: steadier on a machine shared with others",
    )
    parser.add_argument("--json", type=Path, default=None)
    parser.add_argument("--quick", action="store_true", help="a few seconds per cell, once, no target")
    options = parser.parse_args()
    known = {**WORKLOADS, SYNTHETIC.name: SYNTHETIC}
    options.only = options.only.split(",") if options.only else list(WORKLOADS)
    options.peers = options.peers.split(",") if options.peers else list(MODULES)
    for given, names in ((options.only, known), (options.peers, MODULES)):
        for name in given:
            if name not in names:
                parser.error(f"there is no {name!r}; there are {', '.join(names)}")
    options.workloads = [known[name] for name in options.only]
    if options.seconds is None:
        options.seconds = QUICK_SECONDS if options.quick else SECONDS
    if options.quick:
        options.limit, options.repetitions = 0.0, 1
    return options


def main() -> int:
    """Measure, print the tables; 0 when every bar holds, 2 when data is missing."""
    options = _options()
    try:
        for work in options.workloads:
            load(work.data)
    except DataMissingError as error:
        print(error, file=sys.stderr)
        return 2
    if options.clock == "cpu" or options.threads:
        threads = 1 if options.clock == "cpu" else options.threads
        os.environ["OMP_NUM_THREADS"] = str(threads)  # processes inherit it
        torch.set_num_threads(threads)
    about = machine(options.device) | {"clock": options.clock}
    cells = measure(
        options.workloads,
        options.peers,
        seconds=options.seconds,
        limit=options.limit,
        repetitions=options.repetitions,
        device=options.device,
        clock=options.clock,
    )
    promises = bars(cells)
    print("; ".join(f"{name} {value}" for name, value in about.items()) + "\n")
    print(markdown(cells))
    print(judged(promises))
    if options.json is not None:
        kept = [asdict(replace(cell, workload=None)) | {"workload": cell.workload.name} for cell in cells]
        whole = {
            "machine": about,
            "cells": kept,
            "bars": [asdict(bar) | {"holds": bar.holds} for bar in promises],
        }
        options.json.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    return 0 if promises and all(bar.holds for bar in promises) else 1


if __name__ == "__main__":
    sys.exit(main())
