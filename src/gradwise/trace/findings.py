"""What a rule reports: one finding, with its evidence and its cures."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

Group = Literal["broken", "sick", "slow", "habit", "trial"]

# Most serious first; `--fail-on GROUP` fails at GROUP and everything before it.
GROUPS: tuple[Group, ...] = ("broken", "sick", "slow", "habit", "trial")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Which stretch of which signal shows it (the report draws and shades it).

    Args:
        signal: name of a signal in `gradwise.trace.signals`.
        places: parameters, modules or losses concerned; empty for step signals.
        first_step: first step of the stretch.
        last_step: last step of the stretch.
    """

    signal: str
    places: tuple[str, ...] = ()
    first_step: int = 0
    last_step: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One ailment seen in a run.

    Args:
        rule: name of the rule, e.g. ``softmax-twice``.
        code: its catalogue code, e.g. ``C05``.
        group: how sure and how serious.
        where: modules or parameters by dotted name; empty when it is the whole run.
        since_step: first training step at which it held.
        value: the measured number that was judged.
        threshold: the number it was judged against.
        unit: unit of both.
        message: lower-case clause with the numbers in it.
        why: what this does to the training, in one sentence.
        cures: names of remedies, best first.
        strength: 0..1, how far beyond the threshold; orders equal causes.
        evidence: the stretches of signals that show it.
        symptoms: findings that this one explains.
    """

    rule: str
    code: str
    group: Group
    where: tuple[str, ...]
    since_step: int
    value: float
    threshold: float
    unit: str
    message: str
    why: str
    cures: tuple[str, ...]
    strength: float = 0.5
    evidence: tuple[Evidence, ...] = ()
    symptoms: tuple[Finding, ...] = field(default=())

    def with_symptoms(self, symptoms: tuple[Finding, ...]) -> Finding:
        """The same finding with other findings hung under it."""
        return replace(self, symptoms=symptoms)

    def to_json(self) -> dict[str, Any]:
        """The finding as the documented JSON object (schema 1)."""
        return {
            "rule": self.rule,
            "code": self.code,
            "group": self.group,
            "where": list(self.where),
            "since_step": self.since_step,
            "value": json_number(self.value),
            "threshold": json_number(self.threshold),
            "unit": self.unit,
            "message": self.message,
            "why": self.why,
            "cures": list(self.cures),
            "symptoms": [symptom.to_json() for symptom in self.symptoms],
        }


def json_number(value: float) -> float | str | None:
    """JSON has no NaN or infinity: they become null and "inf"/"-inf"."""
    if value != value:
        return None
    if value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    return value
