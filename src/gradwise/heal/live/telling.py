"""What is said and recorded of a run that is healed while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradwise.heal.live.cures import RATES, Prescription
from gradwise.remedies.patient.optimizers import shown_number
from gradwise.trace.model import Fact

INTERVENED, SUMMARY = "healed", "heal-live"  # kinds of facts

# An optimizer's class with its rate before and after.
Rates = Sequence[tuple[str, float, float]]


class Diary:
    """Says each intervention in one line, and keeps it in the trace.

    Args:
        say: takes a sentence.
        record: takes a fact.
    """

    def __init__(self, say: Callable[[str], None], record: Callable[[Fact], None]) -> None:
        self.say, self.record = say, record
        self.warned: set[str] = set()

    def intervened(self, step: int, cure: str, data: Mapping[str, Any]) -> None:
        """Something was done at a step; ``data`` has its words under ``did``."""
        self.record(Fact(step, INTERVENED, cure, dict(data)))
        self.say(f"step {step:,}: {data['found']}; {data['did']}.")

    def stopped(self, step: int, found: str, why: str, left: str) -> None:
        """Nothing more will be done."""
        words = f"nothing more is done: {why}"
        self.record(Fact(step, INTERVENED, "", {"found": found, "did": words, "stopped": why, "left": left}))
        self.say(f"step {step:,}: {found}; {words}{left and f'; the last good states lie in {left}'}.")

    def once(self, step: int, words: str) -> None:
        """A trouble of ours, told once."""
        if words not in self.warned:
            self.warned.add(words)
            self.record(Fact(step, "note", "", {"where": "heal-live", "error": words}))
            self.say(f"heal-live: {words}.")


def deed(prescription: Prescription, rates: Rates) -> str:
    """What a cure does, as a clause.

    >>> deed(Prescription("lower-lr", {"factor": 0.1}), [("SGD", 0.1, 0.01)])
    'learning rate of SGD 0.1 → 0.01'
    """
    dose, cure = prescription.dose, prescription.cure
    if cure in ("lower-lr", RATES):
        shown = " and ".join(f"{kind} {shown_number(a)} → {shown_number(b)}" for kind, a, b in rates)
        return f"learning rate of {shown}" + (", as it was then" if cure == RATES else "")
    if cure == "clip-gradient":
        return f"gradients longer than {dose['limit']:g} are shortened from now on"
    if cure == "warm-up":
        return f"the learning rate rises from {dose['start']:.0%} to full over {dose['steps']:g} steps"
    if cure == "skip-batch":
        return "steps whose loss or gradients are not finite are left out from now on"
    return cure
