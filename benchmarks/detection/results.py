"""The table: what was found in which script, rule by rule, and the totals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.detection.scoring import (
    CAUSE_FIRST_BAR,
    FALSE_ALARM_BAR,
    RECALL_BAR,
    Outcome,
    Totals,
    per_rule,
    total,
)

LEGEND = """\
*Recall* counts the planted cause wherever it stands, *as a cause* only on top level, *cause first*
only when the first line names it (or a name that the manifest calls as fair). *Since* is the step
since which the finding says the fault holds; *stands from* is the step after which the recorded
run, cut short, already gives the finding."""


def line(outcome: Outcome) -> str:
    """One outcome in one line, for the terminal."""
    script = (
        f"{outcome.script.kind:7s} {outcome.script.name:32s} seed {outcome.seed}  {outcome.seconds:5.1f} s"
    )
    if outcome.error:
        return f"{script}  ERROR  {outcome.error}"
    if outcome.script.kind == "sick":
        verdict = "first " if outcome.cause_first else "found " if outcome.found else "MISSED"
        stands = "" if outcome.stands_from is None else f" stands from {outcome.stands_from}"
        return f"{script}  {verdict} {outcome.script.expected}{stands}  said: {_said(outcome)}"
    return f"{script}  {'ALARM' if outcome.alarms else 'clean'}  {_said(outcome)}"


def _said(outcome: Outcome) -> str:
    """Findings in the order printed; those nested under another in brackets."""
    names = [f"({f.rule})" if f.nested else f.rule for f in outcome.findings]
    return ", ".join(names) or "nothing"


def totals_text(totals: Totals) -> str:
    """The totals, for the terminal."""
    t = totals
    found = f"recall {_percent(t.recall)} (as a cause {_percent(t.recall_on_top)})"
    healthy = f"{t.healthy_alarms} of {t.healthy_runs} healthy runs"
    steps = f"says since {_number(t.median_since)}, stands from {_number(t.median_stands_from)}"
    rows = [
        f"sick runs {t.sick_runs}: {found}, cause first {_percent(t.cause_first)}",
        f"false alarms: {healthy}, {t.fixed_alarms} of {t.fixed_runs} fixed twins",
        f"steps until found, median: {steps}",
    ]
    if totals.errors:
        rows.append(f"runs without a report: {totals.errors}")
    return "\n".join(rows)


def markdown(outcomes: Sequence[Outcome], *, seeds: int) -> str:
    """RESULTS.md: how to reproduce, totals against the bars, rule by rule, what went wrong."""
    whole = total(outcomes)
    parts = [
        "# Detection: results",
        "",
        "Written by the command below; not edited by hand.",
        "",
        "```",
        f"python -m benchmarks.detection --seeds {seeds}",
        "```",
        "",
        f"Sick scripts under {seeds} seeds, fixed twins and healthy scripts under one; default options.",
        "",
        *_totals_table(whole),
        "",
        LEGEND,
        "",
        "## Rule by rule",
        "",
        *_rule_table(outcomes),
        "",
        "## Missed, or not first",
        "",
        *_list(
            f"`{o.script.name}` seed {o.seed}, planted {o.script.expected}: {o.error or _said(o)}"
            for o in outcomes
            if o.script.kind == "sick" and not (o.found and o.cause_first)
        ),
        "",
        "## False alarms",
        "",
        *_list(
            f"`{o.script.kind}/{o.script.name}` seed {o.seed}: "
            + (o.error or "; ".join(f"{f.rule} ({f.message})" for f in o.alarms))
            for o in outcomes
            if o.script.kind != "sick" and (o.alarms or o.error)
        ),
        "",
    ]
    return "\n".join(parts)


def _totals_table(t: Totals) -> list[str]:
    return [
        "| measure | value | bar |",
        "|---|---|---|",
        f"| recall | {_percent(t.recall)} of {t.sick_runs} sick runs | at least {RECALL_BAR:.0%} |",
        f"| recall, as a cause | {_percent(t.recall_on_top)} | – |",
        f"| cause first | {_percent(t.cause_first)} | at least {CAUSE_FIRST_BAR:.0%} |",
        f"| false alarms, healthy | {t.healthy_alarms} of {t.healthy_runs} runs | {FALSE_ALARM_BAR} |",
        f"| false alarms, fixed twins | {t.fixed_alarms} of {t.fixed_runs} runs | {FALSE_ALARM_BAR} |",
        f"| runs without a report | {t.errors} | 0 |",
        f"| steps, median: since / stands from | {_number(t.median_since)} / {_number(t.median_stands_from)} | – |",
    ]


def _rule_table(outcomes: Sequence[Outcome]) -> list[str]:
    rows = [
        "| planted | sick runs | recall | cause first | alarms on fixed twins | since | stands from |",
        "|---|---|---|---|---|---|---|",
    ]
    for rule, t in per_rule(outcomes).items():
        rows.append(
            f"| {rule} | {t.sick_runs} | {_percent(t.recall)} | {_percent(t.cause_first)} |"
            f" {t.fixed_alarms} of {t.fixed_runs} | {_number(t.median_since)} | {_number(t.median_stands_from)} |"
        )
    return rows


def _list(lines: Iterable[str]) -> list[str]:
    return [f"- {text}" for text in lines] or ["None."]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"
