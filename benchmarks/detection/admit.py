"""Measure every sick script and its fixed twin again, and keep the manifest true.

python -m benchmarks.detection.admit                 measure and compare with the manifests
python -m benchmarks.detection.admit --write         measure and write the values into the manifests
python -m benchmarks.detection.admit --only wine     those whose name holds "wine"
python -m benchmarks.detection.admit --split scored  those that are only scored
python -m benchmarks.detection.admit --new           those that were not measured yet
python -m benchmarks.detection.admit --fresh         each run in a new Python, which takes longer
"""

from __future__ import annotations

import argparse
import math
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from benchmarks.detection import forking
from benchmarks.detection.admission import ADMISSION_SEEDS, judge
from benchmarks.detection.corpus import SPLITS, ManifestError, Pair, Script, Split, load_split

# Seconds after which a script counts as hung; the slowest needs a tenth of it.
SCRIPT_SECONDS = 180
# Relative difference between two measurements of one seed that other builds of torch explain (ours).
SAME_VALUE = 0.25
# Digits kept in the manifest.
DIGITS = 5


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(argv)
    splits: tuple[Split, ...] = SPLITS if options.split == "both" else (options.split,)
    try:
        everyone = [pair for split in splits for pair in load_split(split)[0]]
    except ManifestError as error:
        print(error, file=sys.stderr)
        return 2
    chosen = [pair for pair in everyone if options.only in pair.name and not (options.new and pair.sick)]
    if not chosen:
        print(f"no script fits --only {options.only!r}, split {options.split}", file=sys.stderr)
        return 2
    failed: list[str] = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for pair, fresh in zip(chosen, pool.map(lambda p: _tried(p, options), chosen), strict=True):
            if isinstance(fresh, str):
                problems = [fresh]
            else:
                problems = _problems(pair, fresh, compare=not options.write)
                if options.write:
                    _write(fresh)
            failed += [f"{pair.name}: {problem}" for problem in problems]
            print(_line(pair, fresh, failed=bool(problems)), flush=True)
    print(
        "\n".join(failed) if failed else f"{len(chosen)} pairs differ reproducibly over {options.seeds} seeds"
    )
    return 1 if failed else 0


def _line(pair: Pair, fresh: Pair | str, *, failed: bool) -> str:
    known = "" if isinstance(fresh, str) else f" gap {judge(fresh.sick, fresh.fixed, fresh.better).gap:.2f}"
    return f"{'FAIL' if failed else 'ok  '} {pair.name:32s} {pair.expected:26s}{known}"


def _tried(pair: Pair, options: argparse.Namespace) -> Pair | str:
    """The pair with new values, or why it has none; one that fails does not end the measurement."""
    try:
        return measure(pair, options.seeds, fresh=options.fresh)
    except RuntimeError as problem:
        return str(problem)
    except subprocess.TimeoutExpired:
        return f"no end after {SCRIPT_SECONDS} s"


def measure(pair: Pair, seeds: int, *, fresh: bool = False) -> Pair:
    """Both scripts of a pair under seeds 0, 1, ...; the pair with the new values."""
    sick, fixed = pair.scripts()
    return replace(
        pair,
        sick=tuple(_value(pair, sick, seed, fresh=fresh) for seed in range(seeds)),
        fixed=tuple(_value(pair, fixed, seed, fresh=fresh) for seed in range(seeds)),
    )


def _value(pair: Pair, script: Script, seed: int, *, fresh: bool) -> float:
    with tempfile.TemporaryDirectory() as folder:
        words = [str(script.path), "--seed", str(seed)]
        env = forking.environment(seed)
        done = forking.run(words, cwd=folder, env=env, seconds=SCRIPT_SECONDS, fresh=fresh)
    value = pair.value(done.stdout)
    if done.returncode or value is None:
        raise RuntimeError(f"{script.label}.py with seed {seed} printed no metric: {done.stderr[-500:]}")
    return value


def _problems(before: Pair, fresh: Pair, *, compare: bool) -> list[str]:
    verdict = judge(fresh.sick, fresh.fixed, fresh.better)
    problems = [] if verdict.admitted else [verdict.reason]
    if compare:
        for name, old, new in (("sick", before.sick, fresh.sick), ("fixed", before.fixed, fresh.fixed)):
            if not math.isclose(_middle(old), _middle(new), rel_tol=SAME_VALUE) and _middle(old) == _middle(
                old
            ):
                problems.append(f"{name} values moved from {_middle(old):.4g} to {_middle(new):.4g} (median)")
    return problems


def _middle(values: Sequence[float]) -> float:
    """Median, with NaN as the largest value."""
    ordered = sorted(values, key=lambda v: math.inf if math.isnan(v) else v)
    return ordered[len(ordered) // 2] if ordered else math.nan


def _write(pair: Pair) -> None:
    """Put the values of a pair into its manifest, which others may be editing: read, replace, write."""
    text = pair.manifest.read_text("utf-8")
    pair.manifest.write_text(with_values(text, pair), "utf-8")


def with_values(text: str, pair: Pair) -> str:
    """A manifest's text with the values of one pair replaced, and nothing else.

    Raises:
        RuntimeError: the text holds no such table, or one without the two lists.
    """
    starts = [found.start() for found in re.finditer(r"^\[\[", text, re.MULTILINE)] + [len(text)]
    for start, stop in pairwise(starts):
        table = text[start:stop]
        name = re.search(r"^script\s*=\s*[\"'](.*?)[\"']", table, re.MULTILINE)
        if table.startswith("[[script]]") and name and Path(name.group(1)).stem == pair.name:
            for key, values in (("sick", pair.sick), ("fixed", pair.fixed)):
                listed = f"{key} = [{', '.join(_number(v) for v in values)}]"
                table, hits = re.subn(rf"^{key}\s*=\s*\[[^\]]*\]", listed, table, count=1, flags=re.MULTILINE)
                if not hits:
                    raise RuntimeError(f"{pair.manifest.name}: {pair.name} has no line {key} = [].")
            return text[:start] + table + text[stop:]
    raise RuntimeError(f"{pair.manifest.name}: no [[script]] table is called {pair.name}.")


def _number(value: float) -> str:
    return repr(float(f"{value:.{DIGITS}g}"))  # TOML spells nan and inf as Python does


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.detection.admit", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--seeds", type=int, default=ADMISSION_SEEDS, help="seeds per script")
    parser.add_argument("--only", default="", help="only scripts whose name holds this")
    parser.add_argument("--split", choices=[*SPLITS, "both"], default="both", help="of which split (both)")
    parser.add_argument("--new", action="store_true", help="only scripts that were not measured yet")
    parser.add_argument("--jobs", type=int, default=2, help="pairs measured side by side")
    parser.add_argument("--write", action="store_true", help="write the values into the manifests")
    parser.add_argument("--fresh", action="store_true", help="start each run in a new Python, as a user does")
    return parser


if __name__ == "__main__":
    sys.exit(main())
