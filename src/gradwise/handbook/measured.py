"""How often each rule was right when it was last measured, as `measured.toml` holds it, and in words.

`python -m benchmarks.calibration` writes that file; nobody edits it by hand.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.resources import files
from math import sqrt
from typing import Any

from gradwise.rules.rule import Rule
from gradwise.trace.findings import Group

FILE = "measured.toml"  # beside this module
UNMEASURED = "Not measured yet."
# Groups in which a finding on a healthy run is a false alarm; what the others tell may well be so there too.
ALARMING: tuple[Group, ...] = ("broken", "sick")
NORMAL_95 = 1.959964  # standard deviations to either side that hold 95 % of a normal distribution


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted of one rule.

    Args:
        planted: runs of scripts in which its ailment was planted.
        found: those of them in which it was named, as a cause or as a symptom.
        first: those of them whose first line was it.
        fair: those of them whose first line was another name, which is as fair for what was planted.
        quiet: runs of scripts that are fine: healthy ones and mended twins.
        alarms: those of them in which it spoke.
    """

    planted: int = 0
    found: int = 0
    first: int = 0
    fair: int = 0
    quiet: int = 0
    alarms: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """What was counted of one rule: on everything, and on the scripts that were kept from calibration."""

    whole: Counts
    scored: Counts | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement of all rules.

    Args:
        version: version of gradwise that was measured; "" where nothing was.
        date: its day, ISO 8601.
        scripts: scripts of the corpus whose runs were judged.
        corpus: scripts that the corpus had.
        rules: what was counted, by the rule's name.
    """

    version: str = ""
    date: str = ""
    scripts: int = 0
    corpus: int = 0
    rules: Mapping[str, Measured] = field(default_factory=dict)


@cache
def measurement() -> Measurement:
    """The measurement that this version brings along."""
    return read(files("gradwise.handbook").joinpath(FILE).read_text(encoding="utf-8"))


def read(text: str) -> Measurement:
    """A measurement from TOML, as `written` writes it."""
    table = tomllib.loads(text)
    rules = {name: _measured(counts) for name, counts in table.get("rules", {}).items()}
    parts = {name: table[name] for name in ("version", "date", "scripts", "corpus") if name in table}
    return Measurement(**parts, rules=rules)


def written(told: Measurement) -> str:
    """A measurement as TOML, rules in the order of their names."""
    head = [
        "# How often each rule was right: written by `python -m benchmarks.calibration`, not by hand.",
        f'version = "{told.version}"',
        f'date = "{told.date}"',
        f"scripts = {told.scripts}",
        f"corpus = {told.corpus}",
    ]
    for name in sorted(told.rules):
        one = told.rules[name]
        head += ["", f"[rules.{name}]", f"whole = {_inline(one.whole)}"]
        if one.scored is not None:
            head.append(f"scored = {_inline(one.scored)}")
    return "\n".join(head) + "\n"


def measured_lines(rule: Rule, told: Measurement | None = None) -> list[str]:
    """Sentences about how often a rule was right.

    Args:
        rule: the rule.
        told: the measurement; the one that this version brings along when None.
    """
    told = measurement() if told is None else told
    one = told.rules.get(rule.name)
    if one is None:
        return [UNMEASURED]
    lines = [_hits(one.whole), _alarms(one.whole, rule.group)]
    if one.scored is not None and (one.scored.planted or one.scored.quiet):
        lines.append(f"On scripts that no threshold was set by: {_apart(one.scored, rule.group)}.")
    part = f"{told.scripts} of {told.corpus}" if told.scripts < told.corpus else f"all {told.corpus}"
    lines.append(f"Measured with version {told.version} on {told.date}, on {part} scripts of the corpus.")
    return lines


def wilson(hits: int, runs: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share, which holds for few runs and for none or all of them too.

    >>> [round(end, 3) for end in wilson(6, 6)]
    [0.61, 1.0]
    >>> [round(end, 3) for end in wilson(0, 184)]
    [0.0, 0.02]
    """
    if runs == 0:
        return 0.0, 1.0
    square, share = NORMAL_95**2 / runs, hits / runs
    middle = (share + square / 2) / (1 + square)
    half = sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    return (0.0 if hits == 0 else middle - half), (1.0 if hits == runs else middle + half)


def interval(hits: int, runs: int) -> str:
    """Wilson's interval in words; where nothing was hit, its upper end alone.

    >>> interval(6, 6), interval(3, 184), interval(0, 184)
    ('95 %: 61–100 %', '95 %: 0.56–4.7 %', 'at most 2 %')
    """
    low, high = wilson(hits, runs)
    if hits == 0:
        return f"at most {_percent(high)} %"
    return f"95 %: {_percent(low)}–{_percent(high)} %"


def _hits(counts: Counts) -> str:
    if not counts.planted:
        return f"{UNMEASURED[:-1]} where it is planted: no judged script has it."
    return f"Found in {_found(counts)}."


def _alarms(counts: Counts, group: Group) -> str:
    said = _spoken(counts, group)
    return said[0].upper() + said[1:] + "."


def _apart(counts: Counts, group: Group) -> str:
    parts = [f"found in {_found(counts)}"] if counts.planted else []
    return "; ".join([*parts, _spoken(counts, group)])


def _found(counts: Counts) -> str:
    share = interval(counts.found, counts.planted)
    first = f"first in {counts.first}" + (f" (in {counts.fair} a name as fair was)" if counts.fair else "")
    return f"{counts.found} of {counts.planted} runs where it was planted ({share}), {first}"


def _spoken(counts: Counts, group: Group) -> str:
    if not counts.quiet:
        return "no healthy run was judged"
    verb = "alarmed" if group in ALARMING else "spoke"
    return (
        f"{verb} in {counts.alarms} of {counts.quiet} healthy runs ({interval(counts.alarms, counts.quiet)})"
    )


def _percent(share: float) -> str:
    value = 100 * share
    return f"{value:.0f}" if value >= 9.95 else f"{value:.2g}"


def _measured(table: Mapping[str, Any]) -> Measured:
    scored = table.get("scored")
    return Measured(Counts(**table["whole"]), None if scored is None else Counts(**scored))


def _inline(counts: Counts) -> str:
    return "{ " + ", ".join(f"{name} = {value}" for name, value in asdict(counts).items()) + " }"
