"""Make healthy scripts sick, one edit each, and score what the check says.

    python -m benchmarks.detection.mutation                        every mutant; writes RESULTS.md
    python -m benchmarks.detection.mutation --limit 60             60 of them, operators taking turns
    python -m benchmarks.detection.mutation --only no-step         one operator
    python -m benchmarks.detection.mutation --only wine,iris       scripts by parts of their names
    python -m benchmarks.detection.mutation --resume mutants.jsonl go on where a stopped run was

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

from benchmarks.detection.corpus import Script
from benchmarks.detection.journal import JournalError, append, lines, packed, sources, unpacked
from benchmarks.detection.mutation import results
from benchmarks.detection.mutation.measuring import ADMITTED, Mutant, Tried, mutants, try_mutant

HERE = Path(__file__).parent


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(argv)
    try:
        known = {entry["mutant"]: entry for entry in lines(options.resume, _check)} if options.resume else {}
    except (JournalError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    every = mutants(tuple(filter(None, options.only.split(","))))
    chosen = every[: options.limit]
    if not chosen:
        print(f"no operator and no part of a healthy script's name is {options.only!r}", file=sys.stderr)
        return 2
    tried = [_known(mutant, known, options.seeds) for mutant in chosen]
    states = {known[m.key]["sources"] for m, t in zip(chosen, tried, strict=True) if t}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.jobs) as pool:
        futures = {
            pool.submit(try_mutant, mutant, Path(folder), range(options.seeds)): place
            for place, mutant in enumerate(chosen)
            if tried[place] is None
        }
        try:
            for future in as_completed(futures):
                fresh = tried[futures[future]] = future.result()
                states.add(sources())
                if options.resume and not any(o.error.startswith("exit -") for o in fresh.outcomes):
                    append(options.resume, _entry(fresh))
                print(results.line(fresh), flush=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    command = f"python -m benchmarks.detection.mutation --seeds {options.seeds}"
    command += f" --only {options.only}" if options.only else ""
    command += f" --limit {options.limit}" if options.limit else ""
    done = [t for t in tried if t is not None]
    page = results.markdown(done, possible=len(every), command=command, states=len(states))
    print("\n" + page)
    out = options.out or (None if options.only else HERE / "RESULTS.md")
    if out:
        out.write_text(page, "utf-8")
    return 0


def _entry(tried: Tried) -> dict[str, Any]:
    return {
        "mutant": tried.mutant.key,
        "sources": sources(),
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
