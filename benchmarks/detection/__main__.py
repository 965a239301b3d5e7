"""Check the corpus and score it: recall, cause first, false alarms, steps until found.

    python -m benchmarks.detection                    everything; writes RESULTS.md
    python -m benchmarks.detection --split scored     the scripts that are only scored
    python -m benchmarks.detection --only wine        scripts (or planted rules) whose name holds "wine"
    python -m benchmarks.detection --healthy          healthy scripts and fixed twins only
    python -m benchmarks.detection --json out.json    every outcome as data
    python -m benchmarks.detection --resume run.jsonl go on where a stopped run was; keeps outcomes there
    python -m benchmarks.detection --fresh            each check in a new Python, which takes two to three times as long

Exits with 1 when a bar is missed, 2 on wrong use.  The bars are held against the
scored split, or against the other where only that one ran.  RESULTS.md is
written only by a run over the whole corpus.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.detection import forking, results
from benchmarks.detection.admission import admitted
from benchmarks.detection.corpus import HERE, SPLITS, ManifestError, Script, Split, load_split
from benchmarks.detection.journal import Journal, JournalError
from benchmarks.detection.running import check_all
from benchmarks.detection.scoring import Outcome, barred, per_split, total

DEFAULT_SEEDS = 2
DEFAULT_JOBS = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(argv)
    splits: tuple[Split, ...] = SPLITS if options.split == "both" else (options.split,)
    try:
        scripts, waiting = choose(options.only, splits, sick=not options.healthy, healthy=not options.sick)
        way = forking.way(fresh=options.fresh)
        journal = Journal(options.resume, way) if options.resume else None
    except (ManifestError, JournalError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    if not scripts:
        print(_nothing(options.only, options.split), file=sys.stderr)
        return 2
    if waiting:
        print(f"left out, not admitted: {', '.join(waiting)}\n", flush=True)
    outcomes = check_all(
        scripts,
        range(options.seeds),
        jobs=options.jobs,
        onset=not options.no_onset,
        tell=lambda outcome: print(results.line(outcome), flush=True),
        journal=journal,
        fresh=options.fresh,
    )
    states = journal.states if journal else 1
    started = forking.told(journal.ways if journal else {way})
    print("\n" + results.totals_text(outcomes, states=states, started=started))
    if options.json:
        options.json.write_text(json.dumps(_data(outcomes), indent=1), "utf-8")
    if not (options.only or options.sick or options.healthy or options.split != "both"):
        page = results.markdown(
            outcomes,
            seeds=options.seeds,
            onset=not options.no_onset,
            states=states,
            waiting=waiting,
            started=started,
        )
        (HERE / "RESULTS.md").write_text(page, "utf-8")
    split, totals = barred(outcomes)
    missed = totals.missed_bars()
    print(
        f"bars missed ({split} split): " + "; ".join(missed)
        if missed
        else f"all bars hold on the {split} split"
    )
    return 1 if missed else 0


def choose(
    only: str = "", splits: Sequence[Split] = SPLITS, *, sick: bool = True, healthy: bool = True
) -> tuple[list[Script], list[str]]:
    """The scripts to check, split by split: sick ones, then fixed twins and healthy ones.

    Args:
        only: keep scripts whose name, or whose planted rule, holds this.
        splits: of these splits.
        sick: with the sick scripts.
        healthy: with the fixed twins and the healthy scripts.

    Returns:
        The scripts, and the names of pairs left out because they are not admitted.
        Pairs that ``only`` asks for are checked in any case.
    """
    scripts: list[Script] = []
    waiting: list[str] = []
    for split in splits:
        pairs, fine = load_split(split)
        if not only:
            waiting += [pair.name for pair in pairs if not admitted(pair)]
            pairs = [pair for pair in pairs if admitted(pair)]
        twins = [pair.scripts() for pair in pairs]
        scripts += [s for s, _ in twins] if sick else []
        scripts += [*(f for _, f in twins), *fine] if healthy else []
    return [s for s in scripts if only in s.name or (s.expected and only in s.expected)], waiting


def _nothing(only: str, split: str) -> str:
    if only:
        return f"no script or rule of the corpus holds {only!r} in its name (split: {split})"
    return f"the split {split!r} holds no script that was admitted"


def _data(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    runs = []
    for o in outcomes:
        row = asdict(o) | {"script": o.script.name, "kind": o.script.kind, "expected": o.script.expected}
        row |= {"split": o.script.split, "published": o.script.published, "alarms": len(o.alarms)}
        runs.append(row | {"found": o.found, "cause_first": o.cause_first, "among_few": o.among_few})
    totals = {split: asdict(total(those)) for split, those in per_split(outcomes).items()}
    return {"totals": totals, "runs": runs}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.detection", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--seeds", type=_positive, default=DEFAULT_SEEDS, help="seeds per sick script")
    parser.add_argument("--only", default="", metavar="NAME", help="scripts or rules whose name holds NAME")
    parser.add_argument(
        "--split", choices=[*SPLITS, "both"], default="both", help="scripts of which split (both)"
    )
    parser.add_argument(
        "--resume", type=Path, metavar="FILE", help="keep outcomes in FILE; go on where it ends"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every outcome to FILE")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--sick", action="store_true", help="sick scripts only")
    which.add_argument("--healthy", action="store_true", help="healthy scripts and fixed twins only")
    parser.add_argument("--jobs", type=_positive, default=DEFAULT_JOBS, help="checks side by side")
    parser.add_argument("--no-onset", action="store_true", help="do not judge shortened traces again")
    parser.add_argument(
        "--fresh", action="store_true", help="start each check in a new Python, as a user does"
    )
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {value}")
    return value


if __name__ == "__main__":
    sys.exit(main())
