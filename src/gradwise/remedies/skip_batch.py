"""Leave out steps whose loss or gradient is far beyond all others.

What it does
    Compares the loss of a batch with the median of recent ones and makes no step
    where it is many times as large.

When
    Single batches, mostly with broken samples, throw the loss far above its level.

When not
    When the large losses are what should be learnt (rare events); then use a robust
    loss or clip.

Grade
    changes-training: some batches no longer take part.

The edit
    Keep the latest losses and skip the update for outliers; then look at the
    samples that were in those batches.

    At run time a step is left out, with its momentum and decay, where the loss that
    backward began at, or the norm of the gradients, is not finite or so many times the
    median of the last hundred; the forward pass has happened, so batch-norm has seen
    the batch. Both numbers are read at every step, for which an accelerator is waited
    for. Undone, the next step is taken whatever its loss. Where the weights themselves
    are NaN already nothing helps any more, which is told. Weights that the script
    updates by hand are not reached.

References
    Chowdhery et al., PaLM, arXiv 2204.02311, section 5.1 (skipping batches after
    spikes).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from statistics import median
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Dose, Edit, Remedy

KEPT = 100  # losses and norms of which the median is taken
FEWEST = 5  # before one can be far above it
LASTING = 20  # steps in a row after which it is told that the run is beyond help
NOT_FINITE = "not finite"

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="skip-batch",
    grade="changes-training",
    summary="skip updates of batches whose loss is far above its level",
    edit=Edit(
        before="""\
loss.backward()
optimizer.step()
""",
        after="""\
if loss.item() < 5 * median(recent):
    loss.backward()
    optimizer.step()
""",
    ),
    doses=(
        Dose("times", "times the running median that a loss or gradient may be", 10.0, 1.1, 1e6, (10.0, 4.0)),
    ),
    undo="exact",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Leave out steps with an odd loss or gradient."""
    import torch

    times = dose["times"]
    losses, norms = _Level(times), dict[int, _Level]()
    odd: list[str] = []  # what is wrong with the backward passes since the last step
    fresh = [True]  # whether a step was taken since
    broken = [0]  # steps in a row with a loss that is no number

    def objective(roots: Any) -> None:
        if fresh[0]:
            odd.clear()
            fresh[0] = False
        tensors = (roots,) if isinstance(roots, torch.Tensor) else tuple(roots)
        if all(each.numel() == 1 for each in tensors):
            odd.extend(losses.odd("loss", sum(float(each.detach()) for each in tensors)))

    def gradients(optimizer: Any) -> None:
        found = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        dense = [each for each in found if not each.is_sparse]
        level = norms.setdefault(id(optimizer), _Level(times))
        wrong = odd + (level.odd("gradient", float(torch.nn.utils.get_total_norm(dense))) if dense else [])
        broken[0] = broken[0] + 1 if any(word.endswith(NOT_FINITE) for word in wrong) else 0
        if broken[0] == LASTING:
            patient.could_not(f"{LASTING} steps in a row were not finite: leaving steps out does not help")
        if wrong:
            patient.did(f"steps were left out: {wrong[0]}")
            patient.leave_out(optimizer)

    def after(_: Any) -> None:
        fresh[0] = True

    patient.at("objective", objective)
    patient.at("gradients", gradients)
    patient.at("after-step", after)


class _Level:
    """The latest of some numbers, and whether one is far above them."""

    def __init__(self, times: float) -> None:
        self.times = times
        self.latest: deque[float] = deque(maxlen=KEPT)

    def odd(self, word: str, value: float) -> list[str]:
        """What is odd about a number, which then counts among the others."""
        if not math.isfinite(value):
            return [f"{word} {NOT_FINITE}"]
        middle = median(self.latest) if len(self.latest) >= FEWEST else 0.0
        self.latest.append(value)
        far = middle > 0 and value > self.times * middle
        return [f"{word} more than {self.times:g} times its median"] if far else []
