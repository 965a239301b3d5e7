"""RESULTS.md: every rule's counts, and every miss, alarm and oddity by script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.calibration.counting import SHIPPED, Row, blamed, of_split, speaks
from benchmarks.calibration.judging import Judged
from benchmarks.calibration.sweeps import threshold_lines
from gradwise.handbook.measured import Counts, Measurement, interval
from gradwise.rules.collection import find_rule

HEADER = "| rule | group | planted | found | first | 95 % | healthy | alarms | 95 % | blamed elsewhere |"
LEGEND = """\
*Planted*: runs of scripts that have the ailment. *Found*: named anywhere; *first*: in the first line, and after a
plus the runs whose first line is another name that the manifest accepts as fair. *Healthy*: healthy scripts and
mended twins. *Alarms*: those in which the rule spoke; for the groups slow, habit and trial that need not be wrong.
*Blamed elsewhere*: runs with another ailment planted whose first line was this rule and no fair name for it.
Intervals are Wilson's at 95 % and take runs as independent, which two seeds of one script are not. What each means:
README.md."""


@dataclass(frozen=True, slots=True)
class Results:
    """All that the pages tell of.

    Args:
        told: counts of each rule.
        judged: the judged runs.
        rows: the sweep.
        command: what makes these results.
        missing: why runs are missing, by script.
        started: how the recorded checks were started, in a sentence.
    """

    told: Measurement
    judged: Sequence[Judged]
    rows: Sequence[Row]
    command: str
    missing: dict[str, str] = field(default_factory=dict)
    started: str = ""


def results_page(results: Results) -> str:
    """RESULTS.md: rule by rule, thresholds that stand close to a miss or an alarm, what went wrong."""
    told, judged = results.told, results.judged
    size = f"{len(judged)} runs of {told.scripts} scripts; the corpus has {told.corpus}."
    parts = [
        "# Calibration: results",
        "",
        "Written by the command below; not edited by hand.",
        "",
        "```",
        results.command,
        "```",
        "",
        f"Version {told.version}, {told.date}: {size}",
        *([results.started] if results.started else []),
        "",
        "## Rule by rule",
        "",
        *_counted(results, whole=True),
        "",
        LEGEND,
        "",
    ]
    if of_split(judged, "scored"):
        heading = "## The same on the scripts that are only scored"
        parts += [heading, "", *_counted(results, whole=False), ""]
    parts += ["## Thresholds", "", *threshold_lines(results.rows), ""]
    parts += ["## Healthy runs in which a rule spoke", "", *_list(_alarms(judged, results.told)), ""]
    parts += ["## Planted and not found", "", *_list(_missed(judged)), ""]
    parts += ["## Not judged, or judged otherwise", "", *_list(_odd(results)), ""]
    return "\n".join(parts)


def _counted(results: Results, *, whole: bool) -> Iterator[str]:
    yield HEADER
    yield "|---" * HEADER.count(" | ") + "|---|"
    judged = results.judged if whole else of_split(results.judged, "scored")
    silent: list[str] = []
    for name, one in results.told.rules.items():
        counted = one.whole if whole else one.scored or Counts()
        elsewhere = len(blamed(judged, name))
        if counted.planted or counted.alarms or elsewhere:
            yield _count_row(name, counted, elsewhere)
        else:
            silent.append(name)
    if silent:
        yield ""
        names = f": {', '.join(silent)}" if whole else f" of them: {len(silent)} other rules"
        yield f"In no judged run planted, alarmed in none{names}."


def _count_row(name: str, counted: Counts, elsewhere: int) -> str:
    group = find_rule(name).declaration.group
    first = f"{counted.first}" + (f" + {counted.fair}" if counted.fair else "")
    hits = (f"{counted.found}", first, _short(counted.found, counted.planted))
    cells = [name, group, f"{counted.planted}", *(hits if counted.planted else ("–", "–", "–"))]
    cells += [f"{counted.quiet}", f"{counted.alarms}", _short(counted.alarms, counted.quiet)]
    return "| " + " | ".join([*cells, f"{elsewhere or '–'}"]) + " |"


def _short(hits: int, runs: int) -> str:
    return interval(hits, runs).removeprefix("95 %: ").replace("at most", "≤") if runs else "–"


def _alarms(judged: Iterable[Judged], told: Measurement) -> Iterator[str]:
    for one in judged:
        if one.script.kind != "sick":
            rules = [find_rule(name) for name in one.spoke if name in told.rules]
            names = [f"{rule.declaration.name} ({rule.declaration.group})" for rule in rules
                     if speaks(rule, one.spoke[rule.declaration.name])]  # fmt: skip
            if names:
                yield f"`{one.script.label}` seed {one.seed}: {', '.join(names)}"


def _missed(judged: Iterable[Judged]) -> Iterator[str]:
    for one in judged:
        if one.script.kind == "sick" and not one.problem and one.script.expected not in one.spoke:
            said = f"{one.first or 'nothing'} in the first line"
            yield f"`{one.script.label}` seed {one.seed}, planted {one.script.expected}: {said}"


def _odd(results: Results) -> Iterator[str]:
    for label, problem in results.missing.items():
        yield f"`{label}`: {problem}"
    for one in results.judged:
        at = f"`{one.script.label}` seed {one.seed}"
        if one.problem:
            yield f"{at}: {one.problem}"
        for rule, error in one.raised.items():
            yield f"{at}: {rule} raised {error}"
        if not one.as_recorded:
            yield f"{at}: judged otherwise than when it was recorded (a rule changed since, or it is not pure)"
    for row in results.rows:
        cells = [f"×{cell.factor:g}" for cell in row.cells if cell.raised and cell.factor != SHIPPED]
        if cells:
            yield f"{row.rule}: cannot judge with `{row.constant}` at {', '.join(cells)}"


def _list(lines: Iterable[str]) -> list[str]:
    return [f"- {text}" for text in lines] or ["None."]
