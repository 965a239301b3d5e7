"""Several nets trained at once by the ordinary loop: one stack of weights, one optimizer, one step for all.

Every net learns what it would learn alone: the loss is the sum of the nets' mean losses, whose gradient is
each net's own; the optimizer is one that treats every number by itself; clipping, best weights and patience
go by net.  Only dropout draws other masks than it would for a net alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from statistics import fmean
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import vmap
from torch.optim import Optimizer

from gradwise.data.examples import Array
from gradwise.errors import UsageError
from gradwise.train.averaging import averaged
from gradwise.train.batches import Batch, Batches
from gradwise.train.heads import AuxiliaryLoss
from gradwise.train.progress import EpochRow, Progress
from gradwise.train.stack import CannotStackError, Stack
from gradwise.train.training import Training

# Optimizers, by name, that treat every number of a weight by itself: on a stack they do what they do alone.
ELEMENTWISE = frozenset(
    {"sgd", "momentum", "nesterov", "adam", "adamw", "nadam", "adagrad", "adadelta", "rmsprop"}
)
SAME_LOSS = 1e-5  # relative: what another order of float32 sums explains
CLIP_EPSILON = 1e-6  # added to the norm, as torch.nn.utils.clip_grad_norm_ does


@dataclass
class MemberBatches(Batches):
    """Batches for a `Stack`: M · B rows, the first B of which are the first member's.

    Member k meets the rows in the very order of ``Batches(..., seed=seeds[k])``.

    Args:
        seeds: one per member; ``seed`` itself is not used.

    >>> from gradwise.data.examples import Examples
    >>> rows = Examples({"numbers": np.arange(4, dtype=np.float32)[:, None]}, np.arange(4))
    >>> [target.tolist() for _, target in MemberBatches(rows, 2, shuffle=False, seeds=(0, 1)).iterate(0)]
    [[0, 1, 0, 1], [2, 3, 2, 3]]
    """

    seeds: tuple[int, ...] = (0,)

    @property
    def rows(self) -> int:
        """Rows per epoch, those of all members."""
        return len(self.seeds) * super().rows

    def state(self) -> dict[str, Any]:
        """As for `Batches`, with the seeds."""
        return {**super().state(), "seeds": list(self.seeds)}

    def order(self, epoch: int) -> Array:
        """(N, M) int64: in the columns the rows in the order in which each member meets them."""
        if self.by_length:
            raise UsageError("batches by length cannot be put together for several nets.")
        rows = len(self.examples)
        if self.balanced:
            return np.stack([self._balanced(seed, epoch) for seed in self.seeds], axis=1)
        if not self.shuffle:
            return np.repeat(np.arange(rows)[:, None], len(self.seeds), axis=1)
        orders = [np.random.default_rng((seed, epoch)).permutation(rows) for seed in self.seeds]
        return np.stack(orders, axis=1)

    def _gather(self, rows: Tensor, longest: int | None) -> Batch:
        return super()._gather(rows.T.flatten(), longest)  # (B, M) -> (M · B,)


@dataclass(slots=True)
class MembersProgress(Progress):
    """Progress of all members: ``best_epoch`` is the last one that was the best of any.

    Args:
        best_epochs: of every member, counted from 1; 0 before the first.
        best_values: what it was judged by.
        waits: epochs since.
    """

    best_epochs: list[int] = field(default_factory=list)
    best_values: list[float] = field(default_factory=list)
    waits: list[int] = field(default_factory=list)


class MembersLoss(nn.Module):
    """The sum over the members of their mean losses.

    Without gradients it also adds up every member's losses, which `read` then tells.

    Args:
        criterion: (outputs, target) → mean over rows.  Where that of all rows is the members' mean, which the
            first batch shows, it is called once; class weights, or a loss that compares rows, cost a `vmap`.
        members: of the stack.
    """

    def __init__(self, criterion: nn.Module, members: int) -> None:
        super().__init__()
        self.criterion, self.members = criterion, members
        # With weights of classes every member divides by a sum of its own, whatever the first batch shows.
        self.alike: bool | None = False if any(True for _ in criterion.buffers()) else None
        self._sums: list[Tensor] = []
        self._rows = 0

    def forward(self, outputs: Tensor, target: Tensor) -> Tensor:
        """(M · B, K) and (M · B, ...) -> ()."""
        learning = torch.is_grad_enabled()
        if learning and self.alike:
            return self.criterion(outputs, target) * self.members
        each = self.each(outputs, target)
        if learning and self.alike is None:
            self.alike = self._is_mean(self.criterion(outputs, target), each)
        if not learning:
            rows = len(target) // self.members
            self._sums.append(each.double() * rows)
            self._rows += rows
        return each.sum()

    def each(self, outputs: Tensor, target: Tensor) -> Tensor:
        """(M · B, K) and (M · B, ...) -> (M,): every member's mean loss."""
        apart = (self.members, -1)
        return vmap(self.criterion)(outputs.unflatten(0, apart), target.unflatten(0, apart))

    @staticmethod
    def _is_mean(whole: Tensor, each: Tensor) -> bool:
        """Whether the loss of all rows is the mean of the members' losses; one host sync."""
        mean = each.mean().item()
        return abs(whole.item() - mean) <= SAME_LOSS * max(1.0, abs(mean))

    def read(self) -> list[float]:
        """Every member's mean loss over the rows evaluated since the last call; one host transfer."""
        if not self._sums:
            return [math.nan] * self.members
        values = (torch.stack(self._sums).sum(0) / self._rows).tolist()
        self._sums, self._rows = [], 0
        return [float(value) for value in values]


@dataclass
class Together(Training):
    """The training of a `Stack`; made by `together`.

    Args:
        patience: epochs without improvement after which a member is done: its best weights stand from then
            on, though its row of the stack goes on; 0: never.
    """

    patience: int = 0

    def __post_init__(self) -> None:
        if self.monitor != "loss":
            raise UsageError(f"several nets at once are judged by their loss, not by {self.monitor!r}.")
        members = self.stack.members
        nothing = {"best_epochs": [0] * members, "best_values": [math.nan] * members, "waits": [0] * members}
        self.progress = MembersProgress(**nothing)  # type: ignore[arg-type]
        super().__post_init__()

    @property
    def stack(self) -> Stack:
        """What is trained."""
        assert isinstance(self.model, Stack)
        return self.model

    @property
    def members(self) -> MembersProgress:
        """How every member does."""
        assert isinstance(self.progress, MembersProgress)
        return self.progress

    def epoch_loss(self) -> float:
        """Mean over the members; one host sync."""
        return super().epoch_loss() / self.stack.members

    def close_epoch(self, scores: dict[str, float], evaluating: float = 0.0) -> EpochRow:
        """As for one net; the losses of the row are means over the members that still have one."""
        assert isinstance(self.criterion, MembersLoss)
        if not scores:
            raise UsageError("several nets at once are judged on validation rows, and there are none.")
        self._each = self.criterion.read()
        sound = [value for value in self._each if not math.isnan(value)]
        return super().close_epoch({**scores, "loss": fmean(sound) if sound else math.nan}, evaluating)

    def member_weights(self, member: int) -> dict[str, Tensor]:
        """A copy of a member's best weights, by the names of its own net; of its last ones before any."""
        return self.stack.weights(member, self.best_weights or self.judged.state_dict())

    def _judge(self, row: EpochRow) -> None:
        progress, improved = self.members, []
        for member, value in enumerate(self._each):
            if 0 < self.patience <= progress.waits[member]:
                continue  # it is done
            first = not progress.best_epochs[member]
            if math.isnan(value) or not (first or value < progress.best_values[member]):
                progress.waits[member] += 1
                continue
            progress.best_epochs[member], progress.best_values[member] = row.epoch, value
            progress.waits[member] = 0
            improved.append(member)
        progress.waited = min(progress.waits)
        if improved:
            progress.best_epoch, progress.best_value = row.epoch, row.value("loss")
            self._keep(improved)

    def _keep(self, improved: Sequence[int]) -> None:
        """Take over the weights of these members into the best ones."""
        state = self.judged.state_dict()
        if not self.best_weights:
            self.best_weights = {name: tensor.clone() for name, tensor in state.items()}
            return
        for name in self.stack.stacked:
            self.best_weights[name][list(improved)] = state[name][list(improved)]


def together(
    training: Training, nets: Sequence[nn.Module], *, ema: float | None = None, patience: int = 0
) -> Together:
    """The training of several nets at once, made from the training of the first of them.

    Args:
        training: of ``nets[0]``, not begun; without an average; its optimizer, which must be one of
            `ELEMENTWISE`, and its schedule are taken over.
        nets: of one build, each with its own first weights.
        ema: decay of the averaged weights; None: not averaged.
        patience: see `Together`.

    Raises:
        CannotStackError: see `Stack`; or the loss is trained too, or looks at auxiliary classifiers.
    """
    if training.pace == "loss" or training.closure or training.scaler or training.autocast:
        raise CannotStackError("rate, precision or step go by the loss of one net")
    if training.regularisers or training.average_from is not None:
        raise CannotStackError("its regularisers look at the weights of one net")
    moved = {weight for group in training.optimizer.param_groups for weight in group["params"]}
    if not moved <= set(training.model.parameters()):
        raise CannotStackError("the loss has weights of its own")
    if isinstance(training.criterion, AuxiliaryLoss):
        raise CannotStackError("auxiliary classifiers speak to the loss of one net")
    stack = Stack(nets).to(training.device)
    _lift(training.optimizer, dict(zip(training.model.parameters(), stack.parameters(), strict=True)))
    if training.clip is not None:
        clip = training.clip
        training.optimizer.register_step_pre_hook(
            lambda optimizer, _args, _options: clip_members(_weights(optimizer), clip)
        )
    parts = {item.name: getattr(training, item.name) for item in fields(Training) if item.init}
    parts |= {
        "model": stack,
        "criterion": MembersLoss(training.criterion, len(nets)),
        "clip": None,
        "ema": averaged(stack, ema) if ema is not None else None,
        "progress": Progress(),
        "best_weights": {},
    }
    return Together(**parts, patience=patience)


@torch.no_grad()
def clip_members(weights: Sequence[Tensor], largest: float) -> None:
    """Scale every member's gradient down to a norm, as `torch.nn.utils.clip_grad_norm_` does for one net.

    Args:
        weights: (M, ...) each, with gradients.
        largest: norm of the gradient of all weights of a member together.

    >>> stacked = nn.Parameter(torch.zeros(2, 2))
    >>> stacked.grad = torch.tensor([[3.0, 4.0], [0.3, 0.4]])
    >>> clip_members([stacked], 1.0)
    >>> [[round(value, 3) for value in row] for row in stacked.grad.tolist()]
    [[0.6, 0.8], [0.3, 0.4]]
    """
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    squares = [gradient.flatten(1).square().sum(1) for gradient in gradients]
    norms = torch.stack(squares).sum(0).sqrt()  # (M,)
    scale = (largest / (norms + CLIP_EPSILON)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(scale.view(-1, *[1] * (gradient.ndim - 1)))


def _weights(optimizer: Optimizer) -> list[Tensor]:
    return [weight for group in optimizer.param_groups for weight in group["params"]]


def _lift(optimizer: Optimizer, stacks: Mapping[Tensor, nn.Parameter]) -> None:
    """Let an optimizer move stacks in place of the weights it was made for; groups and settings stay."""
    for group in optimizer.param_groups:
        group["params"] = [stacks[weight] for weight in group["params"]]
    for weight, stack in stacks.items():
        state = optimizer.state.pop(weight, None)  # Adagrad's is made with the optimizer
        if state is not None:
            optimizer.state[stack] = dict(_spread(state, weight, len(stack)))


def _spread(state: Mapping[str, Any], weight: Tensor, members: int) -> Iterator[tuple[str, Any]]:
    for name, value in state.items():
        alike = isinstance(value, Tensor) and value.shape == weight.shape and name != "step"
        yield name, torch.stack([value] * members) if alike else value
