"""Check the whole corpus and score it: recall, cause first, false alarms, steps until found.

    python -m benchmarks.detection                    everything; writes RESULTS.md
    python -m benchmarks.detection --only wine        scripts (or planted rules) whose name holds "wine"
    python -m benchmarks.detection --healthy          healthy scripts and fixed twins only
    python -m benchmarks.detection --json out.json    every outcome as data

Exits with 1 when a bar is missed, 2 on wrong use.  RESULTS.md is written only
by a run over the whole corpus.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.detection import results
from benchmarks.detection.corpus import HERE, ManifestError, Script, load_healthy, load_pairs
from benchmarks.detection.running import check_all
from benchmarks.detection.scoring import Outcome, total

DEFAULT_SEEDS = 2
DEFAULT_JOBS = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(argv)
    try:
        scripts = choose(options.only, sick=not options.healthy, healthy=not options.sick)
    except ManifestError as error:
        print(error, file=sys.stderr)
        return 2
    if not scripts:
        print(f"no script or rule of the corpus holds {options.only!r} in its name", file=sys.stderr)
        return 2
    outcomes = check_all(
        scripts,
        range(options.seeds),
        jobs=options.jobs,
        onset=not options.no_onset,
        tell=lambda outcome: print(results.line(outcome), flush=True),
    )
    totals = total(outcomes)
    print("\n" + results.totals_text(totals))
    if options.json:
        options.json.write_text(json.dumps(_data(outcomes), indent=1), "utf-8")
    if not (options.only or options.sick or options.healthy):
        (HERE / "RESULTS.md").write_text(results.markdown(outcomes, seeds=options.seeds), "utf-8")
    missed = totals.missed_bars()
    print("bars missed: " + "; ".join(missed) if missed else "all bars hold")
    return 1 if missed else 0


def choose(only: str = "", *, sick: bool = True, healthy: bool = True) -> list[Script]:
    """The scripts to check: sick ones, then fixed twins and healthy ones.

    Args:
        only: keep scripts whose name, or whose planted rule, holds this.
        sick: with the sick scripts.
        healthy: with the fixed twins and the healthy scripts.
    """
    pairs = [pair.scripts() for pair in load_pairs()]
    scripts = [s for s, _ in pairs] if sick else []
    if healthy:
        scripts += [f for _, f in pairs] + load_healthy()
    return [s for s in scripts if only in s.name or (s.expected and only in s.expected)]


def _data(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    runs = []
    for o in outcomes:
        row = asdict(o) | {"script": o.script.name, "kind": o.script.kind, "expected": o.script.expected}
        runs.append(row | {"found": o.found, "cause_first": o.cause_first, "alarms": len(o.alarms)})
    return {"totals": asdict(total(outcomes)), "runs": runs}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.detection", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--seeds", type=_positive, default=DEFAULT_SEEDS, help="seeds per sick script")
    parser.add_argument("--only", default="", metavar="NAME", help="scripts or rules whose name holds NAME")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every outcome to FILE")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--sick", action="store_true", help="sick scripts only")
    which.add_argument("--healthy", action="store_true", help="healthy scripts and fixed twins only")
    parser.add_argument("--jobs", type=_positive, default=DEFAULT_JOBS, help="checks side by side")
    parser.add_argument("--no-onset", action="store_true", help="do not judge shortened traces again")
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {value}")
    return value


if __name__ == "__main__":
    sys.exit(main())
