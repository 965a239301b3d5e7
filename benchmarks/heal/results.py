"""What came of a run of the benchmark: rows, the figures that bars are held against, and RESULTS.md."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import mean

from benchmarks.heal.measuring import Healing

REACHED_BAR = 0.85  # of the faults that a cure at run time can reach
LOT_BAR = 0.5  # of ours, at most, by a cure drawn by lot
COST_BAR = 8.0  # multiples of one run
EDIT_BAR = 0.9  # of the edits offered do what the treatment did
UNREACHED = ("nothing to try",)

HEADING = """# Heal: results

Written by `python -m benchmarks.heal --write`; do not edit. How it is measured stands in README.md.
"""


def row(one: Healing) -> str:
    """A line of the table."""
    cells = (one.script, one.expected or "healthy", one.error or one.verdict, one.chosen, _mark(one.reached),
             _mark(one.lot), _number(one.steps), _number(one.cost), _number(one.work), one.edited)  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _mark(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.1f}"


def sick(done: Sequence[Healing]) -> list[Healing]:
    """Sick scripts that came to an outcome, and for which a cure of what was found could be tried."""
    return [one for one in done if one.expected and not one.error and not one.verdict.startswith(UNREACHED)]


def named(one: Healing) -> bool:
    """Whether the planted cause is among those found in the first run."""
    return one.expected in one.causes


def summary(done: Sequence[Healing]) -> str:
    """The figures that the bars are held against."""
    tried, healthy = sick(done), [one for one in done if not one.expected]
    lines = []
    if tried:
        edits = [one.edited for one in tried if one.edited != "none"]
        drawn = [one for one in tried if one.lot is not None]
        by_name = [one for one in tried if named(one)]
        lines += [
            f"{sum(bool(one.expected) for one in done)} sick scripts, {len(tried)} with a cure to try:",
            (
                f"- as good as the fixed twin, and shown: {_of(sum(o.reached for o in tried), len(tried))} "
                f"(bar {REACHED_BAR:.0%})"
            ),
            f"- the same of those whose planted cause was named: {_of(sum(o.reached for o in by_name), len(by_name))}",
            f"- as good as the fixed twin, shown or not: {_of(sum(o.close for o in tried), len(tried))}",
            f"- said to help: {_of(sum(one.verdict == 'helped' for one in tried), len(tried))}",
            (
                f"- as good as the fixed twin by lot: {_of(sum(bool(o.lot) for o in drawn), len(drawn))} "
                "(bar half of ours)"
            ),
            f"- cost in training steps: {_mean([o.steps for o in tried])} times one run (bar {COST_BAR:g})",
            f"- cost in runs by the clock: {_mean([o.cost for o in tried])} times one run",
            f"- processor time of the whole heal: {_mean([o.work for o in tried])} times `python SCRIPT`",
            f"- edits that do the same: {edits.count('same')} of {len(edits)} offered (bar {EDIT_BAR:.0%})",
        ]
    if healthy:
        left = sum(one.verdict == "healthy" for one in healthy)
        lines += [
            (
                f"{len(healthy)} healthy scripts: {left} left alone, "
                f"{sum(one.verdict == 'helped' for one in healthy)} said to be helped, "
                f"{sum(one.worse for one in healthy)} made worse (bar 0)"
            )
        ]
    return "\n".join(lines) if lines else "no script had a cure that could act at run time."


def _of(count: int, all_of_them: int) -> str:
    return f"{count} of {all_of_them} ({count / all_of_them:.0%})" if all_of_them else "none"


def _mean(values: Sequence[float]) -> str:
    known = [value for value in values if not math.isnan(value)]
    return f"{mean(known):.1f}" if known else "unknown"


def holds(done: Sequence[Healing]) -> bool:
    """Whether every bar holds."""
    tried = sick(done)
    if any(one.worse for one in done):
        return False
    if not tried:
        return any(not one.expected for one in done)
    edits = [one.edited for one in tried if one.edited != "none"]
    share, lot = mean(one.reached for one in tried), mean(bool(one.lot) for one in tried)
    same = edits.count("same") / len(edits) if edits else 1.0
    steps = [one.steps for one in tried if not math.isnan(one.steps)]  # none where the script never steps
    cost = mean(steps) if steps else math.inf
    return share >= REACHED_BAR and lot <= LOT_BAR * share and cost <= COST_BAR and same >= EDIT_BAR


def render(done: Sequence[Healing], seeds: int, note: str = "") -> str:
    """RESULTS.md; ``note``: what was run."""
    missed = [one for one in sick(done) if not one.reached]
    beyond = [one for one in done if one.expected and one.verdict.startswith(UNREACHED)]
    about = f"{seeds} seeds for each proof. {note}".strip()
    lines = [HEADING, about, "", summary(done), "",
             "| script | planted | verdict | treatment | reached | by lot | steps | runs | work | edit |",
             "|---" * 10 + "|"]  # fmt: skip
    lines += [row(one) for one in done]
    if missed:
        lines += [
            "",
            "## Not reached",
            "",
            "| script | found | words | nothing | chosen |",
            "|---|---|---|---|---|",
        ]
        lines += [_missed(one) for one in missed]
    if beyond:
        lines += [
            "",
            "## Beyond what a cure can do at run time",
            "",
            "| script | planted | words |",
            "|---|---|---|",
        ]
        lines += [f"| {one.script} | {one.expected} | {one.words} |" for one in beyond]
    return "\n".join(lines) + "\n"


def _missed(one: Healing) -> str:
    arms = [", ".join("none" if v is None else f"{v:.4g}" for v in arm) for arm in list(one.arms)[:2]]
    cells = (one.script, ", ".join(one.causes), one.words, *(arms or ["", ""]))
    return f"| {' | '.join(cells)} |"
