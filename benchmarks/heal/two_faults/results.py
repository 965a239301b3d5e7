"""What came of the scripts with two faults: rows, shares, RESULTS.md."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import mean

from benchmarks.heal.two_faults.measuring import Combined
from benchmarks.heal.two_faults.twins import ARMS, Twins

FEWEST = 15  # scripts, for the claim that cures combine
HEAD = (
    "| script | planted | first run named | heal named | verdict | treatment | reached | steps | work |\n"
    + "|---" * 9
    + "|"
)
HEADING = """# Two faults in one script: results

Written by `python -m benchmarks.heal.two_faults --write`; do not edit. How it is measured stands in ../README.md.
"""


def row(one: Combined) -> str:
    """A line of the table."""
    healing = one.healing
    cells = (
        healing.script,
        healing.expected,
        ", ".join(one.first),
        ", ".join(one.whole),
        healing.error or healing.verdict,
        healing.chosen,
        "yes" if healing.reached else "close" if healing.close else "no",
        *("" if math.isnan(value) else f"{value:.1f}" for value in (healing.steps, healing.work)),
    )
    return f"| {' | '.join(cells)} |"


def summary(done: Sequence[Combined]) -> str:
    """The shares."""
    count = len(done)
    if not count:
        return "no script was healed."
    heals = [one.healing for one in done]
    lines = [
        f"{count} scripts with two faults each:",
        f"- both named in the first run: {_of(sum(len(one.first) == 2 for one in done), count)}",
        f"- one of them: {_of(sum(len(one.first) == 1 for one in done), count)}",
        f"- both named in the whole heal: {_of(sum(one.both for one in done), count)}",
        f"- treatments of two cures or more: {_of(sum(one.cures > 1 for one in done), count)}",
        f"- said to help: {_of(sum(one.verdict == 'helped' for one in heals), count)}",
        f"- as good as with both faults mended, and shown: {_of(sum(one.reached for one in heals), count)}",
        f"- both named, as good, and shown: {_of(sum(combines(one) for one in done), count)}",
        f"- as good, shown or not: {_of(sum(one.close for one in heals), count)}",
        f"- as good by lot: {_of(sum(bool(one.lot) for one in heals), count)}",
        f"- cost in training steps: {_mean([one.steps for one in heals])} times one run",
        f"- processor time of the whole heal: {_mean([one.work for one in heals])} times `python SCRIPT`",
    ]
    return "\n".join(lines)


def combines(one: Combined) -> bool:
    """Whether both faults were found, and the script healed as far as with both mended."""
    return one.both and one.healing.reached


def holds(done: Sequence[Combined]) -> bool:
    """Whether the claim holds: enough scripts, in each of which both were found and healed."""
    return len(done) >= FEWEST and all(combines(one) for one in done)


def _of(some: int, count: int) -> str:
    return f"{some} of {count} ({some / count:.0%})"


def _mean(values: Sequence[float]) -> str:
    known = [value for value in values if not math.isnan(value)]
    return f"{mean(known):.1f}" if known else "unknown"


def render(done: Sequence[Combined], twins: Sequence[Twins], seeds: int, note: str = "") -> str:
    """RESULTS.md; ``note``: what was run."""
    lines = [HEADING, f"{seeds} seeds for each proof. {note}".strip(), "", summary(done), "", HEAD]
    lines += [row(one) for one in done]
    missed = [one for one in done if not combines(one)]
    if missed:
        lines += [
            "",
            "## Not both found and healed",
            "",
            "| script | found at first | words | nothing | chosen |",
        ]
        lines += ["|---" * 5 + "|", *(_missed(one) for one in missed)]
    lines += ["", "## Each fault does harm", "", "Means of the metric over three seeds, without gradwise.", "",
              "| script | better | both faults | first mended | second mended | both mended |", "|---" * 6 + "|"]  # fmt: skip
    lines += [_harm(one) for one in twins]
    return "\n".join(lines) + "\n"


def _missed(one: Combined) -> str:
    healing = one.healing
    arms = [", ".join("none" if v is None else f"{v:.4g}" for v in arm) for arm in list(healing.arms)[:2]]
    return (
        f"| {' | '.join((healing.script, ', '.join(healing.causes), healing.words, *(arms or ['', ''])))} |"
    )


def _harm(one: Twins) -> str:
    means = [f"{mean(one.values[arm]):.4g}" if one.values.get(arm) else "" for arm in ARMS]
    return f"| {' | '.join((one.pair.name, one.pair.better, *means))} |"
