"""What a cure has done to a run and what it could not do, in words and counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TOLERATED = 3  # failures of one cure at one moment before it is left out there
MOST = 30  # lines that one cure may write; the rest are counted together
OTHERS = "more of the kind"


@dataclass(slots=True)
class Line:
    """One thing that was done."""

    text: str
    times: int = 0


@dataclass(slots=True)
class Chart:
    """The record of one cure.

    Args:
        cure: its name.
        dose: what was given.
        where: patterns of module names; empty for everywhere.
        why: the reason that the treatment gives.
    """

    cure: str
    dose: Mapping[str, float]
    where: tuple[str, ...] = ()
    why: str = ""
    met: set[str] = field(default_factory=set)  # patterns of ``where`` that fitted a module
    done: dict[str, Line] = field(default_factory=dict)
    not_done: dict[str, Line] = field(default_factory=dict)

    def did(self, text: str, times: int = 1) -> Line:
        """Note that something was done; the line can be counted up by whoever holds it."""
        return _note(self.done, text, times)

    def could_not(self, text: str) -> None:
        """Note that something could not be done, and why."""
        _note(self.not_done, text, 1)

    @property
    def idle(self) -> bool:
        """Whether the cure found nothing to act on."""
        return not any(line.times for line in self.done.values())

    def told(self) -> dict[str, Any]:
        """All of it as plain data.

        >>> chart = Chart("lower-lr", {"factor": 0.1})
        >>> chart.did("rate of SGD 1 → 0.1").times += 4
        >>> chart.told()["did"]
        [{'what': 'rate of SGD 1 → 0.1', 'times': 5}]
        """
        unmet = [pattern for pattern in self.where if pattern not in self.met]
        failed = [{"what": line.text, "times": line.times} for line in self.not_done.values()]
        failed += [{"what": f"no module is called {pattern}", "times": 1} for pattern in unmet]
        did = [{"what": line.text, "times": line.times} for line in self.done.values() if line.times]
        return {
            "cure": self.cure,
            "dose": dict(self.dose),
            "where": list(self.where),
            "why": self.why,
            "did": did,
            "could_not": failed,
        }


def _note(lines: dict[str, Line], text: str, times: int) -> Line:
    if text not in lines and len(lines) >= MOST:
        text = OTHERS
    line = lines.setdefault(text, Line(text))
    line.times += times
    return line
