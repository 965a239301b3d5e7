"""The tables, for the terminal and for RESULTS.md."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.detection.peers.scoring import Outcome, Row, faults_by_peer, rows, unlisted
from benchmarks.detection.peers.watchers import PEERS

HEADS = (
    "diagnoser",
    "attached",
    "any alarm, sick",
    "right alarm",
    "right alarm first",
    "median place",
    "told apart from the twin",
    "alarm, healthy",
    "alarm, fixed",
    "seconds added",
    "time / plain",
    "worst",
)

LEGEND = """\
*Any alarm* is a warning or worse of whatever kind but speed and hardware. *Right alarm* is one that, by the
generous table in `table.py`, may stand for the planted fault, at whatever level (remarks count too); *first*
when it stands first in the diagnoser's own order. *Told apart*: the right alarm on the sick script and none
that may stand for the same fault on its fixed twin. Alarms on healthy and fixed runs are warnings or worse,
speed and hardware left out. *Seconds added* is processor time of watched sick runs over that of the plain
ones, the diagnoser's own imports in and torch's out, median; *time / plain* is their ratio where the plain
run takes a second or more, median and largest. What could not be attached is in no other column."""


def outcome_line(outcome: Outcome) -> str:
    """One outcome, for the terminal."""
    if not outcome.said.attached:
        verdict = f"not attached: {outcome.said.why}"
    elif outcome.kind == "sick":
        verdict = f"right alarm at place {outcome.rank}" if outcome.rank else "missed"
    else:
        verdict = "ALARM" if outcome.alarmed else "quiet"
    kinds = ", ".join(a.kind for a in outcome.said.alarms) or "nothing"
    return f"{outcome.kind:7s} {outcome.script:30s} {outcome.peer:18s} {verdict}  said: {kinds}"[:230]


def table(outcomes: Sequence[Outcome]) -> list[str]:
    """The main table, in markdown."""
    lines = ["| " + " | ".join(HEADS) + " |", "|" + "---|" * len(HEADS)]
    return lines + ["| " + " | ".join(_cells(r)) + " |" for r in rows(outcomes)]


def _cells(r: Row) -> list[str]:
    seen = r.sick + r.healthy + r.fixed
    return [
        r.peer,
        f"{seen} of {seen + r.unattached}",
        _of(r.any_alarm, r.sick),
        _of(r.found, r.sick),
        _of(r.first, r.sick),
        "–" if r.rank is None else f"{r.rank:g}",
        _of(r.told, r.pairs),
        _of(r.healthy_alarms, r.healthy),
        _of(r.fixed_alarms, r.fixed),
        "–" if r.added is None else f"{r.added:.2f}",
        "–" if r.cost is None else f"{r.cost:.2f}",
        "–" if r.worst is None else f"{r.worst:.1f}",
    ]


def _of(count: int, total: int) -> str:
    return f"{count} of {total} ({count / total:.0%})" if total else "–"


def markdown(outcomes: Sequence[Outcome], *, command: str, torch: str, versions: dict[str, str]) -> str:
    """RESULTS.md: how to reproduce it, the table, fault by fault, and what could not be attached."""
    count = {
        kind: len({o.script for o in outcomes if o.kind == kind}) for kind in ("sick", "fixed", "healthy")
    }
    parts = [
        "# Beside other diagnosers: results",
        "",
        "Written by the command below; not edited by hand.",
        "",
        "```",
        command,
        "```",
        "",
        (
            f"{count['sick']} sick scripts, {count['fixed']} fixed twins, {count['healthy']} healthy ones, one seed; "
            f"torch {torch}; every diagnoser with its defaults."
        ),
        "",
        *table(outcomes),
        "",
        LEGEND,
        "",
        "## Versions",
        "",
        "| diagnoser | version | dated | attached by |",
        "|---|---|---|---|",
        *(f"| {p.name} | {versions.get(p.name, '?')} | {p.released} | {p.how} |" for p in PEERS.values()),
        "",
        "## Fault by fault",
        "",
        "Sick runs with a right alarm, of those attached.",
        "",
        *_fault_table(outcomes),
        "",
        "## What was said most, on healthy and fixed runs",
        "",
        *_loudest(outcomes),
        "",
        "## Not attached",
        "",
        *(_unattached(outcomes) or ["Nothing: every diagnoser could be put onto every script."]),
        "",
        "## Scripts that died under a diagnoser",
        "",
        *([f"- {o.peer}, {o.kind}/{o.script}: {o.said.script_error}" for o in _died(outcomes)] or ["None."]),
        "",
        "## Alarms that the table does not list",
        "",
        *([f"- {peer}: {kind}" for peer, kind in unlisted(outcomes)] or ["None."]),
        "",
        "## The scripts",
        "",
        *_scripts(outcomes),
    ]
    return "\n".join(parts) + "\n"


def _fault_table(outcomes: Sequence[Outcome]) -> list[str]:
    peers = list(dict.fromkeys(o.peer for o in outcomes))
    lines = ["| planted | " + " | ".join(peers) + " |", "|---|" + "---|" * len(peers)]
    for fault, cells in faults_by_peer(outcomes).items():
        shown = ["/".join(map(str, cells[p])) if p in cells else "–" for p in peers]
        lines.append(f"| {fault} | " + " | ".join(shown) + " |")
    return lines


def _loudest(outcomes: Sequence[Outcome]) -> list[str]:
    lines = ["| diagnoser | kinds of alarm and the runs they were raised on |", "|---|---|"]
    for peer in dict.fromkeys(o.peer for o in outcomes):
        counts: dict[str, int] = {}
        for o in outcomes:
            if o.peer == peer and o.kind != "sick":
                for alarm in o.said.alarms:
                    if alarm.level != "info":
                        counts[alarm.kind] = counts.get(alarm.kind, 0) + 1
        most = sorted(counts.items(), key=lambda item: -item[1])[:5]
        lines.append(f"| {peer} | " + ("; ".join(f"{kind}: {n}" for kind, n in most) or "none") + " |")
    return lines


def _unattached(outcomes: Sequence[Outcome]) -> list[str]:
    failed = [o for o in outcomes if not o.said.attached]
    return [f"- {o.peer}, {o.kind}/{o.script}: {o.said.why or 'no reason given'}" for o in failed]


def _died(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [o for o in outcomes if o.said.script_error]


def _scripts(outcomes: Sequence[Outcome]) -> list[str]:
    lines = []
    for kind in ("sick", "fixed", "healthy"):
        names = sorted({o.script for o in outcomes if o.kind == kind})
        lines.append(f"- {kind}: {', '.join(names) or 'none'}")
    return lines
