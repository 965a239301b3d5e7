"""`Healer`: returns a running script to a good state where it has come to harm, and gives it a cure."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import torch

from gradwise.heal.live.cures import ALLOWED, EARLY, RATES, Physician, Prescription, Trouble
from gradwise.heal.live.examiner import Examiner
from gradwise.heal.live.keeping import CONFIRMED, Keeper
from gradwise.heal.live.losses import VIGILANT
from gradwise.heal.live.optimizing import scheduled
from gradwise.heal.live.state import clear_broken_gradients
from gradwise.heal.live.telling import SUMMARY, Diary, Rates, deed
from gradwise.remedies.collection import find_remedy
from gradwise.remedies.patient import Patient, TreatedRun
from gradwise.remedies.patient.chart import Chart
from gradwise.remedies.patient.optimizers import shown_kind
from gradwise.remedies.remedy import Grade
from gradwise.rules.loss_spike import HEIGHT
from gradwise.trace.model import Fact

if TYPE_CHECKING:
    from gradwise.heal.live.ring import Kept
    from gradwise.watch.session import Session

MOST_RETURNS = 3  # returns without progress
PROGRESS = 50  # steps without trouble, and as many as were undone, that count as progress; ours
LAST_TRIES = 2  # returns without progress after which the state with the lowest loss is taken
NOT_THE_WEIGHTS = "what it has left its level for is not in the weights"
RANKS = "several processes train together, and each would return to another state"


class Healer:
    """Heals a run while it runs.

    Use: `attach` before the run, `begin` with the watch's session, `end` when the run has ended.

    Args:
        folder: for the states; made when it is needed, gone after a good end.
        say: takes one sentence for each intervention.
        allowed: grades of the cures.
        most: returns without progress after which nothing more is done.
    """

    def __init__(
        self,
        folder: Path,
        *,
        say: Callable[[str], None],
        allowed: Collection[Grade] = ALLOWED,
        most: int = MOST_RETURNS,
    ) -> None:
        self.most, self._say = most, say
        self.chart = Chart("heal-live", {})
        self.physician, self.keeper = Physician(allowed), Keeper(folder)
        self.stopped = ""  # why nothing more is done
        self.times = self.returns = self.without = 0  # interventions; returns; those since there was progress
        self._step = self._returned_at = self._undone = 0
        self._lost: Trouble | None = None  # what the latest return was for, where a loss was lost
        self._process = os.getpid()  # a fork inherits the hooks, and must not return or write

    # ---- from outside ---------------------------------------------------------------

    def attach(self, run: TreatedRun) -> None:
        """Subscribe to a run that has not begun; before any cure, so that rates are the script's own."""
        self.run = run
        self.hand = Patient(run, self.chart)
        self.hand.at("objective", lambda roots: self.examiner.losses.hear(roots) if self.acts else None)
        self.hand.at("before-step", self._before)
        self.hand.at("gradients", lambda each: self.examiner.gradients(each) if self.acts else None)
        self.hand.at("after-step", self._after)
        self.hand.later(self._summary)

    def begin(self, session: Session) -> None:
        """The run begins under this watch."""
        self.session = session
        self.examiner = Examiner(session, self.hand, self.keeper)
        self.diary = Diary(self._say, session.ledger.fact)

    def end(self, status: str) -> None:
        """The run has ended; the states go, unless it failed or was given up."""
        ring = self.keeper.ring
        if status in ("finished", "stopped") and not self.stopped:
            ring.clear()
        elif ring.kept and not self.stopped:
            self._say(f"the last good state is that of step {ring.kept[-1].step:,}, {ring.kept[-1].file}.")

    @property
    def acts(self) -> bool:
        """Whether it may do something here and now."""
        return not self.stopped and os.getpid() == self._process

    # ---- moments --------------------------------------------------------------------

    def _before(self, _optimizer: Any) -> None:
        if self._step == 0 and not self.keeper.tried and self.acts:
            self._keep(0)

    def _after(self, optimizer: Any) -> None:
        if not self.acts:
            return
        step = self.session.step
        self.examiner.stepped(optimizer, step)
        if step == self._step:  # in a round of several optimizers
            return
        self._step = step
        trouble = self.examiner.examine(step)
        if self._lost is not None and step - self._returned_at == CONFIRMED and self._still_lost(self._lost):
            return
        if trouble is not None:
            self._heal(trouble)
            return
        if self.without and step - self._returned_at >= max(PROGRESS, self._undone):
            self.without = 0
        if self.keeper.due(step):
            self._keep(step)

    def _still_lost(self, lost: Trouble) -> bool:
        """Whether a loss is as high after the return as before: other returns would undo more for nothing."""
        lowest = self.examiner.course.lowest(CONFIRMED)
        self._lost = None
        if not HEIGHT * lost.level < lowest < math.inf:
            return False
        words = f"the loss is still above {lowest:.3g} after the return"
        self._stop(replace(lost, step=self._step - 1, words=words), NOT_THE_WEIGHTS)
        return True

    def _keep(self, step: int) -> None:
        if _ranks() > 1:
            self.stopped = RANKS
            self.diary.once(step, f"{RANKS}; the run goes on without it")
        elif self.examiner.good(step):
            rates = {id(o): _rate(o) for o in self.run.optimizers}
            modules, examiner = self.session.stages.modules, self.examiner
            level = examiner.course.level() if step else examiner.losses.latest
            problem = self.keeper.keep(step, modules, self.run.optimizers, rates=rates, level=level)
            if problem:
                self.diary.once(step, problem)
            self.session.resume()  # what passed was no training

    # ---- what is done ---------------------------------------------------------------

    def _heal(self, trouble: Trouble) -> None:
        begin = perf_counter()
        harmed = trouble.kind != "batch"
        if harmed and self.without >= self.most:
            self._stop(trouble, f"{self.most} returns brought no progress")
            return
        kept = self.keeper.choose(trouble.since, level=trouble.level, lowest=self.without >= LAST_TRIES)
        prescription = self.physician.prescribe(self._described(trouble, kept))
        if prescription is None:
            self._stop(trouble, "no cure is left to try")
            return
        rates, factor = [(each, _rate(each)) for each in self.run.optimizers], self.physician.before
        if harmed:
            kept = self._return(trouble, kept)
            if kept is None and trouble.kind == "weights":
                self._stop(trouble, f"there is no good state to return to{self.keeper.problem}")
                return
            did = f"returned to step {kept.step:,}" if kept is not None else "there is no state to return to"
        else:
            mended = self.keeper.mend(kept)
            kept, did = None, "the step was left out" + (", running averages were put back" if mended else "")
        self._give(prescription, trouble)
        self._tell(trouble, prescription, kept, did, self._shown(rates, prescription, factor))
        self.keeper.returning_seconds += perf_counter() - begin
        self.session.resume()

    def _described(self, trouble: Trouble, kept: Kept | None) -> Trouble:
        """The trouble with all that the choice of a cure looks at."""
        optimizers = list(self.run.optimizers)
        then = self.keeper.rates.get(kept.step, {}) if kept is not None else {}
        ratios = [_rate(o) / then[id(o)] for o in optimizers if then.get(id(o), 0.0) > 0]
        young = trouble.step - self.examiner.begun < EARLY
        return replace(
            trouble,
            sudden=self.examiner.course.sudden(trouble.since),
            raised=max(ratios, default=1.0),
            scheduled=any(scheduled(each) for each in optimizers),
            unsettled=young and any("betas" in each.defaults for each in optimizers),
            norm=self.examiner.norm,
        )

    def _return(self, trouble: Trouble, kept: Kept | None) -> Kept | None:
        """Go back to a state, or to an older one; None where none can be read."""
        kept = self.keeper.put_back(kept) if kept is not None else None
        clear_broken_gradients(self.keeper.body.weights())
        self._returned_at, self.examiner.in_row = self._step, 0
        self.without += 1
        self._lost = trouble if trouble.kind == "lost" and kept is not None else None
        if kept is not None:
            self.examiner.course.back_to(kept.step)
            self._undone = self._step - kept.step
            self.returns += 1
            self.keeper.latest = self._step  # the next state is due some steps from here
        return kept

    def _give(self, prescription: Prescription, trouble: Trouble) -> None:
        self.times += 1
        self.examiner.losses.alert_until = trouble.step + VIGILANT
        if prescription.cure == RATES:
            return
        treat = find_remedy(prescription.cure).treat
        assert treat is not None
        why = f"{trouble.words}, at step {trouble.step}"
        self.run.give(prescription.cure, treat, prescription.dose, (), why)
        self.examiner.skipping = self.examiner.skipping or prescription.cure == "skip-batch"

    def _tell(
        self, trouble: Trouble, prescription: Prescription, kept: Kept | None, did: str, rates: Rates
    ) -> None:
        data = {
            "kind": trouble.kind,
            "found": trouble.words,
            "did": f"{did}, {deed(prescription, rates)}",
            "returned_to": kept.step if kept is not None else None,
            "cure": prescription.cure,
            "dose": dict(prescription.dose),
            "rates": [{"optimizer": kind, "before": old, "after": new} for kind, old, new in rates],
        }
        self.diary.intervened(trouble.step, prescription.cure, data)

    def _stop(self, trouble: Trouble, why: str) -> None:
        self.stopped = why
        left = str(self.keeper.ring.folder) if self.keeper.ring.kept else ""
        self.diary.stopped(trouble.step, trouble.words, why, left)

    def _shown(self, before: list[tuple[Any, float]], prescription: Prescription, factor: float) -> Rates:
        """Every optimizer's rate as it acted and as it will act, where the cure is about rates."""
        now = self.physician.factor
        if prescription.cure == RATES:
            return [(shown_kind(o), rate * now, _rate(o) * now) for o, rate in before]
        if prescription.cure == "lower-lr":
            return [(shown_kind(o), _rate(o) * factor, _rate(o) * now) for o, _ in before]
        return []

    def _summary(self) -> None:
        """What it came to, for the trace; the run is over and the watch still writes."""
        keeper = self.keeper
        data = {
            "states": keeper.ring.written,
            "bytes": max((each.size for each in keeper.ring.kept), default=0),
            "keeping_seconds": round(keeper.purse.spent, 4),
            "looking_seconds": round(self.examiner.purse.spent, 4),
            "returning_seconds": round(keeper.returning_seconds, 4),
            "times": self.times,
            "returns": self.returns,
            "mended": keeper.mended,
            "stopped": self.stopped,
        }
        self.session.ledger.fact(Fact(self._step, SUMMARY, "", data))
        for line in self.chart.not_done.values():
            self.diary.once(self._step, line.text)


def _rate(optimizer: Any) -> float:
    return max((float(group.get("lr", 0.0)) for group in optimizer.param_groups), default=0.0)


def _ranks() -> int:
    distributed: Any = torch.distributed
    if not distributed.is_available() or not distributed.is_initialized():
        return 1
    return int(distributed.get_world_size())
