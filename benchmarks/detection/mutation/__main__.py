"""Make healthy scripts sick, one edit each, and score what the check says.

    python -m benchmarks.detection.mutation                        every mutant; writes RESULTS.md
    python -m benchmarks.detection.mutation --limit 60             60 of them, operators taking turns
    python -m benchmarks.detection.mutation --only no-step         one operator
    python -m benchmarks.detection.mutation --only wine,iris       scripts by parts of their names
    python -m benchmarks.detection.mutation --resume mutants.jsonl go on where a stopped run was
    python -m benchmarks.detection.mutation --all --per-operator 4 of fixed twins too, until 4 are admitted of each
    python -m benchmarks.detection.mutation --salt b               another order, so another sample
    python -m benchmarks.detection.mutation --fresh                each run in a new Python, which takes longer

Exits with 2 on wrong use.  There is no bar: mutants are made of the calibration
split.  With --only, results are written only where --out says.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from benchmarks.detection import forking
from benchmarks.detection.corpus import ManifestError, Script
from benchmarks.detection.journal import JournalError, append, lines, packed, sources, unpacked
from benchmarks.detection.mutation import results
from benchmarks.detection.mutation.choosing import TRIES, columns, due
from benchmarks.detection.mutation.measuring import ADMITTED, Mutant, Tried, try_mutant

HERE = Path(__file__).parent


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(argv)
    try:
        known = {entry["mutant"]: entry for entry in lines(options.resume, _check)} if options.resume else {}
        only = tuple(filter(None, options.only.split(",")))
        every = columns(only, salt=options.salt, twins=options.all)
    except (JournalError, ManifestError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    if not any(every):
        print(f"no operator and no part of a healthy script's name is {options.only!r}", file=sys.stderr)
        return 2
    progress = Progress(options, known)
    with tempfile.TemporaryDirectory() as folder:
        while batch := due(every, progress.done, wanted=options.per_operator, limit=options.limit):
            progress.go_on(batch, Path(folder))
    page = results.markdown(
        list(progress.done.values()),
        possible=sum(map(len, every)),
        command=_command(options),
        states=len(progress.states),
        started=forking.told(progress.ways),
    )
    print("\n" + page)
    out = options.out or (None if options.only else HERE / "RESULTS.md")
    if out:
        out.write_text(page, "utf-8")
    return 0


class Progress:
    """What became of the mutants so far.

    Args:
        options: of the command line.
        known: entries that an earlier run left, by the mutant's key.
    """

    def __init__(self, options: argparse.Namespace, known: dict[str, dict[str, Any]]) -> None:
        self._options, self._known = options, known
        self._way = forking.way(fresh=options.fresh)
        self.done: dict[str, Tried] = {}
        self.states: set[str] = set()
        self.ways: set[str] = set()

    def go_on(self, batch: Sequence[Mutant], folder: Path) -> None:
        """Try these mutants, but for those that an earlier run has tried; their files go to a folder."""
        tried = {mutant.key: _known(mutant, self._known, self._options.seeds) for mutant in batch}
        for key in (key for key, one in tried.items() if one):
            self.states.add(self._known[key]["sources"])
            self.ways.add(self._known[key].get("started", forking.FRESH))
        seeds = range(self._options.seeds)
        with ThreadPoolExecutor(self._options.jobs) as pool:
            futures = {
                pool.submit(try_mutant, mutant, folder, seeds, fresh=self._options.fresh): mutant.key
                for mutant in batch
                if tried[mutant.key] is None
            }
            try:
                for future in as_completed(futures):
                    tried[futures[future]] = self._kept(future.result())
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        self.done |= {key: one for key, one in tried.items() if one}

    def _kept(self, fresh: Tried) -> Tried:
        state = sources()
        self.states.add(state)
        self.ways.add(self._way)
        if self._options.resume and not any(o.error.startswith("exit -") for o in fresh.outcomes):
            append(self._options.resume, _entry(fresh) | {"sources": state, "started": self._way})
        print(results.line(fresh), flush=True)
        return fresh


def _command(options: argparse.Namespace) -> str:
    words = ["python -m benchmarks.detection.mutation", f"--seeds {options.seeds}"]
    words += ["--all"] if options.all else []
    for name in ("only", "per_operator", "limit", "salt"):
        value = getattr(options, name)
        words += [f"--{name.replace('_', '-')} {value}"] if value else []
    return " ".join([*words, *(["--fresh"] if options.fresh else [])])


def _entry(tried: Tried) -> dict[str, Any]:
    return {
        "mutant": tried.mutant.key,
        "verdict": tried.verdict,
        "values": [str(value) for value in tried.values],
        "outcomes": [packed(outcome) for outcome in tried.outcomes],
    }


def _check(entry: dict[str, Any]) -> None:
    str(entry["mutant"]) + str(entry["sources"]) + str(entry["verdict"])
    [float(value) for value in entry["values"]]
    [unpacked(each, Script("", "sick", Path())) for each in entry["outcomes"]]


def _known(mutant: Mutant, entries: dict[str, dict[str, Any]], seeds: int) -> Tried | None:
    """What an earlier run found, unless it checked under fewer seeds."""
    entry = entries.get(mutant.key)
    if entry is None or (entry["verdict"] == ADMITTED and len(entry["outcomes"]) < seeds):
        return None
    rules = mutant.operator.rules
    script = Script(mutant.name, "sick", Path(f"{mutant.name}.py"), rules[0], rules[1:])
    outcomes = tuple(unpacked(each, script) for each in entry["outcomes"][:seeds])
    return Tried(mutant, entry["verdict"], tuple(map(float, entry["values"])), outcomes)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.detection.mutation", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--only", default="", metavar="NAME,...", help="operators, or scripts by parts of their names"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the results to FILE")
    parser.add_argument("--seeds", type=_positive, default=1, help="seeds per check; admission has its own")
    parser.add_argument("--limit", type=_positive, metavar="N", help="try N mutants at most")
    parser.add_argument(
        "--all", action="store_true", help="mutants of the fixed twins too, not of healthy scripts only"
    )
    tries = f"try mutants of each operator until N are admitted, {TRIES} x N at most"
    parser.add_argument("--per-operator", type=_positive, metavar="N", help=tries)
    parser.add_argument("--salt", default="", metavar="TEXT", help="choose in another order")
    parser.add_argument("--fresh", action="store_true", help="start each run in a new Python, as a user does")
    parser.add_argument("--jobs", type=_positive, default=2, help="mutants side by side")
    parser.add_argument(
        "--resume", type=Path, metavar="FILE", help="keep what was found in FILE; go on there"
    )
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {value}")
    return value


if __name__ == "__main__":
    sys.exit(main())
