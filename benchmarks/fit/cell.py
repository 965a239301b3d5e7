"""One peer on one workload in a process of its own: ``python -m benchmarks.fit.cell``; prints a JSON result."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

import torch

from benchmarks.fit.meter import Done, Meter, Result
from benchmarks.fit.peers import peer
from benchmarks.fit.workloads import problem


def run_cell(
    workload: str,
    name: str,
    *,
    seconds: float,
    limit: float,
    seed: int = 0,
    device: str = "cpu",
    clock: str = "wall",
) -> Result:
    """Train and measure.

    Args:
        workload: by name.
        name: of the peer.
        seconds: length of the steady-state window.
        limit: training seconds after which the target is given up; 0: no target is waited for.
        seed: of the order of the data.
        device: ``cpu`` or ``cuda``.
        clock: ``wall``, or ``cpu``: processor time.
    """
    work = problem(workload, seed, device)
    on_gpu = work.device.type == "cuda"
    meter = Meter(
        seconds,
        limit,
        work.workload.target if limit else None,
        work.workload.check_rows,
        torch.cuda.synchronize if on_gpu else _nothing,
        clock,
    )
    _ready(work.device)
    try:
        peer(name).train(work, meter)
    except Done:
        pass
    else:
        raise RuntimeError(f"{name} stopped on {workload} before it was measured")
    return meter.result(torch.cuda.max_memory_allocated() if on_gpu else 0)


def _ready(device: torch.device) -> None:
    """One step of a toy: torch imports seconds' worth of modules at the first step of its first optimizer."""
    toy = torch.nn.Linear(1, 1).to(device)
    toy(torch.ones(1, 1, device=device)).sum().backward()
    torch.optim.Adam(toy.parameters()).step()


def _nothing() -> None:
    pass


def main() -> int:
    """Print the result as one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fit.cell", description=__doc__)
    parser.add_argument("workload")
    parser.add_argument("peer")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--limit", type=float, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--clock", default="wall")
    options = parser.parse_args()
    result = run_cell(
        options.workload,
        options.peer,
        seconds=options.seconds,
        limit=options.limit,
        seed=options.seed,
        device=options.device,
        clock=options.clock,
    )
    print(json.dumps(asdict(result)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
