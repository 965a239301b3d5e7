"""The tables: what was found in which script, rule by rule, split beside split, and the totals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from benchmarks.detection.corpus import Split
from benchmarks.detection.scoring import (
    AMONG_FEW_BAR,
    BROKEN_ALARM_BAR,
    CAUSE_FIRST_BAR,
    FALSE_ALARM_BAR,
    FEW,
    RECALL_BAR,
    Outcome,
    Totals,
    per_rule,
    per_split,
    total,
)

LEGEND = f"""\
Rules may be calibrated on the *calibration* split; the *scored* split was written by others and is only
scored, and the bars are its. *Recall* counts the planted cause wherever it stands, *as a cause* only on top
level, *cause first* only when the first line names it (or a name that the manifest calls as fair), *among the
first {FEW}* when one of the first {FEW} lines does. *Since* is the step since which the finding says the
fault holds; *stands from* is the step after which the recorded run, cut short, already gives the finding."""


def line(outcome: Outcome) -> str:
    """One outcome in one line, for the terminal."""
    script = f"{outcome.script.label:46s} seed {outcome.seed}  {outcome.seconds:5.1f} s"
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


def totals_text(outcomes: Sequence[Outcome], *, states: int = 1, started: str = "") -> str:
    """The totals of each split, for the terminal."""
    rows: list[str] = []
    for split, those in per_split(outcomes).items():
        t = total(those)
        healthy = f"{t.healthy_alarms} of {t.healthy_runs} healthy runs"
        rows += [
            (
                f"{split}: {t.sick_runs} sick runs: recall {_percent(t.recall)} (as a cause"
                f" {_percent(t.recall_on_top)}), cause first {_percent(t.cause_first)},"
                f" among the first {FEW} {_percent(t.among_few)}"
            ),
            f"  false alarms: {healthy}, {t.fixed_alarms} of {t.fixed_runs} fixed twins",
            (
                f"  steps until found, median: says since {_number(t.median_since)},"
                f" stands from {_number(t.median_stands_from)}"
            ),
        ]
        rows += [f"  runs without a report: {t.errors}"] if t.errors else []
    return "\n".join(rows + _states(states) + [started] * bool(started))


def markdown(
    outcomes: Sequence[Outcome],
    *,
    seeds: int,
    onset: bool = True,
    states: int = 1,
    waiting: Sequence[str] = (),
    started: str = "",
) -> str:
    """RESULTS.md: how to reproduce, totals against the bars, rule by rule, what went wrong.

    Args:
        outcomes: of a run over both splits.
        seeds: seeds per sick script.
        onset: whether shortened traces were judged again.
        states: from how many states of the sources the outcomes come.
        waiting: pairs left out because they are not admitted.
        started: how the checks were started, in a sentence.
    """
    parts = [
        "# Detection: results",
        "",
        "Written by the command below; not edited by hand.",
        "",
        "```",
        f"python -m benchmarks.detection --seeds {seeds}{'' if onset else ' --no-onset'}",
        "```",
        "",
        f"Sick scripts under {seeds} seeds, fixed twins and healthy scripts under one; default options.",
        *_states(states),
        *([started] if started else []),
        "",
        *_totals_table({split: total(those) for split, those in per_split(outcomes).items()}),
        "",
        LEGEND,
        "",
        *_published(outcomes),
        *([f"Left out, not admitted: {', '.join(waiting)}.", ""] if waiting else []),
    ]
    for split, those in per_split(outcomes).items():
        parts += [f"## Rule by rule, {split} split", "", *_rule_table(those), ""]
        parts += [f"## Missed, or not first, {split} split", "", *_list(_misses(those)), ""]
        parts += [f"## False alarms, {split} split", "", *_list(_alarms(those)), ""]
    return "\n".join(parts)


def _states(states: int) -> list[str]:
    return [f"The outcomes come from {states} states of the sources."] if states > 1 else []


def _totals_table(scores: dict[Split, Totals]) -> list[str]:
    order = [split for split in ("scored", "calibration") if split in scores]

    def row(name: str, value: Callable[[Totals], str], bar: str = "–") -> str:
        return f"| {name} | {' | '.join(value(scores[split]) for split in order)} | {bar} |"

    return [
        f"| measure | {' | '.join(order)} | bar |",
        "|---" * (len(order) + 2) + "|",
        row("sick runs", lambda t: f"{t.sick_runs}"),
        row("recall", lambda t: _percent(t.recall), f"at least {RECALL_BAR:.0%}"),
        row("recall, as a cause", lambda t: _percent(t.recall_on_top)),
        row("cause first", lambda t: _percent(t.cause_first), f"at least {CAUSE_FIRST_BAR:.0%}"),
        row(f"among the first {FEW}", lambda t: _percent(t.among_few), f"at least {AMONG_FEW_BAR:.0%}"),
        row("false alarms, healthy and fixed", _false_alarms, f"at most {FALSE_ALARM_BAR:.0%}"),
        row("of these on healthy scripts", lambda t: f"{t.healthy_alarms} of {t.healthy_runs}"),
        row("of these on fixed twins", lambda t: f"{t.fixed_alarms} of {t.fixed_runs}"),
        row('of these "broken"', lambda t: f"{t.broken_alarms}", f"{BROKEN_ALARM_BAR}"),
        row("runs without a report", lambda t: f"{t.errors}", "0"),
        row("steps, median: since / stands from", _steps),
    ]


def _false_alarms(t: Totals) -> str:
    return (
        f"{t.healthy_alarms + t.fixed_alarms} of {t.healthy_runs + t.fixed_runs} ({_percent(t.false_alarms)})"
    )


def _steps(t: Totals) -> str:
    return f"{_number(t.median_since)} / {_number(t.median_stands_from)}"


def _published(outcomes: Sequence[Outcome]) -> list[str]:
    """How many of the planted faults were published elsewhere, and how those fared."""
    rows = []
    for split, those in per_split(outcomes).items():
        sick = {o.script.name for o in those if o.script.kind == "sick"}
        known = [o for o in those if o.script.kind == "sick" and o.script.published]
        if known:
            t, names = total(known), {o.script.name for o in known}
            rows.append(
                f"Published faults (the manifest says where): {len(names)} of the {len(sick)} sick scripts of the"
                f" {split} split; recall {_percent(t.recall)}, cause first {_percent(t.cause_first)},"
                f" among the first {FEW} {_percent(t.among_few)}."
            )
    return [*(rows or ["Published faults: no manifest declares any."]), ""]


def _misses(outcomes: Sequence[Outcome]) -> Iterable[str]:
    return (
        f"`{o.script.name}` seed {o.seed}, planted {o.script.expected}: {o.error or _said(o)}"
        for o in outcomes
        if o.script.kind == "sick" and not (o.found and o.cause_first)
    )


def _alarms(outcomes: Sequence[Outcome]) -> Iterable[str]:
    for o in outcomes:
        if o.script.kind != "sick" and (o.alarms or o.error):
            looks = f" (looks like {o.script.looks_like})" if o.script.looks_like else ""
            said = o.error or "; ".join(f"{f.rule}, {f.group} ({f.message})" for f in o.alarms)
            yield f"`{o.script.kind}/{o.script.name}`{looks} seed {o.seed}: {said}"


def _rule_table(outcomes: Sequence[Outcome]) -> list[str]:
    rows = [
        f"| planted | sick runs | recall | cause first | among the first {FEW} | alarms on fixed twins | since | stands from |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for rule, t in per_rule(outcomes).items():
        rows.append(
            f"| {rule} | {t.sick_runs} | {_percent(t.recall)} | {_percent(t.cause_first)} | {_percent(t.among_few)} |"
            f" {t.fixed_alarms} of {t.fixed_runs} | {_number(t.median_since)} | {_number(t.median_stands_from)} |"
        )
    return rows


def _list(lines: Iterable[str]) -> list[str]:
    return [f"- {text}" for text in lines] or ["None."]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"
