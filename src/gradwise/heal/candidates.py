"""What is worth trying: the cures of what was found, causes first, each with its ladder of doses."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace

from gradwise.errors import UnknownNameError, UsageError
from gradwise.heal.treatment import Cure
from gradwise.heal.trial import shown_cures
from gradwise.registry import nearest
from gradwise.remedies.collection import all_remedies, find_remedy
from gradwise.remedies.remedy import GRADES, Grade, LoadedRemedy
from gradwise.trace.findings import Finding

ALLOWED: tuple[Grade, ...] = ("safe", "changes-training", "changes-model")  # where nothing else is asked for
BROKEN = "broken"  # what cannot be meant stays wrong, whatever is done about its symptoms
HEALED = (BROKEN, "sick")  # groups whose cures can make a run learn better; slow ones make it faster
_PARAMETER = re.compile(r"(^|\.)(weight|bias)(_[a-z]+_l\d+\w*)?$")
LATER = 1.5  # how much later a cause, or a symptom, comes than a cure or a dose of the one before


@dataclass(frozen=True, slots=True)
class Candidate:
    """Cures to be tried together.

    Args:
        cures: one, or one for each of several causes.
        cause: name of the ailment that they are for; several with ``+``.
        rank: earlier ones are likelier to help.
    """

    cures: tuple[Cure, ...]
    cause: str
    rank: float = 0.0

    @property
    def name(self) -> str:
        """In words."""
        return shown_cures(self.cures)

    @property
    def grade(self) -> Grade:
        """The farthest that its cures reach."""
        order = list(GRADES)
        grades = [cure.remedy.declaration.grade for cure in self.cures]
        return max(grades, key=order.index)

    @property
    def times(self) -> float:
        """How many times the script's steps a run with it makes."""
        return lengthened(self.cures)

    def everywhere(self) -> Candidate:
        """The same without places."""
        return replace(self, cures=tuple(replace(cure, where=()) for cure in self.cures))


def lengthened(cures: Iterable[Cure]) -> float:
    """How many times the script's steps a run with these cures makes.

    >>> lengthened([Cure("lower-lr"), Cure("train-longer", {"times": 3})])
    3.0
    """
    times = 1.0
    for cure in cures:
        dose = cure.remedy.declaration.lengthens
        times *= cure.full_dose()[dose] if dose else 1.0
    return times


@dataclass(slots=True)
class Proposed:
    """What is to be tried, the likeliest first, and cures that are not, by reason."""

    candidates: list[Candidate] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)


def chosen_grades(text: str | None) -> tuple[Grade, ...]:
    """The grades that ``--allow`` names.

    Raises:
        UsageError: no such grade.

    >>> chosen_grades("safe, changes-data")
    ('safe', 'changes-data')
    """
    if text is None:
        return ALLOWED
    words = [word.lower() for word in text.replace(",", " ").split()]
    for word in words:
        if word not in GRADES:
            raise UsageError(f"--allow takes {', '.join(GRADES)}, not {word!r}{nearest(word, GRADES)}.")
    if not words:
        raise UsageError(f"--allow names no grade; give some of {', '.join(GRADES)}.")
    return tuple(grade for grade in GRADES if grade in words)


Unable = Callable[[LoadedRemedy], str]


def unable_at_run_time(remedy: LoadedRemedy) -> str:
    """Why a cure cannot be given to a running script; "" where it can."""
    if remedy.treat is not None:
        return ""
    return remedy.declaration.unable or "it cannot be given to a running script yet"


def propose(
    findings: Iterable[Finding], allowed: Collection[Grade], unable: Unable = unable_at_run_time
) -> Proposed:
    """Candidates for what was found.

    Args:
        findings: causes, strongest first, as a diagnosis holds them.
        allowed: grades of the cures.
        unable: why a cure cannot be given, "" where it can.
    """
    proposed = Proposed()
    seen: set[str] = set()
    causes = [finding for finding in findings if serious(finding)]
    for number, cause in enumerate(causes):
        symptoms = () if cause.group == BROKEN else cause.symptoms
        for finding, late in [(cause, 0.0), *((symptom, LATER) for symptom in symptoms)]:
            for place, name in enumerate(finding.cures):
                start = LATER * number + late + place
                for candidate in _of_cure(name, cause, finding, start, allowed, proposed, unable):
                    if candidate.name not in seen:
                        seen.add(candidate.name)
                        proposed.candidates.append(candidate)
    proposed.candidates.sort(key=lambda candidate: candidate.rank)
    return proposed


def serious(finding: Finding) -> bool:
    """Whether a finding, or what it causes, is about how well a run learns."""
    return finding.group in HEALED or any(symptom.group in HEALED for symptom in finding.symptoms)


def _of_cure(
    name: str, cause: Finding, finding: Finding, start: float, allowed: Collection[Grade], proposed: Proposed,
    unable: Unable,
) -> Iterator[Candidate]:  # fmt: skip
    """A candidate for each dose, or a reason why there is none."""
    try:
        remedy = find_remedy(name)
    except UnknownNameError:
        return
    declared = remedy.declaration
    why_not = unable(remedy)
    if declared.stands_for:
        for late, other in enumerate(declared.stands_for):
            yield from _of_cure(other, cause, finding, start + late, allowed, proposed, unable)
    elif why_not:
        proposed.left[declared.name] = why_not
    elif declared.grade not in allowed:
        proposed.left[declared.name] = f"its grade {declared.grade} is not allowed (--allow)"
    else:
        why = f"{finding.code} {finding.rule}"
        for step, cure in enumerate(_doses(remedy, _places(remedy, finding), why, finding)):
            yield Candidate((cure,), cause.rule, start + step)


def _places(remedy: LoadedRemedy, finding: Finding) -> tuple[str, ...]:
    """Where a cure that exchanges modules acts: where it was found, if that names modules.

    First weights are drawn everywhere, since the scale of one layer's output is the next one's input.
    """
    declared = remedy.declaration
    of_parameters = any(_PARAMETER.search(place) for place in finding.where)
    if not declared.places or declared.grade != "changes-model" or of_parameters:
        return ()
    return tuple(finding.where)


def _doses(
    remedy: LoadedRemedy, where: tuple[str, ...], why: str, finding: Finding | None = None
) -> Iterator[Cure]:
    """The cure with each rung of its first ladder, everything else as declared."""
    name = remedy.declaration.name
    dose = next((dose for dose in remedy.declaration.doses if dose.ladder), None)
    if dose is None:
        yield Cure(name, {}, where, why)
        return
    for value in dose.ladder if finding is None else dose.rungs(finding.value, finding.unit):
        yield Cure(name, {dose.name: value}, where, why)


def random_treatments(
    grade: Grade, cures: int, besides: tuple[Cure, ...], seed: int, unable: Unable = unable_at_run_time
) -> Iterator[tuple[Cure, ...]]:
    """Treatments drawn by lot, without end: what a change without a diagnosis does.

    Args:
        grade: of the cures; milder ones where several are drawn for two causes are not mixed in.
        cures: how many at once.
        besides: the treatment that is not drawn.
        seed: of the lot.
        unable: why a cure cannot be given, "" where it can.
    """
    lot = random.Random(seed)
    able = [one for one in all_remedies().values() if not unable(one) and not one.declaration.lengthens]
    pool = [one for one in able if one.declaration.grade == grade]
    taken = shown_cures(tuple(Cure(cure.name, cure.dose) for cure in besides))
    while pool:
        drawn = lot.sample(pool, min(cures, len(pool)))
        made = tuple(lot.choice(list(_doses(remedy, (), "drawn by lot"))) for remedy in drawn)
        if shown_cures(made) != taken:
            yield made
        elif len(pool) == 1 and len(list(_doses(pool[0], (), ""))) == 1:
            return  # there is no other
