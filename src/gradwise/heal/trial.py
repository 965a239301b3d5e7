"""What is run and what came of it: trials, and their results as plain data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from gradwise.heal.treatment import Cure

Status = Literal["finished", "stopped", "failed", "killed", "idle"]
SEARCHING = 7919  # seed shift of all runs that are for choosing only; no proof comes so far
HELD: tuple[Status, ...] = ("finished", "stopped")  # a run whose numbers count


@dataclass(frozen=True, slots=True)
class Trial:
    """A run to make.

    Args:
        cures: that the script is given; none for the script as it is.
        shift: of the seeds.
        max_steps: where it is stopped; None for the whole run.
        probing: whether probes follow it.
    """

    cures: tuple[Cure, ...] = ()
    shift: int = 0
    max_steps: int | None = None
    probing: bool = False

    @property
    def key(self) -> str:
        """The same for the same run, and a good name for a directory.

        >>> Trial().key == Trial().key, Trial().key == Trial(shift=1).key
        (True, False)
        """
        cures = [[cure.name, dict(cure.dose), list(cure.where)] for cure in self.cures]
        text = json.dumps([cures, self.shift, self.max_steps, self.probing], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a trial.

    Args:
        key: of the trial.
        name: what was given, in words.
        cures: what was given, as in a treatment file.
        shift: of the seeds.
        max_steps: where it was stopped.
        status: ``finished``; ``stopped`` at ``max_steps``; ``failed``; ``killed`` at its time limit; ``idle``
            where a cure found nothing to act on.
        error: one line, where it did not end well.
        code: that the watched run left with.
        steps: training steps.
        seconds: from start to end of the process.
        script_seconds: of these, those of the script itself.
        told: what each cure did.
    """

    key: str
    name: str
    cures: tuple[Mapping[str, Any], ...]
    shift: int
    max_steps: int | None
    status: Status
    error: str
    code: int
    steps: int
    seconds: float
    script_seconds: float
    told: tuple[Mapping[str, Any], ...] = ()

    @property
    def held(self) -> bool:
        """Whether it came to its end, so that its numbers count."""
        return self.status in HELD

    def as_dict(self) -> dict[str, Any]:
        """For ``heal.json``."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Ran:
        """What `as_dict` wrote."""
        held = dict(document)
        return cls(**held | {"cures": tuple(held["cures"]), "told": tuple(held["told"])})


def shown_cure(cure: Cure) -> str:
    """A cure in words.

    >>> shown_cure(Cure("lower-lr", {"factor": 0.1}, ("fc1",)))
    'lower-lr factor=0.1 at fc1'
    """
    dose = "".join(f" {name}={value:g}" for name, value in cure.dose.items())
    places = list(cure.where[:2]) + ([f"{len(cure.where) - 2} more"] if len(cure.where) > 2 else [])
    return cure.name + dose + (f" at {', '.join(places)}" if places else "")


def shown_cures(cures: tuple[Cure, ...]) -> str:
    """Several cures in words; ``nothing`` for none."""
    return " + ".join(shown_cure(cure) for cure in cures) or "nothing"


def cure_as_dict(cure: Cure) -> dict[str, Any]:
    """A cure as a treatment file holds it, with its full dose."""
    return {"name": cure.name, **cure.full_dose(), "where": list(cure.where), "why": cure.why}
