"""A training step written down call by call, so that it can be played again with other weights.

The watcher writes it and probes play it; the rooms do not know each other.  Tensors are `Any`
here, because this room knows no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradwise.trace.captured import CapturedBatch, CapturedState


@dataclass(frozen=True, slots=True)
class Slot:
    """Stands for a tensor among the arguments of a call; ``number`` is its place on the tape."""

    number: int


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a function of torch that weights took part in.

    Args:
        function: what was called.
        args: positional arguments, with `Slot` in the place of tensors.
        kwargs: named ones, likewise.
        outputs: slots of the tensors that came out, in the order in which they lie in the result.
        changes: an argument was written to.
        graph: gradients were on.
        autocast: device type → dtype, where autocast was on.
        random: torch's random state before the call; None where it drew nothing.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    outputs: tuple[int, ...]
    changes: bool = False
    graph: bool = True
    autocast: Mapping[str, Any] = field(default_factory=dict)
    random: Any = None


@dataclass(frozen=True, slots=True)
class Tape:
    """From weights and data to what was descended.

    Args:
        calls: in their order; none is left out that the end depends on.
        constants: slot → copy of a tensor that came from elsewhere, as it was when first used.
        parameters: slot → number of the trained parameter.
        end: slot of the number that was descended.
    """

    calls: tuple[Call, ...]
    constants: Mapping[int, Any]
    parameters: Mapping[int, int]
    end: int


@dataclass(frozen=True, slots=True)
class Taped:
    """What probes start from where the model and its loss function cannot be called again by themselves.

    Args:
        parameters: the user's own trained parameters, in the order of the optimizers' groups.
        optimizers: the user's own, in the order in which they step; their groups are counted through.
        batches: oldest first, each with its tape.
        state: parameters (named ``"0"``, ``"1"``, ...) and optimizer just before the last batch.
        initial: before the first optimizer step; None when it was not kept.
    """

    parameters: tuple[Any, ...]
    optimizers: tuple[Any, ...]
    batches: tuple[CapturedBatch, ...]
    state: CapturedState
    initial: CapturedState | None = None


def needed(calls: list[Call], end: int) -> tuple[Call, ...]:
    """Those calls that ``end`` depends on; calls that write to an argument are all kept.

    >>> one, two, idle = (Call(abs, (Slot(a),), {}, (b,)) for a, b in ((0, 1), (1, 2), (1, 3)))
    >>> [call.outputs for call in needed([one, two, idle], 2)]
    [(1,), (2,)]
    """
    wanted, kept = {end}, []
    for call in reversed(calls):
        if call.changes or not wanted.isdisjoint(call.outputs):
            kept.append(call)
            wanted.update(slots_in((call.args, *call.kwargs.values())))
    return tuple(reversed(kept))


def slots_in(value: Any) -> set[int]:
    """Numbers of all slots within tuples, lists and dictionaries.

    >>> sorted(slots_in((Slot(3), [Slot(1), 7], {"x": Slot(2)})))
    [1, 2, 3]
    """
    if isinstance(value, Slot):
        return {value.number}
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, tuple | list):
        return set().union(*map(slots_in, value))
    return set()
