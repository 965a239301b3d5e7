"""Where a sampled step's time goes: forward, backward, optimizer; our own time left out."""

from __future__ import annotations

from typing import Literal

import torch

Part = Literal["forward", "backward", "optimizer", "between"]
PLACE = "step"  # under which the times of a step stand


class StepClock:
    """Splits one sampled step by the moments at which the wrappers are passed.

    ``now`` is always the time less what watching itself has spent in this step,
    so its sections drop out.  Where the loss stands on an accelerator the device
    is waited for at these moments, and only there.
    """

    def __init__(self) -> None:
        self.device = "cpu"  # of the latest loss
        self.parts: dict[Part, float] = {}
        self._at = float("nan")

    def begin(self, now: float) -> None:
        """A sampled step begins."""
        self.parts, self._at = {}, now

    def wait(self) -> None:
        """Wait for the accelerator, if there is one."""
        if self.device != "cpu":
            torch.accelerator.synchronize()

    def mark(self, part: Part, now: float) -> None:
        """What has passed since the last mark belongs to ``part``."""
        self.parts[part] = self.parts.get(part, 0.0) + now - self._at
        self._at = now

    def seconds(self, step: float, data: float) -> dict[tuple[str, str], float]:
        """The parts as signals; none where the step cannot be timed.

        Args:
            step: seconds of the whole step; NaN when more than training has passed since the last one.
            data: seconds of them that were spent waiting for data, which lie before the forward pass.
        """
        if step != step or not {"forward", "backward", "optimizer"} <= self.parts.keys():
            return {}
        forward = max(self.parts["forward"] - (data if data == data else 0.0), 0.0)
        return {
            ("forward_seconds", PLACE): forward,
            ("backward_seconds", PLACE): self.parts["backward"],
            ("optimizer_seconds", PLACE): self.parts["optimizer"],
        }
