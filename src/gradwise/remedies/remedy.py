"""The form of a remedy: a page, a declaration, and where it can act a function ``treat``.

A remedy module holds a docstring (its handbook page), one `Remedy` named
``REMEDY``, and where the cure can be applied to a running script
``treat(patient, dose)``, see `gradwise.remedies.patient`.  Rules name remedies
by string; `gradwise.remedies.collection` finds the modules by walking this
package, so adding one touches no other file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from gradwise.errors import UsageError

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

Treat = Callable[["Patient", Mapping[str, float]], None]
Undo = Literal["exact", "start", "onward"]

# What is true after a cure was taken back in a running script.
UNDOES: dict[Undo, str] = {
    "exact": "between two steps everything is bit for bit as the script left it",
    "start": "before the first step the weights are those that the script drew; later they have learnt",
    "onward": "the run goes on as the script says; what was done until then stays",
}
RESERVED = ("name", "where", "why")  # keys of a treatment file that no dose may have

Grade = Literal["safe", "changes-training", "changes-model", "changes-data"]

# What each grade promises; mildest first.
GRADES: dict[Grade, str] = {
    "safe": "the same mathematics, computed better",
    "changes-training": "the same model on the same data, trained in another way",
    "changes-model": "another model is trained",
    "changes-data": "the model sees other data",
}


@dataclass(frozen=True, slots=True)
class Edit:
    """The change in the user's code that a remedy stands for, shown on a typical piece of code."""

    before: str
    after: str

    def as_text(self) -> str:
        r"""Both halves under ``# before`` and ``# after``.

        >>> print(Edit("lr=1.0\n", "lr=0.1\n").as_text())
        # before
        lr=1.0
        <BLANKLINE>
        # after
        lr=0.1
        """
        return f"# before\n{self.before.strip()}\n\n# after\n{self.after.strip()}"


@dataclass(frozen=True, slots=True)
class Dose:
    """A number that says how much of a cure is given.

    Args:
        name: one lower-case word.
        meaning: lower-case clause that stands as a comment beside it.
        default: taken where a treatment says nothing; None: found at run time, as ``meaning`` says.
        low: smallest number allowed.
        high: largest.
        ladder: numbers to try, the likeliest first.
        unit: of the number; "" for a pure one.
        whole: only whole numbers make sense.
        stride: times which more is tried where the cure helped, since too little of it does not show as an
            ailment; 0 where enough is enough.
        aim: unit of a finding and what its number should come to, where that goes with the dose; the ladder
            then starts with the dose that leads there, if that is more than its own first rung.
    """

    name: str
    meaning: str
    default: float | None
    low: float
    high: float
    ladder: tuple[float, ...] = ()
    unit: str = ""
    whole: bool = False
    stride: float = 0.0
    aim: tuple[str, float] | None = None
    shrinks: bool = False

    def rungs(self, value: float, unit: str) -> tuple[float, ...]:
        """The ladder for what was measured.

        Args:
            value: the number of the finding.
            unit: of it.

        >>> steps = Dose("factor", "times the rate", 10.0, 1.0, 1e6, (10.0, 30.0), aim=("update", 1e-3))
        >>> steps.rungs(2e-7, "update"), steps.rungs(2e-7, "loss")
        ((5000.0, 15000.0), (10.0, 30.0))
        >>> limit = Dose("times", "as high", 10.0, 1.0, 1e6, (10.0,), aim=("norm", 0.5), shrinks=True)
        >>> limit.rungs(300.0, "norm")
        (600.0,)
        """
        if self.aim is None or unit != self.aim[0] or not value > 0:
            return self.ladder
        first = float(f"{value / self.aim[1] if self.shrinks else self.aim[1] / value:.1g}")
        times = max(first / self.ladder[0], 1.0)
        return tuple(dict.fromkeys(min(rung * times, self.high) for rung in self.ladder))

    def checked(self, cure: str, value: Any) -> float:
        """The value as ``treat`` takes it.

        Raises:
            UsageError: no number, or one out of range.

        >>> Dose("factor", "times the rate", 0.1, 0.001, 0.9).checked("lower-lr", 0.3)
        0.3
        >>> Dose("factor", "times the rate", 0.1, 0.001, 0.9).checked("lower-lr", 3)
        Traceback (most recent call last):
            ...
        gradwise.errors.UsageError: lower-lr: factor takes a number from 0.001 to 0.9, not 3.
        """
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not self.low <= value <= self.high or (self.whole and value != int(value)):
            kind = "whole number" if self.whole else "number"
            unit = f" {self.unit}" if self.unit else ""
            raise UsageError(
                f"{cure}: {self.name} takes a {kind} from {self.low:g} to {self.high:g}{unit}, not {value!r}."
            )
        return int(value) if self.whole else float(value)


# Of cures that scale by what the training data shows.
COUNTED_BATCHES = Dose(
    "batches", "training batches that are counted where the data set is not known", 20, 1, 1e6, whole=True
)


@dataclass(frozen=True, slots=True)
class Remedy:
    """Declaration of a remedy.

    Args:
        name: catalogue name in kebab-case; it states what is done.
        grade: how far the change reaches, see `GRADES`.
        summary: what to do, lower case, in at most a dozen words.
        edit: the change in code that it stands for.
        doses: what ``treat`` can be told.
        undo: what taking it back restores, see `UNDOES`; None where there is no ``treat``.
        places: whether it acts on modules, so that ``where`` can choose among them.
        unable: why no running script can be given it; "" where one can, or will be.
        stands_for: cures that are tried in its place, the likeliest first.
        lengthens: dose that says how many times the script's steps a run makes with it; "" for none. Such a
            cure only shows in a whole run, at its own end, and is never drawn by lot.
    """

    name: str
    grade: Grade
    summary: str
    edit: Edit
    doses: tuple[Dose, ...] = ()
    undo: Undo | None = None
    places: bool = False
    unable: str = ""
    stands_for: tuple[str, ...] = ()
    lengthens: str = ""


@dataclass(frozen=True, slots=True)
class LoadedRemedy:
    """A remedy with its page, as the collection hands it out."""

    declaration: Remedy
    page: str
    module: str
    package: str = ""  # the distribution that ships it; "" for gradwise itself
    treat: Treat | None = None  # gives it to a running script
