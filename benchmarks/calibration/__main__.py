"""Measure every rule on the corpus, and what moving each of its thresholds would change.

    python -m benchmarks.calibration                     record what is missing, judge, sweep; writes the results
    python -m benchmarks.calibration --runs DIR          judge the runs kept in DIR again; nothing is recorded
    python -m benchmarks.calibration --rule dead-relu    move the thresholds of these rules only; writes no results
    python -m benchmarks.calibration --limit 72          a part of the corpus, taken evenly; results with --write
    python -m benchmarks.calibration --fresh             record each run in a new Python, which takes longer

Runs are kept in OUT/runs (OUT is .gradwise/calibration), so a stopped command goes on where it was, and only
scripts that have changed run again.  OUT also gets sweep.md and a picture for each rule.  The results are RESULTS.md
in this folder and the file that `gradwise explain` and docs/rules tell from; run `make docs` after it.

Exits with 1 when a run is missing or cannot be judged, 2 on wrong use.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import gradwise
from benchmarks.calibration.counting import Row, measured, sweep
from benchmarks.calibration.judging import Judged, judge_all
from benchmarks.calibration.plots import rule_picture
from benchmarks.calibration.recording import (
    Kept,
    kept_in,
    missing,
    problem,
    record,
    scripts_of,
    spread,
    tasks_of,
    ways,
)
from benchmarks.calibration.sweeps import sweep_page
from benchmarks.calibration.tables import Results, results_page
from benchmarks.detection import forking
from benchmarks.detection.corpus import SPLITS, ManifestError, Script
from gradwise.errors import UnknownNameError
from gradwise.handbook.measured import FILE, Measurement, written
from gradwise.rules.collection import find_rule, own_rules

HERE = Path(__file__).parent
MEASURED = HERE.parents[1] / "src/gradwise/handbook" / FILE
OUT = Path(".gradwise/calibration")
DEFAULT_SEEDS = 2
DEFAULT_JOBS = 2


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be judged: the runs, how many scripts the corpus has, and the rules to be moved."""

    tasks: list[Kept]
    corpus: int
    rules: list[str]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(argv)
    try:
        asked = _asked(options)
    except (ManifestError, UnknownNameError) as error:
        print(error, file=sys.stderr)
        return 2
    if not asked.tasks:
        what = f"no run is kept in {options.runs}" if options.runs else "no script of the corpus is asked for"
        print(f"{what} (--only {options.only!r})", file=sys.stderr)
        return 2
    faults = {} if options.runs else _record(asked.tasks, options)
    kept = [task for task in asked.tasks if not problem(task)]
    missed = {
        f"{task.script.label} seed {task.seed}": faults.get(str(task.folder), problem(task))
        for task in asked.tasks
        if problem(task)
    }
    judged = judge_all(kept, [] if options.no_sweep else asked.rules, jobs=options.jobs, tell=_dot)
    print(f"\n{len(judged)} runs judged, {len(missed)} left out", flush=True)
    rows = [] if options.no_sweep else [row for rule in asked.rules for row in sweep(judged, rule)]
    started = forking.told(ways(kept))
    results = Results(_told(judged, asked), judged, rows, _command(options), missed, started)
    _write_out(results, options.out)
    partial = options.rule or options.no_sweep or missed or results.told.scripts < asked.corpus
    if options.write or not partial:
        (HERE / "RESULTS.md").write_text(results_page(results), "utf-8")
        MEASURED.write_text(written(results.told), "utf-8")
        print(f"written: benchmarks/calibration/RESULTS.md and {FILE} of the handbook; run `make docs`")
    return 1 if missed or any(one.problem or one.raised for one in judged) else 0


def _asked(options: argparse.Namespace) -> Asked:
    units = scripts_of()
    rules = [find_rule(name).declaration.name for name in options.rule or own_rules()]
    chosen = [unit for unit in units if _holds(unit, options.only) and _in_split(unit, options.split)]
    scripts = spread(chosen, options.limit)
    if options.runs:
        tasks = kept_in(options.runs, scripts)
    else:
        tasks = tasks_of(scripts, options.seeds, options.out / "runs")
    return Asked(tasks, sum(map(len, units)), rules)


def _holds(unit: tuple[Script, ...], word: str) -> bool:
    return any(word in script.name or (script.expected and word in script.expected) for script in unit)


def _in_split(unit: tuple[Script, ...], split: str) -> bool:
    return split in ("both", unit[0].split)


def _record(tasks: Sequence[Kept], options: argparse.Namespace) -> dict[str, str]:
    """Record what is missing, mixed, so that what a stopped command leaves is spread over the corpus."""
    wanted = list(missing(tasks))
    print(f"{len(wanted)} of {len(tasks)} runs are to be recorded", flush=True)
    done = 0

    def tell(task: Kept, fault: str) -> None:
        nonlocal done
        done += 1
        shown = f"{task.script.label} seed {task.seed}"
        print(f"{done:4d} of {len(wanted)}  {shown}  {fault or 'kept'}", flush=True)

    mixed = [*wanted[::3], *wanted[1::3], *wanted[2::3]]
    return record(mixed, jobs=options.jobs, tell=tell, fresh=options.fresh)


def _told(judged: Sequence[Judged], asked: Asked) -> Measurement:
    rules = {name: measured(judged, rule) for name, rule in own_rules().items()}
    scripts = len({one.script.path for one in judged if not one.problem})
    today = datetime.now(UTC).date().isoformat()
    return Measurement(gradwise.__version__, today, scripts, asked.corpus, rules)


def _write_out(results: Results, out: Path) -> None:
    """The whole sweep and the pictures."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.md").write_text(results_page(results), "utf-8")
    if not results.rows:
        return
    (out / "sweep.md").write_text(sweep_page(results.rows), "utf-8")
    plots = out / "plots"
    plots.mkdir(exist_ok=True)
    by_rule: dict[str, list[Row]] = {}
    for row in results.rows:
        by_rule.setdefault(row.rule, []).append(row)
    for rule, rows in by_rule.items():
        (plots / f"{rule}.svg").write_text(rule_picture(rule, rows), "utf-8")
    print(f"sweep and {len(by_rule)} pictures in {out}")


def _command(options: argparse.Namespace) -> str:
    words = ["python -m benchmarks.calibration"]
    words += ["--runs DIR"] if options.runs else [f"--seeds {options.seeds}"]
    words += [f"--split {options.split}"] if options.split != "both" else []
    words += [f"--limit {options.limit}"] if options.limit else []
    words += [f"--only {options.only}"] if options.only else []
    return " ".join(words)


def _dot(judged: Judged) -> None:
    print("!" if judged.problem else ".", end="", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.calibration", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--runs", type=Path, metavar="DIR", help="judge the runs kept in DIR, record nothing")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", default=OUT, help="runs, sweep and pictures go here"
    )
    parser.add_argument("--split", choices=[*SPLITS, "both"], default="both", help="scripts to judge")
    parser.add_argument("--only", default="", metavar="NAME", help="scripts or rules whose name holds NAME")
    parser.add_argument("--limit", type=_count, default=0, metavar="N", help="N scripts, taken evenly")
    parser.add_argument("--seeds", type=_count, default=DEFAULT_SEEDS, help="seeds per sick script")
    parser.add_argument("--rule", action="append", metavar="NAME", help="move this rule's thresholds only")
    parser.add_argument("--no-sweep", action="store_true", help="move no thresholds")
    parser.add_argument("--jobs", type=_count, default=DEFAULT_JOBS, help="processes side by side")
    parser.add_argument("--write", action="store_true", help="write results of a part of the corpus too")
    parser.add_argument(
        "--fresh", action="store_true", help="start each check in a new Python, as a user does"
    )
    return parser


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {value}")
    return value


if __name__ == "__main__":
    sys.exit(main())
