"""What a probe works with: the copy, the captured batches, the time."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from gradwise.probes.probe import Abstain
from gradwise.probes.replica import Replica, Start
from gradwise.probes.stopwatch import Stopwatch
from gradwise.probes.taped import TapedReplica
from gradwise.trace.captured import Captured, CapturedBatch


class Bench:
    """One copy of the run, admitted once, shared by the probes that run one after another.

    Args:
        captured: what was kept of the run.
        clip: largest gradient norm that the script lets through; None when it does not clip.
    """

    def __init__(self, captured: Captured, clip: float | None = None) -> None:
        self.captured = captured
        self.clip = clip
        self.watch = Stopwatch(0.0)
        self._replica: Replica | TapedReplica | None = None
        self._refused = ""
        self.admitted = ""  # how well the captured step was repeated

    @property
    def replica(self) -> Replica | TapedReplica:
        """The copy; made, and put to its admission test, when first asked for.

        Raises:
            Abstain: the captured step cannot be repeated.
        """
        if self._refused:
            raise Abstain(self._refused)
        if self._replica is None:
            try:
                self._replica = self._made()
            except Abstain as reason:
                self._refused = str(reason)
                raise
        return self._replica

    def _made(self) -> Replica | TapedReplica:
        """The copy of model and loss function where these make the step, else one that plays tapes."""
        replica: Replica | TapedReplica
        try:
            replica = Replica(self.captured)
            self.admitted = replica.admit()
        except Abstain as reason:
            if self.captured.taped is None:
                raise
            replica = TapedReplica(self.captured.taped, str(reason))
            self.admitted = replica.admit()
        return replica

    @property
    def batches(self) -> tuple[CapturedBatch, ...]:
        """Captured batches whose loss was finite, oldest first.

        Raises:
            Abstain: there is none.
        """
        taped = isinstance(self._replica, TapedReplica) and self.captured.taped
        kept = taped.batches if taped else self.captured.batches
        fine = tuple(b for b in kept if abs(b.loss) < float("inf"))
        if not fine:
            raise Abstain("no captured batch had a finite loss")
        return fine

    def first_input(self, batch: CapturedBatch) -> int:
        """Position of the first floating-point tensor among the model's arguments.

        Raises:
            Abstain: there is none.
        """
        for position, value in enumerate(batch.args):
            if isinstance(value, Tensor) and value.is_floating_point() and value.dim():
                return position
        raise Abstain("the model takes no floating-point input by position")

    def train(
        self,
        start: Start | None,
        *,
        rounds: int,
        watch: Stopwatch,
        factor: float = 1.0,
        inputs: Iterable[tuple[CapturedBatch, tuple[object, ...] | None]] | None = None,
    ) -> tuple[float, int]:
        """Step through the batches with the script's optimizer; (mean loss afterwards, steps).

        Args:
            start: state to begin from; None: from where the copy stands.
            rounds: times through all batches, at most.
            watch: ends it earlier, but never before the first round.
            factor: on every learning rate.
            inputs: batches with the arguments that replace theirs; the captured ones when None.

        Returns:
            The loss is infinite where it is no longer finite.
        """
        replica = self.replica
        pairs = [(b, None) for b in self.batches] if inputs is None else list(inputs)
        if start is not None:
            replica.load(start)
        if replica.optimizer is None:
            raise Abstain("no single optimizer takes the steps")
        for group in replica.optimizer.param_groups:
            group["lr"] = group["lr"] * factor
        steps = 0
        for turn in range(rounds):
            for batch, args in pairs:
                if turn and watch.over:
                    break
                loss = replica.loss(batch, args=args)
                if not torch.isfinite(loss):
                    return float("inf"), steps
                replica.gradients(loss)
                if self.clip is not None:
                    _clip(replica.parameters, self.clip)
                replica.optimizer.step()
                steps += 1
        return self.mean_loss(pairs), steps

    def mean_loss(
        self, pairs: Iterable[tuple[CapturedBatch, tuple[object, ...] | None]] | None = None
    ) -> float:
        """Mean training loss over the batches where the copy stands; infinite where one is not finite."""
        replica = self.replica
        pairs = [(b, None) for b in self.batches] if pairs is None else list(pairs)
        kept = {name: t.clone() for name, t in replica.buffers().items()}
        with torch.no_grad():
            values = [float(replica.loss(batch, args=args)) for batch, args in pairs]
            for name, buffer in replica.buffers().items():
                buffer.copy_(kept[name])
        mean = sum(values) / len(values)
        return mean if mean == mean else float("inf")


def _clip(parameters: list[Tensor], most: float) -> None:
    """As `torch.nn.utils.clip_grad_norm_`, which may be watched."""
    slopes = [p.grad for p in parameters if p.grad is not None]
    if slopes:
        norm = torch.stack([torch.linalg.vector_norm(g) for g in slopes]).norm()
        for slope in slopes:
            slope.mul_((most / (norm + 1e-6)).clamp(max=1.0))


def bytes_of(batch: CapturedBatch) -> int:
    """Bytes of a batch's tensors."""
    leaves = tree_leaves((batch.args, dict(batch.kwargs)))
    return sum(t.numel() * t.element_size() for t in leaves if isinstance(t, Tensor))
