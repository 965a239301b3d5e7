"""Measure every sick script and its fixed twin again, and keep the manifest true.

python -m benchmarks.detection.admit                 measure and compare with the manifest
python -m benchmarks.detection.admit --write         measure and write the values into the manifest
python -m benchmarks.detection.admit --only wine     those whose name holds "wine"
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from benchmarks.detection.admission import ADMISSION_SEEDS, judge
from benchmarks.detection.corpus import SICK, Pair, Script, load_pairs

# Seconds after which a script counts as hung; the slowest needs a tenth of it.
SCRIPT_SECONDS = 180
# Relative difference between two measurements of one seed that other builds of torch explain (ours).
SAME_VALUE = 0.25
# Digits kept in the manifest.
DIGITS = 5


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(argv)
    manifest = SICK / "manifest.toml"
    everyone = load_pairs(manifest)
    chosen = [pair for pair in everyone if options.only in pair.name]
    if not chosen:
        print(f"no script's name holds {options.only!r}; the names are in {manifest.name}", file=sys.stderr)
        return 2
    failed: list[str] = []
    measured: dict[str, Pair] = {}
    with ThreadPoolExecutor(options.jobs) as pool:
        for pair, fresh in zip(chosen, pool.map(lambda p: measure(p, options.seeds), chosen), strict=True):
            problems = _problems(pair, fresh, compare=not options.write)
            failed += [f"{pair.name}: {problem}" for problem in problems]
            measured[pair.name] = fresh
            verdict = judge(fresh.sick, fresh.fixed, fresh.better)
            print(
                f"{'ok  ' if not problems else 'FAIL'} {pair.name:32s} {fresh.expected:26s} gap {verdict.gap:.2f}"
            )
            sys.stdout.flush()
    if options.write:
        manifest.write_text(render([measured.get(pair.name, pair) for pair in everyone]), "utf-8")
    print(
        "\n".join(failed) if failed else f"{len(chosen)} pairs differ reproducibly over {options.seeds} seeds"
    )
    return 1 if failed else 0


def measure(pair: Pair, seeds: int) -> Pair:
    """Both scripts of a pair under seeds 0, 1, ...; the pair with the new values."""
    sick, fixed = pair.scripts()
    return replace(
        pair,
        sick=tuple(_value(pair, sick, seed) for seed in range(seeds)),
        fixed=tuple(_value(pair, fixed, seed) for seed in range(seeds)),
    )


def _value(pair: Pair, script: Script, seed: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, str(script.path), "--seed", str(seed)],
            env=os.environ | {"SEED": str(seed), "OMP_NUM_THREADS": "1"},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=SCRIPT_SECONDS,
            check=False,
        )
    value = pair.value(done.stdout)
    if done.returncode or value is None:
        raise RuntimeError(
            f"{script.kind}/{script.name}.py with seed {seed} printed no metric: {done.stderr[-500:]}"
        )
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


HEADER = """\
# The sick scripts: what is planted in each, and what it and its fixed twin scored
# over seeds 0, 1, 2, ... when they were admitted.  Values are written by
# `python -m benchmarks.detection.admit --write`; the rest is written by hand.
"""


def render(pairs: Sequence[Pair]) -> str:
    """The manifest's text."""
    return HEADER + "".join(_render_pair(pair) for pair in sorted(pairs, key=lambda p: (p.expected, p.name)))


def _render_pair(pair: Pair) -> str:
    lines = [
        "",
        "[[script]]",
        f'script = "{pair.name}"',
        f'expected = "{pair.expected}"',
        "accepted = [" + ", ".join(f'"{name}"' for name in pair.accepted) + "]",
    ]
    if pair.why_accepted:
        lines.append(f'why_accepted = "{pair.why_accepted}"')
    lines += [
        f"metric = '{pair.metric}'",
        f'better = "{pair.better}"',
        "sick = [" + ", ".join(_number(v) for v in pair.sick) + "]",
        "fixed = [" + ", ".join(_number(v) for v in pair.fixed) + "]",
    ]
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return repr(float(f"{value:.{DIGITS}g}"))  # TOML spells nan and inf as Python does


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.detection.admit", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--seeds", type=int, default=ADMISSION_SEEDS, help="seeds per script")
    parser.add_argument("--only", default="", help="only scripts whose name holds this")
    parser.add_argument("--jobs", type=int, default=2, help="pairs measured side by side")
    parser.add_argument("--write", action="store_true", help="write the values into the manifest")
    return parser


if __name__ == "__main__":
    sys.exit(main())
