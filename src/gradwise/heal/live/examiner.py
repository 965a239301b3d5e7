"""`Examiner`: tells after every step whether a run has come to harm."""

from __future__ import annotations

from math import isfinite
from statistics import median
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from gradwise.heal.live.course import Course
from gradwise.heal.live.cures import Trouble
from gradwise.heal.live.losses import Losses
from gradwise.heal.live.purse import Purse
from gradwise.heal.live.state import finite

if TYPE_CHECKING:
    from gradwise.heal.live.keeping import Keeper
    from gradwise.remedies.patient import Patient
    from gradwise.watch.session import Session

SHARE, AHEAD = 0.005, 0.05  # of the run's time, and seconds ahead of it, for weights and gradients
NORMS = 20  # latest norms of gradients of which the median is taken
LASTING = 20  # steps in a row that may be left out for broken batches; as skip-batch has it
FEW = 10  # steps in a row with a broken loss of a whole batch that are no accident any more; ours
TOGETHER = 50  # steps within which two optimizers count as stepping together

BROKEN_WEIGHTS = "weights are no longer finite"
BROKEN_LOSS = "the loss is no longer finite"
BROKEN_GRADIENTS = "gradients are no longer finite"
BROKEN_BATCH = "the batch holds values that are not finite"
ONE_LOSS = "the loss is not finite for one batch"
ONE_GRADIENT = "gradients are not finite for one batch, though its loss is"


class Examiner:
    """Looks at losses at every step, and at weights and gradients as often as its share allows.

    A step whose loss and gradients are not finite is left out, so that the weights stay whole.

    Args:
        session: the watch.
        hand: by which a step is left out.
        keeper: knows what is trained.
    """

    def __init__(self, session: Session, hand: Patient, keeper: Keeper) -> None:
        self.hand, self.keeper = hand, keeper
        self.losses, self.course = Losses(session), Course()
        self.purse = Purse(SHARE, AHEAD)
        self.skipping = False  # batches that are not finite are left out by a cure
        self.begun = 0  # step at which this stage of training began
        self.in_row = 0  # steps that were left out, up to now
        self._left_out = ""  # why this step was left out
        self._stepped: dict[int, int] = {}  # when each optimizer, by id, did last
        self._norms: list[float] = []

    @property
    def norm(self) -> float | None:
        """Median norm of the gradients of late; None where too few were measured."""
        return median(self._norms) if len(self._norms) >= NORMS // 2 else None

    def gradients(self, optimizer: Any) -> None:
        """An optimizer is about to use its gradients: where a loss broke them, it gets none."""
        if getattr(optimizer, "grad_scale", None) is not None:
            return  # a fused optimizer under a GradScaler leaves the step out itself
        broken = self.losses.broken
        if (broken or self.purse.allows()) and not self._measure(optimizer):
            if not self.skipping:  # else the cure does it, which hears of every step and counts
                self.hand.leave_out(optimizer)
            self._left_out = ONE_LOSS if broken else ONE_GRADIENT

    def stepped(self, optimizer: Any, step: int) -> None:
        """An optimizer has stepped; a new one begins another stage: a fold, or a part that is thawed."""
        if id(optimizer) not in self._stepped and step > 1:
            self.course, self.begun = Course(), step
            self.keeper.begin_again()
        self._stepped[id(optimizer)] = step

    def examine(self, step: int) -> Trouble | None:
        """What is wrong after so many steps."""
        poisoned, left, self._left_out = self.losses.poisoned, self._left_out, ""
        broken = self._hear(step)
        self.in_row = self.in_row + 1 if left else 0
        at = step - 1
        if left:
            return self._of_left_out(at, left, poisoned=poisoned)
        if (broken or self.purse.allows()) and not self._whole():
            return Trouble("weights", at, min([*broken, at]), BROKEN_WEIGHTS)
        alone = sum(step - last < TOGETHER for last in self._stepped.values()) == 1
        lost = self.course.lost() if alone else None  # models trained against each other may lose
        if lost is None:
            return None
        words = f"the loss has left its level of {lost.level:.3g} and stays above {lost.now:.3g}"
        return Trouble("lost", at, lost.since, words, lost.level)

    def good(self, step: int) -> bool:
        """Whether a state of now is worth keeping; an accelerator is waited for."""
        if self.in_row or (step and self._hear(step, now=True)):
            return False
        return self.course.calm()

    def _hear(self, step: int, *, now: bool = False) -> list[int]:
        """Take in the latest losses; the steps whose loss is not finite."""
        broken = []
        for when, loss in self.losses.take(step, now=now):
            if isfinite(loss):
                self.course.add(when, loss)
            else:
                broken.append(when)
        return broken

    def _of_left_out(self, at: int, why: str, *, poisoned: bool) -> Trouble | None:
        """A step was left out, since its gradients were not finite."""
        if not self._whole():
            return Trouble("weights", at, at, BROKEN_WEIGHTS)
        accident = self.in_row < LASTING if poisoned else self.in_row < FEW and self.course.sudden(at)
        if not accident:
            return Trouble("loss", at, at, BROKEN_LOSS if why == ONE_LOSS else BROKEN_GRADIENTS)
        if not self.skipping:
            return Trouble("batch", at, at, BROKEN_BATCH if poisoned else why)
        self.keeper.mend(self.keeper.choose(at))
        return None

    def _whole(self) -> bool:
        """Whether the weights are finite, where they ever were."""
        if not self.keeper.sound:
            return True
        with self.purse.paying():
            return finite(self.keeper.body.weights())

    def _measure(self, optimizer: Any) -> bool:
        """Whether the gradients are finite, whose norm is noted.

        Those of a broken loss are finite where the script has thrown that loss away.
        """
        with self.purse.paying():
            gradients = [g for g in _gradients(optimizer) if not g.is_sparse]
            norm = float(torch.nn.utils.get_total_norm(gradients)) if gradients else 0.0
            if not isfinite(norm):
                return finite(gradients)  # squares may overflow
            if norm > 0 and not self.losses.broken:
                self._norms = [*self._norms, norm][-NORMS:]
            return True


def _gradients(optimizer: Any) -> list[Tensor]:
    return [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
