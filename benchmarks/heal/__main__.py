"""Share of sick scripts that `gradwise heal` brings to where their fixed twins are: ``python -m benchmarks.heal``."""

from __future__ import annotations

import argparse
import json
import random
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.detection.admission import admitted
from benchmarks.detection.corpus import Pair, Script, load_split
from benchmarks.heal.measuring import Healing, heal, heal_healthy
from benchmarks.heal.results import holds, render, row, summary
from gradwise.heal.candidates import ALLOWED, HEALED
from gradwise.remedies.collection import find_remedy
from gradwise.rules.collection import all_rules

HEAD = (
    "| script | planted | verdict | treatment | reached | by lot | steps | runs | work | edit |\n"
    + "|---" * 10
    + "|"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Heal what is asked for, print a table; 0 when the bars hold."""
    options = _options(argv)
    chosen: list[Pair | Script] = [] if options.healthy else list(_pairs(options))
    if options.healthy:
        chosen = list(_sample(load_split("calibration")[1], options.limit))
    known = _known(options.resume)
    done: list[Healing] = []
    print(HEAD)
    for one in chosen:
        label = one.name if isinstance(one, Pair) else f"healthy/{one.name}"
        found = known.get(label)
        if found is None:
            heals = heal(one, options.seeds, options.budget) if isinstance(one, Pair) else heal_healthy(
                one, options.seeds, options.budget
            )  # fmt: skip
            found = heals
            if options.resume:
                with options.resume.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"label": label, **found.document()}) + "\n")
        done.append(found)
        print(row(found), flush=True)
    print("\n" + summary(done))
    if options.write:
        options.write.write_text(
            render(list(_known(options.resume).values()) or done, options.seeds, options.note), "utf-8"
        )
    return 0 if holds(done) else 1


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.heal", description=__doc__)
    parser.add_argument("--only", default="", help="scripts or ailments whose names hold this")
    parser.add_argument(
        "--per-rule", type=int, default=0, help="so many scripts of each ailment, drawn by lot"
    )
    parser.add_argument(
        "--limit", type=int, default=0, help="so many scripts, after the shuffle of --per-rule"
    )
    parser.add_argument(
        "--healthy", action="store_true", help="scripts that are fine; none may be made worse"
    )
    parser.add_argument(
        "--manifest", type=Path, nargs="+", default=[], help="scripts of these manifests only (*.toml)"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budget", default="10m", help="for each script")
    parser.add_argument("--resume", type=Path, help="a file of JSON lines: what is there is not run again")
    parser.add_argument("--write", type=Path, help="write the results there, of all that --resume holds")
    parser.add_argument("--note", default="", help="what was run, for the results")
    return parser.parse_args(argv)


def _pairs(options: argparse.Namespace) -> list[Pair]:
    """Pairs whose ailment has a cure that can act at run time, as asked for."""
    pairs = [p for p in load_split("calibration")[0] if admitted(p) and p.expected in curable()]
    pairs = [p for p in pairs if options.only in p.name or options.only == p.expected]
    if options.manifest:
        declared = [tomllib.loads(path.read_text("utf-8")) for path in options.manifest]
        names = {script["script"] for one in declared for script in one.get("script", ())}
        pairs = [pair for pair in pairs if pair.name in names]
    if not options.per_rule:
        return list(_sample(pairs, options.limit))
    rules = sorted({pair.expected for pair in pairs})
    random.Random(0).shuffle(rules)
    drawn = []
    for rule in rules:
        own = [pair for pair in pairs if pair.expected == rule]
        drawn += random.Random(rule).sample(own, min(options.per_rule, len(own)))
    return drawn[: options.limit or None]


def _sample(all_of_them: Sequence[Any], limit: int) -> Sequence[Any]:
    """So many, evenly over all."""
    if not limit or not all_of_them:
        return all_of_them
    return all_of_them[:: max(len(all_of_them) // limit, 1)][:limit]


def curable() -> set[str]:
    """Ailments of which some cure can be given to a running script within the grades that are allowed."""
    rules = [rule.declaration for rule in all_rules().values()]
    return {rule.name for rule in rules if rule.group in HEALED and any(_acts(name) for name in rule.cures)}


def _acts(name: str) -> bool:
    remedy = find_remedy(name)
    return remedy.treat is not None and remedy.declaration.grade in ALLOWED


def _known(path: Path | None) -> dict[str, Healing]:
    if path is None or not path.exists():
        return {}
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]
    return {line.pop("label"): Healing(**line) for line in lines}


if __name__ == "__main__":
    sys.exit(main())
