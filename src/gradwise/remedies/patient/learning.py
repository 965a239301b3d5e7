"""Learning from another loss than the one that the script computes, which it goes on seeing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as functional
from torch import Tensor

if TYPE_CHECKING:
    from gradwise.remedies.patient.handle import Patient

Arguments = Mapping[str, Any]
Learn = Callable[[str, Arguments, Callable[..., Any]], "Tensor | None"]


class _Shown(torch.autograd.Function):
    """One tensor's numbers with the gradient of another."""

    generate_vmap_rule = True

    @staticmethod
    def forward(_learnt: Tensor, shown: Tensor) -> Tensor:
        return shown.clone()

    @staticmethod
    def setup_context(_ctx: Any, _inputs: tuple[Any, ...], _output: Any) -> None:
        pass

    @staticmethod
    def backward(_ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


def learn_from(patient: Patient, names: Sequence[str], learn: Learn, words: str) -> None:
    """Have losses of torch.nn.functional followed that are computed in another way.

    Only where a gradient is wanted; evaluations are left alone.  The number that
    the script gets is its own loss, so that runs with and without can be compared.

    Args:
        patient: the cure's hold.
        names: of the losses that are meant.
        learn: is given a loss's name, its arguments by name and the function; the
            tensor that is followed, or None to leave the loss as it is.
        words: what was done, for the record.
    """
    line = patient.did(words, 0)
    known = {name: _bare(name) for name in names}

    def value(shown: Any, call: tuple[tuple[Any, ...], dict[str, Any]], name: str) -> Tensor | None:
        if name not in known or not torch.is_grad_enabled() or not isinstance(shown, Tensor):
            return None
        function, signature = known[name]
        arguments = signature.bind(*call[0], **call[1])
        arguments.apply_defaults()
        if not isinstance(arguments.arguments["input"], Tensor) or not shown.requires_grad:
            return None
        learnt = learn(name, arguments.arguments, function)
        return None if learnt is None else followed(learnt, shown, lambda: _count(line))

    patient.at("loss-value", value)


def followed(learnt: Tensor, shown: Tensor, then: Callable[[], object] = lambda: None) -> Tensor:
    """The numbers of ``shown`` with the gradient of ``learnt``; both have one shape.

    Raises:
        ValueError: they do not.
    """
    if learnt.shape != shown.shape:
        raise ValueError(f"a loss of shape {tuple(learnt.shape)} cannot stand for {tuple(shown.shape)}")
    then()
    result: Tensor = _Shown.apply(learnt, shown.detach())  # type: ignore[no-untyped-call]
    return result


def reduced(each: Tensor, reduction: str, kept: Tensor | None = None) -> Tensor:
    """Losses of single samples brought together as the script asks for.

    Args:
        each: losses, 0 where a sample does not count.
        reduction: mean, sum or none.
        kept: which samples count; None for all.
    """
    if reduction == "none":
        return each
    if reduction == "sum":
        return each.sum()
    return each.mean() if kept is None or bool(kept.all()) else each.sum() / kept.sum()


def arguments_of(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> inspect.BoundArguments:
    """What a call of a loss of torch.nn.functional gives it, by name."""
    return _bare(name)[1].bind(*args, **kwargs)


def _bare(name: str) -> tuple[Callable[..., Any], inspect.Signature]:
    function = inspect.unwrap(getattr(functional, name))
    return function, inspect.signature(function)


def _count(line: Any) -> None:
    line.times += 1
