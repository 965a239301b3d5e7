"""Share of sick scripts that `gradwise heal` brings to where their fixed twins are: ``python -m benchmarks.heal``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

from benchmarks.detection.admission import admitted
from benchmarks.detection.corpus import load_split
from benchmarks.heal.measuring import Healing, heal
from gradwise.heal.candidates import HEALED
from gradwise.rules.collection import all_rules

REACHED_BAR = 0.85  # of the faults that a cure at run time can reach
LOT_BAR = 0.5  # of ours, at most, by a cure drawn by lot
COST_BAR = 8.0  # multiples of one run
EDIT_BAR = 0.9  # of the edits offered do what the treatment did
UNREACHED = ("nothing to try", "no ailment")


def main(argv: Sequence[str] | None = None) -> int:
    """Heal what is asked for, print a table; 0 when the bars hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.heal", description=__doc__)
    parser.add_argument("--only", default="", help="scripts or ailments whose names hold this")
    parser.add_argument("--limit", type=int, default=0, help="so many scripts, evenly over the corpus")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budget", default="10m", help="for each script")
    parser.add_argument("--resume", type=Path, help="a file of JSON lines: what is there is not run again")
    options = parser.parse_args(argv)
    groups = {rule.declaration.name: rule.declaration.group for rule in all_rules().values()}
    pairs = [p for p in load_split("calibration")[0] if admitted(p) and groups.get(p.expected) in HEALED]
    pairs = [p for p in pairs if options.only in p.name or options.only == p.expected]
    if options.limit and pairs:
        pairs = pairs[:: max(len(pairs) // options.limit, 1)][: options.limit]
    known = _known(options.resume)
    done: list[Healing] = []
    print(
        "| script | planted | verdict | treatment | reached | by lot | runs | edit |\n|---|---|---|---|---|---|---|---|"
    )
    for pair in pairs:
        one = known.get(pair.name) or heal(pair, options.seeds, options.budget)
        if options.resume and pair.name not in known:
            with options.resume.open("a", encoding="utf-8") as file:
                file.write(json.dumps(one.document()) + "\n")
        done.append(one)
        print(_row(one), flush=True)
    print("\n" + summary(done))
    return 0 if holds(done) else 1


def _known(path: Path | None) -> dict[str, Healing]:
    if path is None or not path.exists():
        return {}
    found = [Healing(**json.loads(line)) for line in path.read_text("utf-8").splitlines() if line]
    return {one.script: one for one in found}


def _row(one: Healing) -> str:
    words = one.error or one.verdict
    marks = ("yes" if one.reached else "no", "yes" if one.lot else "no")
    return (
        f"| {one.script} | {one.expected} | {words} | {one.chosen} | {marks[0]} | {marks[1]} "
        f"| {one.cost:.1f} | {one.edited} |"
    )


def reachable(done: Sequence[Healing]) -> list[Healing]:
    """Those for which some cure could act at run time."""
    return [one for one in done if not one.error and not one.verdict.startswith(UNREACHED)]


def summary(done: Sequence[Healing]) -> str:
    """The figures that the bars are held against."""
    tried = reachable(done)
    if not tried:
        return "no script had a cure that could act at run time."
    edits = [one.edited for one in tried if one.edited != "none"]
    share = mean(one.reached for one in tried)
    lines = [
        f"{len(done)} scripts, {len(tried)} with a cure that can act at run time:",
        f"as good as the fixed twin: {share:.0%} (bar {REACHED_BAR:.0%})",
        f"as good as it by lot: {mean(one.lot for one in tried):.0%} (bar half of that)",
        f"cost: {mean(one.cost for one in tried):.1f} times one run (bar {COST_BAR:g})",
        f"edits that do the same: {edits.count('same')} of {len(edits)} offered (bar {EDIT_BAR:.0%})",
    ]
    return "\n".join(lines)


def holds(done: Sequence[Healing]) -> bool:
    """Whether every bar holds."""
    tried = reachable(done)
    if not tried:
        return False
    edits = [one.edited for one in tried if one.edited != "none"]
    share, lot = mean(one.reached for one in tried), mean(one.lot for one in tried)
    same = edits.count("same") / len(edits) if edits else 1.0
    cost = mean(one.cost for one in tried)
    return share >= REACHED_BAR and lot <= LOT_BAR * share and cost <= COST_BAR and same >= EDIT_BAR


if __name__ == "__main__":
    sys.exit(main())
