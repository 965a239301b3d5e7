"""What a heal is asked for, and how it ended."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradwise.heal.candidates import ALLOWED, Candidate, Unable, unable_at_run_time
from gradwise.heal.metric import AUTOMATIC, Metric
from gradwise.heal.proof import Proof
from gradwise.heal.trial import cure_as_dict
from gradwise.heal.trying import Search, Tried
from gradwise.remedies.remedy import Grade
from gradwise.rules.rule import LoadedRule
from gradwise.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for.

    Args:
        seeds: of the proof.
        allow: grades of the cures that may be tried.
        metric: ``auto``, ``val_loss`` or a regular expression.
        lower: whether smaller is better; None: by its name.
        max_steps: of every run.
        rules: those that judge; the settings' when None.
        settings: of the project.
        unable: why a cure cannot be given, "" where it can.
        shortens: whether runs can be stopped early.
        budget: the option that gives more time.
    """

    seeds: int = 3
    allow: tuple[Grade, ...] = ALLOWED
    metric: str = AUTOMATIC
    lower: bool | None = None
    max_steps: int | None = None
    rules: Sequence[LoadedRule] | None = None
    settings: Settings | None = None
    unable: Unable = unable_at_run_time
    shortens: bool = True
    budget: str = "--budget"


@dataclass(slots=True)
class Healed:
    """How a heal ended.

    Args:
        verdict: ``healthy``, ``helped``, ``not shown``, ``no cure helped``, ``nothing to try``,
            ``unfinished``.
        words: the same as a sentence.
        causes: names of what was found.
        metric: what runs were compared by.
        search: the candidates' runs.
        chosen: the treatment that went into the proof.
        proof: its arms.
        left: cures that were not tried, by reason.
        notes: what else is worth knowing.
        treatment: file of the chosen one.
        first: directory of the script's own run.
        runs: how many were made.
        seconds: that they took together.
        cost: the same in multiples of one run of the script as it is.
        steps: training steps of all runs, in multiples of the script's own.
    """

    verdict: str
    words: str
    causes: tuple[str, ...] = ()
    metric: Metric | None = None
    search: Search = field(default_factory=Search)
    chosen: Candidate | None = None
    proof: Proof | None = None
    left: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    treatment: Path | None = None
    first: Path | None = None
    runs: int = 0
    seconds: float = 0.0
    cost: float = math.nan
    steps: float = math.nan

    @property
    def exit_code(self) -> int:
        """0 where a cure was proven or nothing is wrong, else 1."""
        return 0 if self.verdict in ("healthy", "helped") else 1

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        metric = self.metric
        told = None if metric is None else {"name": metric.name, "lower": metric.lower, "why": metric.why}
        return {
            "verdict": self.verdict,
            "words": self.words,
            "causes": list(self.causes),
            "metric": told,
            "nothing": self.search.nothing,
            "tried": [_tried(one) for one in self.search.tried],
            "not_tried": self.left,
            "chosen": [cure_as_dict(cure) for cure in self.chosen.cures] if self.chosen else None,
            "grade": self.chosen.grade if self.chosen else None,
            "proof": self.proof.as_dict() if self.proof else None,
            "treatment": str(self.treatment) if self.treatment else None,
            "runs": self.runs,
            "seconds": round(self.seconds, 2),
            "cost": round(self.cost, 2),
            "steps": round(self.steps, 2),
            "notes": self.notes,
        }


def _tried(one: Tried) -> dict[str, Any]:
    return {
        "cures": one.candidate.name,
        "cause": one.candidate.cause,
        "share": one.share,
        "seed_shift": one.ran.shift,
        "value": one.value,
        "nothing": one.nothing,
        "shows": [finding.rule for finding in one.findings],
        "status": one.ran.status,
        "error": one.ran.error,
        "run": one.ran.key,
    }
