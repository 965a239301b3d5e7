"""Between which ailments a probe tells, and which of the two its answer speaks for.  Needs no torch."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gradwise.trace.model import Trace


@dataclass(frozen=True, slots=True)
class Pair:
    """Two ailments that show alike.

    Args:
        first: name of a rule.
        second: name of another.
        probe: what tells between them.
        for_first: verdicts that speak for the first.
        for_second: verdicts that speak for the second; all others leave the order as it is.
    """

    first: str
    second: str
    probe: str
    for_first: tuple[str, ...]
    for_second: tuple[str, ...]


PAIRS: tuple[Pair, ...] = (
    Pair("lr-too-high", "exploding-gradient", "rate", ("lower",), ("fits", "higher", "none")),
    Pair("lr-too-high", "init-too-large", "rate", ("lower",), ("fits", "higher", "none")),
    Pair("lr-too-high", "unnormalized-input", "standardised-input", ("same", "hurts"), ("helps",)),
    Pair("lr-too-high", "dead-relu", "rate", ("lower",), ()),
    Pair("lr-too-low", "underfitting", "rate", ("higher",), ("fits", "lower", "none")),
    Pair("lr-too-low", "vanishing-gradient", "rate", ("higher",), ("fits", "lower", "none")),
    Pair("lr-too-low", "trained-too-short", "rate", ("higher",), ("fits", "lower")),
    Pair("underfitting", "trained-too-short", "overfit-one-batch", ("cannot",), ("can",)),
    Pair("underfitting", "dead-relu", "overfit-one-batch", (), ("lost",)),
)


def undecided(present: Collection[str]) -> tuple[str, ...]:
    """Probes that tell between two of the rules that found something, each once."""
    wanted = [p.probe for p in PAIRS if p.first in present and p.second in present]
    return tuple(dict.fromkeys(wanted))


def verdicts(trace: Trace) -> Mapping[str, str]:
    """The latest verdict of every probe that answered."""
    return {
        fact.where: str(fact.data.get("verdict", ""))
        for fact in trace.facts_of("probe")
        if fact.data.get("status") == "answered"
    }


def favoured(trace: Trace) -> frozenset[tuple[str, str]]:
    """(winner, loser) for every pair that a probe has told apart.

    >>> from gradwise.trace.model import Fact
    >>> answer = Fact(0, "probe", "rate", {"status": "answered", "verdict": "lower"})
    >>> ("lr-too-high", "exploding-gradient") in favoured(Trace(facts=(answer,)))
    True
    """
    found = verdicts(trace)
    told = set()
    for pair in PAIRS:
        verdict = found.get(pair.probe)
        if verdict in pair.for_first:
            told.add((pair.first, pair.second))
        elif verdict in pair.for_second:
            told.add((pair.second, pair.first))
    return frozenset(told)
