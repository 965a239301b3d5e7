"""Are two faults in one script both found and healed? ``python -m benchmarks.heal.two_faults``."""

from __future__ import annotations

import argparse
import importlib
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.detection.corpus import ManifestError
from benchmarks.heal.two_faults.measuring import Combined, combined, plain
from benchmarks.heal.two_faults.results import HEAD, holds, render, row, summary
from benchmarks.heal.two_faults.twins import HERE, VALUES, Twins, load, written

RESULTS = HERE / "RESULTS.md"


def main(argv: Sequence[str] | None = None) -> int:
    """Heal what is asked for, print a table; 0 where both faults are found and healed in every script."""
    options = _options(argv)
    try:
        chosen = load()
        named = [one for one in chosen if options.only in one.pair.name]
        if options.measure:
            return _measure(chosen, [one for one in named if options.only or not one.values])
        out = [f"{one.pair.name}: {one.why_not()}" for one in named if one.why_not()]
        known = _known(options.resume)
    except (ManifestError, ValueError, KeyError, TypeError) as error:
        print(error, file=sys.stderr)
        return 2
    if out:
        print("left out:", *out, sep="\n- ", file=sys.stderr)
    allowed = [one for one in named if not one.why_not()]
    chosen = [one for one in allowed if one.pair.name in known] if options.kept else allowed
    done: list[Combined] = []
    print(HEAD)
    for one in chosen[: options.limit or None]:
        found = known.get(one.pair.name)
        if found is None:
            found = combined(one, options.seeds, options.budget)
            _keep(options.resume, found)
        done.append(found)
        print(row(found), flush=True)
    print("\n" + summary(done))
    if options.write:
        RESULTS.write_text(render(done, allowed, options.seeds, options.note), "utf-8")
    return 0 if holds(done) else 1


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.heal.two_faults", description=__doc__)
    parser.add_argument("--only", default="", help="scripts whose names hold this")
    parser.add_argument("--limit", type=int, default=0, help="so many scripts, in the manifest's order")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budget", default="5m", help="for each script")
    parser.add_argument("--resume", type=Path, help="a file of JSON lines: what is there is not run again")
    parser.add_argument("--kept", action="store_true", help="run nothing: only what --resume holds")
    parser.add_argument("--write", action="store_true", help="write RESULTS.md")
    parser.add_argument("--note", default="", help="what was run, for the results")
    parser.add_argument(
        "--measure",
        action="store_true",
        help="only run the twins plainly, those of --only or that have no values: values.toml",
    )
    return parser.parse_args(argv)


def _measure(chosen: Sequence[Twins], named: Sequence[Twins]) -> int:
    """Plain runs of all four arms with three seeds."""
    values = {one.pair.name: one.values for one in chosen if one.values}
    for one in named:
        for module in {"torch", "torch._dynamo", *_imported(one.text("sick"))}:
            importlib.import_module(module)
        values[one.pair.name] = plain(one, range(3))
        VALUES.write_text(written(values), "utf-8")
        print(one.pair.name, values[one.pair.name], flush=True)
    left = [f"{one.pair.name}: {one.why_not()}" for one in load() if one.why_not()]
    print("\n".join(left) or "every script is admitted")
    return 1 if left else 0


def _imported(text: str) -> set[str]:
    return set(re.findall(r"^(?:from|import) (sklearn[\w.]*)", text, re.MULTILINE))


def _known(path: Path | None) -> dict[str, Combined]:
    if path is None or not path.exists():
        return {}
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]
    return {line["healing"]["script"]: Combined.from_document(line) for line in lines}


def _keep(path: Path | None, found: Combined) -> None:
    if path is not None:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(found.document()) + "\n")


if __name__ == "__main__":
    sys.exit(main())
