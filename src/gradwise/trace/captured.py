"""What one training step was made of, kept in memory for probes and never written to the run file.

The watcher fills it and probes read it; the rooms do not know each other.  Tensors are
`Any` here, because this room knows no torch.  All of them are detached copies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gradwise.trace.tape import Tape, Taped


@dataclass(frozen=True, slots=True)
class CapturedBatch:
    """One call of the model and of the loss function in a training step.

    Args:
        step: the training step.
        args: positional arguments of the model.
        kwargs: named ones.
        function: loss function of ``torch.nn.functional``.
        prediction: what entered it.
        loss_args: its other positional arguments, the target first.
        loss_kwargs: its named arguments.
        loss: what it returned.
        descended: value whose ``backward`` ran.
        random: states of torch, NumPy and Python before the forward pass, by name.
        modes: module name → whether it was in training mode.
        autocast: device type → dtype, where autocast was on.
        by_hand: the loss was written out in tensors and recognised; its target is known to rounding.
        tape: the whole step, where it is no single call of one model and one loss function; the fields
            from ``args`` to ``loss_kwargs`` are empty then.
    """

    step: int
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    function: str
    prediction: Any
    loss_args: tuple[Any, ...]
    loss_kwargs: Mapping[str, Any]
    loss: float
    descended: float
    random: Mapping[str, Any] = field(default_factory=dict)
    modes: Mapping[str, bool] = field(default_factory=dict)
    autocast: Mapping[str, Any] = field(default_factory=dict)
    by_hand: bool = False
    tape: Tape | None = None


@dataclass(frozen=True, slots=True)
class CapturedState:
    """Weights and optimizer at one moment.

    Args:
        step: the training step about to run.
        tensors: parameters and buffers by name.
        groups: settings of each parameter group (rate, decay, ...), without the parameters.
        moments: the optimizer's state of each parameter, by (group, position).
    """

    step: int
    tensors: Mapping[str, Any]
    groups: tuple[Mapping[str, Any], ...] = ()
    moments: Mapping[tuple[int, int], Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Captured:
    """Everything that probes start from.

    Args:
        model: the user's own model; probes copy it and never run it.
        optimizer: the user's own optimizer; None where the script updates its weights itself.
        batches: oldest first.
        state: just before the last batch's forward pass.
        initial: before the first optimizer step; None when it was not kept.
        batch_size: of the DataLoader that feeds the training; 0 when there is none.
        shuffled: that loader draws samples in random order.
        backwards: backward passes per step.
        problem: why nothing can be replayed; "" when something can.
        taped: steps that were written down call by call, where the model and its loss function do not make
            the step by themselves; None where none was.
    """

    model: Any = None
    optimizer: Any = None
    batches: tuple[CapturedBatch, ...] = ()
    state: CapturedState | None = None
    initial: CapturedState | None = None
    batch_size: int = 0
    shuffled: bool = False
    backwards: int = 1
    problem: str = ""
    taped: Taped | None = None
