"""`TreatedRun`: the wrappers that tell cures of a script's moments, attached and taken off together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from gradwise.remedies.patient.chart import Chart
from gradwise.remedies.patient.handle import Patient
from gradwise.remedies.patient.inside import Inside
from gradwise.remedies.patient.models import ENTERED, Models, entered, treated
from gradwise.remedies.patient.moments import Hook, Moments
from gradwise.remedies.patient.optimizers import Optimizers
from gradwise.remedies.patient.wrapping import Make, Wrappers, know_originals

_OURS = nn.Module()  # stands for the caller where a cure itself calls modules


class TreatedRun:
    """A run under treatment.

    Cures are given by `give` before the script begins; used as a context, the
    run is treated inside.  Where a run is watched too, this context is the
    inner one, so that what is watched is the treated run.

    >>> run = TreatedRun()
    >>> run.give("nothing", lambda patient, dose: None, {})
    >>> with run:
    ...     pass
    >>> run.charts[0].idle
    True
    """

    def __init__(self) -> None:
        self.charts: list[Chart] = []
        self.moments = Moments()
        self.optimizers = Optimizers()
        self.models = Models()
        self.inside = Inside()
        self._arounds: list[tuple[Any, str, Make]] = []
        self._wrappers = Wrappers()
        self._undo: list[Callable[[], None]] = []
        self._kept: list[tuple[Tensor, Tensor]] = []
        self.attached = False

    def give(
        self,
        cure: str,
        treat: Callable[[Patient, Mapping[str, float]], None],
        dose: Mapping[str, float],
        where: Sequence[str] = (),
        why: str = "",
    ) -> None:
        """Add a cure; a failure of it is noted in its chart.

        Args:
            cure: its name.
            treat: the remedy's function.
            dose: every number that it takes.
            where: patterns of module names.
            why: the reason, for the record.
        """
        chart = Chart(cure, dict(dose), tuple(where), why)
        self.charts.append(chart)
        Hook(chart, "at the start", treat)(Patient(self, chart), dose)

    def subscribe(self, hook: Hook) -> Callable[[], None]:
        """Have a hook called at its moment; what is returned ends that."""
        return self.moments.add(hook)

    def wrap_later(self, owner: Any, name: str, make: Make) -> None:
        """Wrap a function when the run begins."""
        self._arounds.append((owner, name, make))

    def later(self, undo: Callable[[], None]) -> None:
        """Have something called when the treatment ends, the latest first."""
        self._undo.append(undo)

    # ---- the run --------------------------------------------------------------------

    def __enter__(self) -> TreatedRun:
        from gradwise.remedies.patient.attaching import attach

        attach(self, self._wrappers)
        if self._arounds:
            know_originals()
        for owner, name, make in self._arounds:
            self._wrappers.replace(owner, name, make)
        self.attached = True
        return self

    def __exit__(self, *_: object) -> None:
        self.undo()

    def undo(self) -> None:
        """End the treatment: take the wrappers off and put back what can be put back."""
        self.attached = False
        self._wrappers.remove()
        self.optimizers.take_all_back()
        while self._undo:
            try:
                self._undo.pop()()
            except Exception as error:  # noqa: BLE001  ours must not end theirs
                for chart in self.charts[:1]:
                    chart.could_not(f"undo: {type(error).__name__}: {error}")
        with torch.no_grad():
            for weight, before in self._kept:
                weight.copy_(before)
        self._kept.clear()

    # ---- what wrappers tell ---------------------------------------------------------

    def keep(self, weights: Sequence[Tensor]) -> None:
        """Keep copies of weights until the first step."""
        known = {id(weight) for weight, _ in self._kept}
        self._kept += [(w, w.detach().clone()) for w in weights if id(w) not in known]

    def stepped(self) -> None:
        """An optimizer has stepped: the weights have learnt, and the first ones are history."""
        self._kept.clear()

    def entered(self, module: nn.Module) -> None:
        """A module is called from outside of any other."""
        if entered(module):
            return
        self.models.running.append(_OURS)  # what cures call themselves is no run of the script's
        try:
            for root in self.models.roots(module):
                if not all(treated(part) for part in root.modules()):
                    self.moments.tell("root", root)
                self.models.mark(root)
                vars(module)[ENTERED] = True
        finally:
            self.models.running.pop()
