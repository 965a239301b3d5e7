"""Which cure a trouble gets while the run goes on: the mildest that fits, then the next one."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from gradwise.errors import UsageError
from gradwise.remedies.collection import find_remedy
from gradwise.remedies.remedy import GRADES, Grade

Kind = Literal["batch", "loss", "weights", "lost"]

CURES = ("skip-batch", "warm-up", "clip-gradient", "lower-lr")  # mildest first
ALLOWED: tuple[Grade, ...] = ("safe", "changes-training")  # where nothing else is asked for
RATES = "rates"  # going back to the rates of the state is a cure where they had been raised
RUNGS = 3  # times that the rate is lowered
EARLY = 100  # steps within which averages of the gradients are not settled: the warm-up's own length
RAISED = 2.0  # times the rate of the state from which on the rate counts as raised; ours
ONLY_BROKEN = 1e6  # dose of skip-batch that leaves out what is not finite, and nothing else
TIMES_NORM = 2.0  # times the median norm that a gradient may be; Pascanu et al., section 3.2: 0.5 to 10
MOST_LIMIT = 1e6  # the highest that clip-gradient takes
LEAST_FACTOR = 1e-6  # the lowest that lower-lr takes


@dataclass(frozen=True, slots=True)
class Trouble:
    """What has gone wrong.

    Args:
        kind: a single ``batch`` that was left out in time, a ``loss`` that is not finite, ``weights``
            that are not, or a loss that is ``lost`` far above its level.
        step: training steps that were done when it was seen.
        since: step from which on the run is not to be trusted.
        words: the same as a clause.
        level: of the losses before a loss was lost.
        sudden: one step has thrown the run off.
        raised: the rates since the state that is returned to, as a multiple.
        scheduled: a scheduler sets the rates, so that they do not return.
        unsettled: an optimizer divides by averages of squared gradients, which are young yet.
        norm: median norm of the gradients; None where it is not known.
    """

    kind: Kind
    step: int
    since: int
    words: str
    level: float = math.inf
    sudden: bool = False
    raised: float = 1.0
    scheduled: bool = False
    unsettled: bool = False
    norm: float | None = None


@dataclass(frozen=True, slots=True)
class Prescription:
    """A cure with its dose; `RATES` has none."""

    cure: str
    dose: Mapping[str, float] = field(default_factory=dict)


class Physician:
    """Prescribes, and remembers what was given.

    >>> physician = Physician(ALLOWED)
    >>> trouble = Trouble("loss", 40, 40, "the loss is no longer finite")
    >>> [physician.prescribe(trouble).dose for _ in range(2)]
    [{'factor': 0.1}, {'factor': 0.1}]
    >>> physician.factor
    0.01
    """

    def __init__(self, allowed: Collection[Grade]) -> None:
        self.allowed = allowed
        self.given: list[str] = []
        self.factor = self.before = 1.0  # by which the rates are lowered, all rungs together; before the last

    def prescribe(self, trouble: Trouble) -> Prescription | None:
        """The next cure; None where none is left."""
        found = next(iter(self._fitting(trouble)), None)
        if found is not None:
            self.given.append(found.cure)
            self.before = self.factor
            factor = self.factor * found.dose.get("factor", 1.0)
            self.factor = float(f"{factor:.6g}")  # what rounding left of 0.1 times 0.1
        return found

    def has_given(self, cure: str) -> bool:
        """Whether a cure acts already."""
        return cure in self.given

    def _fitting(self, trouble: Trouble) -> Iterator[Prescription]:
        for prescription in self._in_order(trouble):
            cure = prescription.cure
            if cure == RATES or find_remedy(cure).declaration.grade in self.allowed:
                yield prescription

    def _in_order(self, trouble: Trouble) -> Iterator[Prescription]:
        raised = trouble.raised >= RAISED
        single = trouble.kind == "batch" or (trouble.kind == "weights" and trouble.sudden)
        if single and not raised and not self.has_given("skip-batch"):
            yield Prescription("skip-batch", {"times": ONLY_BROKEN})
        if raised and not trouble.scheduled and not self.has_given(RATES):
            yield Prescription(RATES)
        if trouble.unsettled and not self.has_given("warm-up"):
            yield Prescription("warm-up", {"steps": EARLY, "start": 0.01})
        if trouble.sudden and not raised and not self.has_given("clip-gradient"):
            yield self._clip(trouble)
        if self.given.count("lower-lr") < RUNGS:
            factor = min(0.1, 1 / trouble.raised) if raised else 0.1
            yield Prescription("lower-lr", {"factor": max(factor, LEAST_FACTOR)})
        if not self.has_given("clip-gradient"):
            yield self._clip(trouble)

    @staticmethod
    def _clip(trouble: Trouble) -> Prescription:
        limit = TIMES_NORM * trouble.norm if trouble.norm else 1.0
        return Prescription("clip-gradient", {"limit": min(float(f"{limit:.3g}"), MOST_LIMIT)})


def check_allowed(allowed: Collection[Grade]) -> None:
    """See that some cure is allowed.

    Raises:
        UsageError: none is.

    >>> check_allowed(("changes-data",))
    Traceback (most recent call last):
        ...
    gradwise.errors.UsageError: --heal-live has no cure of grade changes-data: skip-batch, warm-up, \
clip-gradient and lower-lr are changes-training; allow that.
    """
    grades = {cure: find_remedy(cure).declaration.grade for cure in CURES}
    if not set(grades.values()) & set(allowed):
        needed = [grade for grade in GRADES if grade in grades.values()]
        names = f"{', '.join(CURES[:-1])} and {CURES[-1]}"
        raise UsageError(
            f"--heal-live has no cure of grade {' or '.join(allowed)}: {names} are {', '.join(needed)}; "
            "allow that."
        )
