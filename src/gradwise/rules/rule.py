"""The form of a rule: a declaration beside a pure check.

A rule module holds a docstring (its handbook page), one `Rule` named ``RULE``
and one function ``check(trace)`` that yields findings.  `gradwise.rules` finds
the modules by walking its own package, so adding a rule touches no other file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

from gradwise.trace.findings import Evidence, Finding, Group
from gradwise.trace.model import Trace


class Organ(IntEnum):
    """Order of belief: of two possible causes the smaller number is named first."""

    DATA = 1
    WIRING = 2
    INITIALISATION = 3
    RATE = 4
    ARCHITECTURE = 5
    REGULARISATION = 6
    OUTCOME = 7


@dataclass(frozen=True, slots=True)
class Rule:
    """Declaration of a rule.

    Args:
        name: catalogue name in kebab-case; it states the fault.
        code: catalogue code; the letter names the organ, numbers are never reused.
        group: how sure and how serious its findings are.
        organ: place in the order of belief.
        since: gradwise version that introduced it.
        reads: names of the signals and ``fact:KIND`` it reads; the watcher collects the union.
        explains: names of rules whose findings are symptoms of this one.
        cures: names of remedies, best first.
        summary: "this run shows ..." in at most a dozen words.
        at_once: the first two steps are enough to be sure, so that a healthy run cut to them may look sick.
    """

    name: str
    code: str
    group: Group
    organ: Organ
    since: str
    reads: tuple[str, ...]
    explains: tuple[str, ...]
    cures: tuple[str, ...]
    summary: str
    at_once: bool = False

    def finding(  # noqa: PLR0913  all by keyword, one for each field
        self,
        *,
        where: Iterable[str] = (),
        since_step: int,
        value: float,
        threshold: float,
        unit: str,
        message: str,
        why: str,
        strength: float = 0.5,
        evidence: Iterable[Evidence] = (),
        cures: tuple[str, ...] | None = None,
    ) -> Finding:
        """A finding of this rule, with name, code, group and cures filled in."""
        return Finding(
            rule=self.name,
            code=self.code,
            group=self.group,
            where=tuple(where),
            since_step=int(since_step),
            value=float(value),
            threshold=float(threshold),
            unit=unit,
            message=message,
            why=why,
            cures=self.cures if cures is None else cures,
            strength=float(min(max(strength, 0.0), 1.0)),
            evidence=tuple(evidence),
        )


def evidence_at(trace: Trace, signals: Iterable[str], place: str, since: int) -> list[Evidence]:
    """Evidence from ``since`` to the end of the run, of those signals that were measured at that place."""
    return [
        Evidence(signal, (place,), since, trace.last_step)
        for signal in signals
        if place in trace.sampled(signal).places
    ]


Check = Callable[[Trace], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class LoadedRule:
    """A rule with its check and its page, as the collection hands it out.

    Args:
        declaration: its `Rule`.
        check: its check.
        page: its handbook page.
        module: last part of the name of its module.
        origin: full name of its module.
        package: the distribution that ships it; "" for gradwise itself.
    """

    declaration: Rule
    check: Check
    page: str
    module: str
    origin: str = ""
    package: str = ""

    @property
    def source(self) -> str:
        """Where it comes from: ``built in``, or the package that ships it."""
        return self.package or "built in"
