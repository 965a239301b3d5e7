"""The sampler that also keeps what training steps were made of, for probes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from gradwise.trace.captured import Captured
from gradwise.watch.capture import Capture
from gradwise.watch.guard import Guard
from gradwise.watch.handmade import recognise
from gradwise.watch.pack import Key
from gradwise.watch.sample import Sampler

if TYPE_CHECKING:
    from gradwise.watch.session import Session


class CapturingSampler(Sampler):
    """A `Sampler` beside which a `Capture` is told of every sampled step."""

    def __init__(self, guard: Guard, discover: Callable[[], None], watched: Callable[[Any], bool]) -> None:
        super().__init__(guard, discover, watched)
        self.capture = Capture(self._spend)

    def _spend(self, seconds: float) -> None:
        self.spent += seconds

    def _tell(self, tell: Callable[..., None], *told: Any) -> None:
        if not self.guard.allows("capture"):
            return
        begin = perf_counter()
        try:
            tell(*told)
        except Exception as error:  # noqa: BLE001  contained by design
            self.guard.contain("capture", error, self.step)
        self.spent += perf_counter() - begin

    def _roots(self) -> list[nn.Module]:
        return self.structure.live_roots() if self.structure is not None else []

    def arm(self, step: int, optimizers: Mapping[int, Any]) -> None:
        """Begin a sampled step."""
        super().arm(step, optimizers)
        if self.hooks_allowed:
            self._tell(self.capture.arm, step, self._roots())
        else:
            self.capture.problem = "something is compiled"

    def disarm(self) -> None:
        """Remove hooks and forget the step."""
        super().disarm()
        self.capture.disarm()

    def loss(self, function: str, out: Tensor, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """A recognised loss function was called in a training pass."""
        self._tell(self.capture.loss, function, out, args, kwargs)
        super().loss(function, out, args, kwargs)

    def _handmade(self, root: Tensor) -> None:
        if self.capture.open:
            found = recognise(root, self._values)
            if found is not None:
                self.capture.handmade(found)
        super()._handmade(root)

    def backward(self, root: Tensor) -> None:
        """A backward pass is about to begin."""
        super().backward(root)
        self._tell(self.capture.backward, root)

    def before_step(self, optimizer: Any) -> None:
        """An optimizer is about to step."""
        super().before_step(optimizer)
        self._tell(self.capture.stepping, optimizer, self._roots())

    def finish(self) -> dict[Key, float]:
        """End the sampled step."""
        self._tell(self.capture.finish)
        return super().finish()


def captured_by(session: Session) -> Captured | None:
    """What the session kept for probes; None where it was not asked to."""
    sampler = session.sampler
    return sampler.capture.captured(session.loader) if isinstance(sampler, CapturingSampler) else None
