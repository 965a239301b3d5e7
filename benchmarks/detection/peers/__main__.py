"""Other diagnosers on the detection corpus, with their defaults, beside gradwise.

    python -m benchmarks.detection.peers                         the whole corpus
    python -m benchmarks.detection.peers --limit 30              30 sick, 30 healthy or fixed, spread evenly
    python -m benchmarks.detection.peers --only wine             scripts or faults whose name holds "wine"
    python -m benchmarks.detection.peers --peers torchmortem,torch-audit
    python -m benchmarks.detection.peers --json raw.json         keep all alarms; go on where it stopped

Run it with the Python of the peers' environment (README.md beside this file).  RESULTS.md is written unless
--only or --peers is given.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.detection.peers import attach, report
from benchmarks.detection.peers.alarms import Said
from benchmarks.detection.peers.choosing import Task, choose
from benchmarks.detection.peers.scoring import Outcome
from benchmarks.detection.peers.watchers import PEERS

HERE = Path(__file__).parent
# torch._dynamo comes with the first step of an optimizer otherwise.
WARM = (
    "torch.utils.data",
    "torch._dynamo",
    "sklearn.datasets",
    "sklearn.metrics",
    "sklearn.model_selection",
    "sklearn.preprocessing",
)
# Label of a script -> name of a diagnoser -> what it said.
Raw = dict[str, dict[str, Said]]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(argv)
    names = [attach.OURS, *(options.peers.split(",") if options.peers else PEERS)]
    unknown = [name for name in names if name not in PEERS and name != attach.OURS]
    missing = [name for name in names if name in PEERS and name not in _versions()]
    if unknown or missing:
        known = f"known are {', '.join(PEERS)}"
        print(f"{', '.join(unknown)}: {known}" if unknown else f"not installed here: {', '.join(missing)}")
        return 2
    tasks = choose(options.only, options.limit)
    if not tasks:
        print(f"no script or fault of the corpus holds {options.only!r} in its name")
        return 2
    raw = load(options.json)
    run_all(tasks, names, options, raw)
    found = outcomes(choose(options.only), names, raw)
    print("\n" + "\n".join(report.table(found)))
    if not options.only and not options.peers:
        _write(found, options)
    return 0


def run_all(tasks: Sequence[Task], names: Sequence[str], options: argparse.Namespace, raw: Raw) -> None:
    """Run what is not in ``raw`` yet, and keep it there and in the file."""
    _warm()
    end = time.monotonic() + 60 * options.minutes if options.minutes else float("inf")
    for task in tasks:
        done = raw.setdefault(task.label, {})
        for made, work in attach.units(names):
            timed = made != [attach.PLAIN] or task.kind == "sick"
            if not timed or all(name in done for name in made) or time.monotonic() > end:
                continue
            done.update(attach.forked(partial(work, task.path, options.seed), made))
            for name in made:
                if name != attach.PLAIN:
                    print(report.outcome_line(_outcome(task, name, done)), flush=True)
            _keep(options.json, raw)


def outcomes(tasks: Sequence[Task], names: Sequence[str], raw: Raw) -> list[Outcome]:
    """Outcomes of all that has been run, diagnoser by diagnoser."""
    return [_outcome(t, name, raw[t.label]) for name in names for t in tasks if name in raw.get(t.label, {})]


def load(file: Path | None) -> Raw:
    """What an earlier run left; nothing when there is no such file."""
    if file is None or not file.exists():
        return {}
    data: dict[str, dict[str, Any]] = json.loads(file.read_text("utf-8"))
    return {label: {name: Said.from_json(s) for name, s in said.items()} for label, said in data.items()}


def _keep(file: Path | None, raw: Raw) -> None:
    if file is not None:
        data = {label: {name: s.to_json() for name, s in said.items()} for label, said in raw.items()}
        file.write_text(json.dumps(data, indent=1), "utf-8")


def _outcome(task: Task, name: str, said: dict[str, Said]) -> Outcome:
    plain = said[attach.PLAIN].seconds if attach.PLAIN in said else 0.0
    return Outcome(name, task.name, task.kind, task.faults, said[name], plain)


def _write(found: Sequence[Outcome], options: argparse.Namespace) -> None:
    import torch

    command = "python -m benchmarks.detection.peers" + (f" --limit {options.limit}" if options.limit else "")
    text = report.markdown(found, command=command, torch=torch.__version__, versions=_versions())
    (HERE / "RESULTS.md").write_text(text, "utf-8")


def _versions() -> dict[str, str]:
    versions = {}
    for name in PEERS:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _warm() -> None:
    """Load what every script of the corpus loads, once, before the first fork."""
    for name in WARM:
        importlib.import_module(name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.detection.peers", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--only", default="", metavar="NAME", help="scripts or faults whose name holds NAME")
    parser.add_argument(
        "--limit", type=int, default=0, metavar="N", help="N sick scripts and N that are fine"
    )
    parser.add_argument("--peers", default="", metavar="A,B", help="these diagnosers beside gradwise")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep all alarms there, and go on from it")
    parser.add_argument("--minutes", type=float, default=0, help="begin nothing new after so long")
    return parser


if __name__ == "__main__":
    sys.exit(main())
