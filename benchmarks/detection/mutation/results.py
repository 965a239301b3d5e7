"""Recall and cause first by operator, what was refused, and every miss."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.detection.mutation.measuring import ADMITTED, FAILS, LOST_SHARE, NO_WORSE, SEEDS, Tried
from benchmarks.detection.mutation.operators import OPERATORS
from benchmarks.detection.scoring import FEW, Outcome

NOTE = f"""\
Each mutant is a healthy script, or with --all a fixed twin too, with one edit. It counts when its metric is
worse under each of {SEEDS} seeds: of the way from the trivial value to the healthy one, every run has lost at least
{LOST_SHARE:.0%} (ours). *Named*, the recall, counts any of the rules in the second column, wherever it stands; *first*
when the first line is one of them; *among {FEW}* when one of the first {FEW} causes is. Names were written down before
any mutant was run."""


def fair(tried: Tried) -> tuple[str, ...]:
    """The rules that would rightly name a mutant."""
    return tried.mutant.operator.rules


def named(tried: Tried, outcome: Outcome) -> bool:
    """A fair rule is named somewhere."""
    return any(finding.rule in fair(tried) for finding in outcome.findings)


def line(tried: Tried) -> str:
    """One mutant in one line, for the terminal."""
    values = ", ".join(f"{value:g}" for value in tried.values)
    said = "; ".join(_said(outcome) for outcome in tried.outcomes)
    marks = " ".join(_mark(tried, outcome) for outcome in tried.outcomes)
    return f"{tried.verdict:12s} {marks:6s} {tried.mutant.name:52s} [{values}]  {said}"


def _mark(tried: Tried, outcome: Outcome) -> str:
    if outcome.error:
        return "ERROR"
    return "first" if outcome.cause_first else "named" if named(tried, outcome) else "MISSED"


def _said(outcome: Outcome) -> str:
    names = [f"({f.rule})" if f.nested else f.rule for f in outcome.findings]
    return outcome.error or ", ".join(names) or "nothing"


def markdown(
    tried: Sequence[Tried], *, possible: int, command: str, states: int = 1, started: str = ""
) -> str:
    """RESULTS.md of the mutants.

    Args:
        tried: what became of each.
        possible: how many mutants there are.
        command: what reproduces this.
        states: from how many states of the sources the outcomes come.
        started: how runs and checks were started, in a sentence.
    """
    admitted = [t for t in tried if t.verdict == ADMITTED]
    misses = [
        f"- `{t.mutant.name}` seed {o.seed}, {_mark(t, o)}: {_said(o)}"
        for t in admitted
        for o in t.outcomes
        if not o.cause_first
    ]
    several = f"Outcomes come from {states} states of the sources.\n" if states > 1 else ""
    several += f"{started}\n" if started else ""
    counts = f"{len(tried)} of {possible} mutants were tried, {len(admitted)} admitted."
    table = "\n".join(_table(tried))
    return (
        f"# Mutants: results\n\nWritten by the command below; not edited by hand.\n\n```\n{command}\n```\n\n"
        f"{counts}\n{several}\n{NOTE}\n\n{table}\n\n## Not named, or not first\n\n"
        + ("\n".join(misses) or "None.")
        + "\n"
    )


def _table(tried: Sequence[Tried]) -> list[str]:
    rows = [
        f"| operator | named by | tried | no worse | does not run | admitted | runs | named | first | among {FEW} |",
        "|---" * 10 + "|",
    ]
    for operator in OPERATORS:
        mine = [t for t in tried if t.mutant.operator.name == operator.name]
        if mine:
            rows.append(_row(operator.name, " or ".join(operator.rules), mine))
    return [*rows, _row("all", "", tried)]


def _row(name: str, rules: str, tried: Sequence[Tried]) -> str:
    counts = [sum(t.verdict == verdict for t in tried) for verdict in (NO_WORSE, FAILS, ADMITTED)]
    runs = [(t, outcome) for t in tried for outcome in t.outcomes]
    shares = [
        _share([named(t, o) for t, o in runs]),
        _share([o.cause_first for _, o in runs]),
        _share([o.among_few for _, o in runs]),
    ]
    cells = [name, rules, len(tried), *counts, len(runs), *shares]
    return "| " + " | ".join(map(str, cells)) + " |"


def _share(marks: Sequence[bool]) -> str:
    return f"{sum(marks) / len(marks):.0%}" if marks else "–"
