"""The moments of a run at which a cure may act, and the calls that wait for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gradwise.remedies.patient.chart import TOLERATED, Chart

Call = Callable[..., Any]


@dataclass(slots=True)
class Hook:
    """One cure's call at one moment; an error in it is ours and ends here."""

    chart: Chart
    moment: str
    call: Call
    failures: int = 0

    def __call__(self, *told: Any) -> Any:
        """Call it; None where it failed or has failed too often."""
        if self.failures >= TOLERATED:
            return None
        try:
            return self.call(*told)
        except Exception as error:  # noqa: BLE001  ours must not end theirs
            self.failures += 1
            self.chart.could_not(f"{self.moment}: {type(error).__name__}: {str(error).strip() or 'no words'}")
            return None


class Moments:
    """Calls by moment, in the order of the treatment."""

    def __init__(self) -> None:
        self._hooks: dict[str, list[Hook]] = {}
        self.busy = 0  # calls that are running: what torch is asked for now, a cure asks for

    def add(self, hook: Hook) -> Call:
        """Have a call made at its moment; what is returned ends that."""
        hooks = self._hooks.setdefault(hook.moment, [])
        hooks.append(hook)

        def end() -> None:
            if hook in hooks:
                hooks.remove(hook)

        return end

    def wants(self, *moments: str) -> bool:
        """Whether anything waits for one of them."""
        return any(moment in self._hooks for moment in moments)

    def tell(self, moment: str, *told: Any) -> None:
        """The moment has come."""
        self.busy += 1
        try:
            for hook in tuple(self._hooks.get(moment, ())):  # one may end itself
                hook(*told)
        finally:
            self.busy -= 1

    def change(self, moment: str, first: Any, *told: Any) -> Any:
        """The moment has come; each call may return something in the place of ``first``."""
        for hook in self._hooks.get(moment, ()):
            changed = hook(first, *told)
            first = first if changed is None else changed
        return first

    def allows(self, moment: str, *told: Any) -> bool:
        """Whether no call says False."""
        answers = [hook(*told) for hook in self._hooks.get(moment, ())]  # every one is asked
        return False not in answers
