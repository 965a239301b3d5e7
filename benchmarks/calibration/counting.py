"""From judged runs to counts: how often each rule was right, and what another threshold would change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.calibration.judging import RAISED, Judged, settings_of
from benchmarks.detection.corpus import Split
from gradwise.handbook.measured import ALARMING, Counts, Measured
from gradwise.rules.collection import find_rule
from gradwise.rules.rule import LoadedRule
from gradwise.settings.settings import Number
from gradwise.settings.thresholds import thresholds_of

SHIPPED = 1.0  # the factor of the value as it is


@dataclass(frozen=True, slots=True)
class Cell:
    """A rule with one threshold at one value, over the runs of the calibration split.

    Args:
        factor: what the shipped value is multiplied by.
        value: the value.
        hits: runs with the ailment planted in which it speaks.
        alarms: healthy runs and mended twins in which it speaks.
        raised: runs on which it fails.
    """

    factor: float
    value: Number
    hits: int
    alarms: int
    raised: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """The sweep of one constant.

    Args:
        rule: name of the rule.
        constant: name in its module.
        cells: by rising factor, the shipped value among them.
        planted: runs with the ailment planted.
        quiet: healthy runs and mended twins.
    """

    rule: str
    constant: str
    cells: tuple[Cell, ...]
    planted: int
    quiet: int

    @property
    def shipped(self) -> Cell:
        """The value as it is."""
        return next(cell for cell in self.cells if cell.factor == SHIPPED)

    @property
    def first_miss(self) -> float | None:
        """Factor nearest to 1 at which a run is missed that is found now; None when there is none."""
        return self._nearest(cell for cell in self.cells if cell.hits < self.shipped.hits)

    @property
    def first_alarm(self) -> float | None:
        """Factor nearest to 1 at which more healthy runs are alarmed about; None when there is none."""
        return self._nearest(cell for cell in self.cells if cell.alarms > self.shipped.alarms)

    @staticmethod
    def _nearest(cells: Iterable[Cell]) -> float | None:
        return min((cell.factor for cell in cells), key=distance, default=None)


def distance(factor: float) -> float:
    """How far a factor is from none, to both sides alike.

    >>> distance(0.5) == distance(2.0) > distance(0.8) == distance(1.25)
    True
    """
    return max(factor, 1 / factor)


def speaks(rule: LoadedRule, group: str) -> bool:
    """Whether a finding of that group counts as an alarm on a healthy run.

    Of rules whose findings are alarms, milder ones are remarks; of the others everything that they say counts.
    """
    return group in ALARMING if rule.declaration.group in ALARMING else group not in ("", RAISED)


def counts(judged: Iterable[Judged], rule: LoadedRule) -> Counts:
    """How often the rule was right in those runs."""
    name, default = rule.declaration.name, rule.declaration.group not in ("habit", "trial")
    runs = [one for one in judged if not one.problem]
    planted = [one for one in runs if one.script.kind == "sick" and one.script.expected == name]
    quiet = [one for one in runs if one.script.kind != "sick"]
    first = [one.first if default else one.first_of_all for one in planted]
    return Counts(
        planted=len(planted),
        found=sum(name in one.spoke for one in planted),
        first=first.count(name),
        fair=sum(said in one.script.accepted for said, one in zip(first, planted, strict=True)),
        quiet=len(quiet),
        alarms=sum(speaks(rule, one.spoke.get(name, "")) for one in quiet),
    )


def measured(judged: Sequence[Judged], rule: LoadedRule) -> Measured:
    """Both counts of a rule: everything, and what was kept from calibration where there is such a split."""
    apart = of_split(judged, "scored")
    return Measured(counts(judged, rule), counts(apart, rule) if apart else None)


def of_split(judged: Iterable[Judged], split: Split) -> list[Judged]:
    """The judged runs of one split."""
    return [one for one in judged if one.script.split == split]


def blamed(judged: Iterable[Judged], rule: str) -> list[Judged]:
    """Sick runs whose first line is this rule although another ailment was planted and it is no fair name."""
    return [
        one
        for one in judged
        if one.script.kind == "sick"
        and one.first == rule
        and rule not in (one.script.expected, *one.script.accepted)
    ]


def sweep(judged: Sequence[Judged], rule: str) -> Iterator[Row]:
    """One row for each constant of the rule, counted over the calibration split."""
    loaded = find_rule(rule)
    runs = [one for one in of_split(judged, "calibration") if not one.problem]
    planted = [one for one in runs if one.script.kind == "sick" and one.script.expected == rule]
    quiet = [one for one in runs if one.script.kind != "sick"]
    settings = list(settings_of(loaded))
    for constant, value in thresholds_of(loaded).items():
        moved = [(factor, other) for name, factor, other in settings if name == constant]
        cells = [
            _cell(loaded, constant, factor, other, planted, quiet)
            for factor, other in sorted([*moved, (SHIPPED, value)])
        ]
        yield Row(rule, constant, tuple(cells), len(planted), len(quiet))


def _cell(
    rule: LoadedRule,
    constant: str,
    factor: float,
    value: Number,
    planted: Sequence[Judged],
    quiet: Sequence[Judged],
) -> Cell:
    name = rule.declaration.name

    def group(one: Judged) -> str:
        return one.moved.get((name, constant, factor), one.spoke.get(name, ""))

    return Cell(
        factor,
        value,
        hits=sum(group(one) not in ("", RAISED) for one in planted),
        alarms=sum(speaks(rule, group(one)) for one in quiet),
        raised=sum(group(one) == RAISED for one in (*planted, *quiet)),
    )
