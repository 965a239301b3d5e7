"""Acting on what enters and leaves single modules, and parts that are added to them.

A module is marked with words; the run knows what they stand for.  So copies
of a marked module are treated too, and what is saved of one holds plain words.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from torch import nn

from gradwise.remedies.patient import models
from gradwise.remedies.patient.moments import Hook

if TYPE_CHECKING:
    from gradwise.remedies.patient.handle import Patient

INSIDE = "_gradwise_inside"
AFFINE = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
RECURRENT = (nn.RNN, nn.GRU, nn.LSTM)
OF_TORCH = (
    nn.MultiheadAttention,
    nn.TransformerEncoderLayer,
    nn.TransformerDecoderLayer,
    nn.AdaptiveLogSoftmaxWithLoss,
)
_numbers = itertools.count()

Enter = Callable[[nn.Module, tuple[Any, ...]], Any]
Leave = Callable[[nn.Module, Any], Any]


class Inside:
    """What cures do at modules that they have marked."""

    def __init__(self) -> None:
        self._hooks: dict[str, tuple[Hook | None, Hook | None]] = {}

    def add(self, enter: Hook | None, leave: Hook | None) -> str:
        """Have something done at modules that bear the word that is returned."""
        word = f"{os.getpid()}-{next(_numbers)}"
        self._hooks[word] = (enter, leave)
        return word

    def entering(
        self, words: tuple[str, ...], module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Any, ...]:
        """What a marked module is given, its input as the first of args."""
        if not args and "input" in kwargs:
            args = (kwargs.pop("input"),)
        for word in words:
            hook = self._hooks.get(word, (None, None))[0]
            changed = hook(module, args) if hook is not None else None
            args = args if changed is None else changed
        return args

    def leaving(self, words: tuple[str, ...], module: nn.Module, result: Any) -> Any:
        """What a marked module gives."""
        for word in words:
            hook = self._hooks.get(word, (None, None))[1]
            changed = hook(module, result) if hook is not None else None
            result = result if changed is None else changed
        return result


def mark(module: nn.Module, word: str) -> Callable[[], None]:
    """Mark a module; what is returned takes the mark off."""
    held = vars(module)
    held[INSIDE] = (*held.get(INSIDE, ()), word)

    def undo() -> None:
        held[INSIDE] = tuple(each for each in held.get(INSIDE, ()) if each != word)
        if not held[INSIDE]:
            del held[INSIDE]

    return undo


def layers(root: nn.Module) -> list[tuple[str, nn.Module]]:
    """Dense, convolutional and recurrent layers in their order; torch's composites are left out."""
    inner = {id(part) for each in root.modules() if isinstance(each, OF_TORCH) for part in each.modules()}
    kinds = (*AFFINE, *RECURRENT)
    return [(name, m) for name, m in root.named_modules() if isinstance(m, kinds) and id(m) not in inner]


def hidden(root: nn.Module) -> list[tuple[str, nn.Module]]:
    """Those of a root's layers that, by their widths, a later layer can follow."""
    found = layers(root)
    return [
        (name, module)
        for at, (name, module) in enumerate(found)
        if any(feeds(module, later) for _, later in found[at + 1 :])
    ]


def feeds(layer: nn.Module, later: nn.Module) -> bool:
    """Whether what one layer puts out can be what another one takes.

    >>> feeds(nn.Linear(4, 8), nn.Linear(8, 2)), feeds(nn.Linear(8, 3), nn.Linear(8, 1))
    (True, False)
    >>> feeds(nn.Conv2d(3, 4, 3), nn.Linear(4 * 5 * 5, 10))
    True
    """
    given, taken = width(layer), _taken(later)
    flattened = isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Conv3d) and isinstance(later, nn.Linear)
    return given > 1 and (taken % given == 0 if flattened else given == taken)


def width(layer: Any) -> int:
    """Features or channels that a layer puts out."""
    if isinstance(layer, RECURRENT):
        return (layer.proj_size or layer.hidden_size) * (2 if layer.bidirectional else 1)
    return int(layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels)


def _taken(layer: Any) -> int:
    if isinstance(layer, RECURRENT):
        return layer.input_size
    return int(layer.in_features if isinstance(layer, nn.Linear) else layer.in_channels)


def meant(patient: Patient, root: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Hidden layers of a root that a cure is meant for.

    Where a place is named that is no layer, an activation or a norm, the layer
    before it is meant.
    """
    chosen = {id(module) for _, module in patient.places(root)}
    order = list(root.named_modules())
    inner = {id(module) for _, module in layers(root)}
    before: nn.Module | None = None
    wanted: set[int] = set()
    for _, module in order:
        before = module if id(module) in inner else before
        if id(module) in chosen and before is not None and (before is module or _leaf(module)):
            wanted.add(id(before))
    if compiled(root) and wanted:
        patient.could_not(f"{type(root).__name__} is compiled as it is; nothing is put between its layers")
        return
    yield from ((name, module) for name, module in hidden(root) if id(module) in wanted)


def dense(patient: Patient, root: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Dense layers that a cure is meant for and that, by their widths, follow other ones.

    Those behind dense layers; where there are none, those behind other layers.
    """
    found, chosen = layers(root), {id(module) for _, module in patient.places(root)}
    if compiled(root):
        patient.could_not(f"{type(root).__name__} is compiled as it is; nothing is put between its layers")
        return
    for kinds in (nn.Linear, (*AFFINE, *RECURRENT)):
        behind = [
            (name, module)
            for at, (name, module) in enumerate(found)
            if isinstance(module, nn.Linear)
            and id(module) in chosen
            and any(isinstance(before, kinds) and feeds(before, module) for _, before in found[:at])
        ]
        yield from behind
        if behind:
            return


def _leaf(module: nn.Module) -> bool:
    return next(module.children(), None) is None


def compiled(root: nn.Module) -> bool:
    """Whether a root is a model that torch.compile has wrapped."""
    return "_orig_mod" in vars(root)["_modules"] or vars(root).get("_compiled_call_impl") is not None


def normalized(root: nn.Module, layer: nn.Module) -> bool:
    """Whether the module that stands behind a layer is a norm."""
    order = list(root.modules())
    at = next(place for place, module in enumerate(order) if module is layer)
    after = next((module for module in order[at + 1 :] if _leaf(module)), None)
    return "Norm" in type(after).__name__


def add_part(layer: nn.Module, word: str, part: nn.Module) -> Callable[[], None]:
    """Hang a part into a layer under a word that is free; what is returned takes it out again."""
    like = next(layer.parameters())
    part.to(like.device, like.dtype).train(layer.training)
    vars(part)[models.MARK] = True
    children = vars(layer)["_modules"]
    children[word] = part

    def undo() -> None:
        if children.get(word) is part:
            del children[word]

    return undo
