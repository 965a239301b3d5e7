"""What enters a model is changed on its way, the same in training and evaluation."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from gradwise.remedies.patient.columns import Columns, Origins, axis_of, near_unit

if TYPE_CHECKING:
    from gradwise.remedies.patient.handle import Patient

Call = tuple[tuple[Any, ...], dict[str, Any]]


class Entry:
    """What is known of the input of one model.

    Args:
        module: that the script calls.
        first: its first input.
    """

    def __init__(self, module: nn.Module, first: Tensor) -> None:
        self.module = weakref.ref(module)
        self.name = type(module).__name__
        self.columns = Columns(axis_of(first, module))
        self.batches = 0  # that were taken in
        self.open = True  # more are to come
        self.own = first.grad_fn is None and any(True for _ in module.parameters())
        self.kept: Any = None  # what a cure keeps of it


def at_entries(
    patient: Patient,
    most: int,
    change: Callable[[Entry, Tensor], Tensor | None],
    fitted: Callable[[Entry], object] = lambda _: None,
) -> None:
    """Change the input of every model with weights that the script calls itself.

    The input is the first tensor of floating-point numbers that a model is given;
    a model whose first input another one has computed is left alone.

    Args:
        patient: the cure's hold.
        most: training batches whose columns are counted; fewer where the data set is known.
        change: gives what is to enter, or None.
        fitted: told when a batch was counted.
    """
    entries: dict[int, Entry] = {}
    origins = Origins(patient)

    def enter(call: Call, module: nn.Module) -> Call | None:
        found = _first_float(call)
        if found is None:
            return None
        key, value = found
        entry = entries.get(id(module))
        if entry is None or entry.module() is not module:
            entry = entries[id(module)] = Entry(module, value)
        if not entry.own:
            return None
        if entry.open and module.training and torch.is_grad_enabled():
            _count(entry, value, origins, most)
            fitted(entry)
        if not entry.columns.started or not entry.columns.fits(value):
            return None
        changed = change(entry, value)
        return None if changed is None else _exchanged(call, key, changed)

    patient.at("enter", enter)


def _count(entry: Entry, value: Tensor, origins: Origins, most: int) -> None:
    whole = origins.whole(value) if entry.batches == 0 else None
    entry.columns.add(value if whole is None else whole)
    entry.batches += 1
    entry.open = whole is None and entry.batches < most


def _first_float(call: Call) -> tuple[int | str, Tensor] | None:
    args, kwargs = call
    given: list[tuple[int | str, Any]] = [*enumerate(args), *kwargs.items()]
    for key, value in given:
        if isinstance(value, Tensor) and value.is_floating_point() and value.dim() and value.numel():
            return key, value
    return None


def _exchanged(call: Call, key: int | str, value: Tensor) -> Call:
    args, kwargs = call
    if isinstance(key, str):
        return args, {**kwargs, key: value}
    return (*args[:key], value, *args[key + 1 :]), kwargs


def standardize(patient: Patient, most: int) -> None:
    """Bring the columns of each model's input to mean 0 and deviation 1.

    Columns that do not vary, or hold nothing but 0 and 1, stay as they are.

    Args:
        patient: the cure's hold.
        most: training batches that are counted, where the data set is not known.
    """

    def fitted(entry: Entry) -> None:
        columns = entry.columns
        if near_unit(columns):
            entry.kept = None
            if not entry.open:
                patient.could_not(f"the input of {entry.name} is at unit scale already")
            return
        meant = (columns.deviation > 0) & ~columns.flags
        mean = torch.where(meant, columns.mean, 0.0)
        words = f"input columns of {entry.name} were brought to unit scale"
        entry.kept = mean, torch.where(meant, columns.deviation, 1.0), patient.did(words, 0)

    def change(entry: Entry, value: Tensor) -> Tensor | None:
        if entry.kept is None:
            return None
        mean, deviation, line = entry.kept
        line.times += 1
        return (value - entry.columns.shaped(mean, value)) / entry.columns.shaped(deviation, value)

    at_entries(patient, most, change, fitted)
