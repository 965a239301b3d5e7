"""The state of a training: weights and buffers, what optimizers keep, random numbers; taken and put back.

Taking it reads only.  Putting it back writes into the tensors that are there, so that optimizers,
schedulers and the script go on holding what they hold.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from gradwise.heal.live.chance import random_states, set_random_states
from gradwise.heal.live.optimizing import compact, optimizer_state, parameters_of, put_optimizer_back

Document = dict[str, Any]


class Body:
    """All that a script trains and keeps: its models, also those that only average, and its optimizers.

    A tensor that no optimizer holds is kept in the first state, and later only where it has
    changed by then: frozen weights are written once at most.
    """

    def __init__(self) -> None:
        self.roots: list[weakref.ref[nn.Module]] = []
        self.optimizers: list[weakref.ref[Any]] = []
        self._marks: dict[tuple[int, str], float] = {}  # of tensors that no optimizer holds
        self._moved: set[tuple[int, str]] = set()  # those of them that have changed
        self._sound: dict[tuple[int, str], bool] = {}  # buffers: whether they were finite when first met

    def look(self, modules: Iterable[nn.Module], optimizers: Iterable[Any]) -> None:
        """See what there is; known models keep their numbers."""
        for root in _roots(modules):
            if not any(known() is root for known in self.roots):
                self.roots.append(weakref.ref(root))
        for optimizer in optimizers:
            if not any(known() is optimizer for known in self.optimizers):
                self.optimizers.append(weakref.ref(optimizer))

    def take(self) -> tuple[Document, int]:
        """The state as plain data, to be written before training goes on, and about its bytes on disk."""
        trained = {id(weight) for weight in self.weights()}
        document: Document = {"models": {}, "optimizers": {}, "loose": {}, "random": random_states()}
        in_models: set[int] = set()
        for number, root in _alive(self.roots):
            tensors = dict(_tensors(root))
            in_models.update(map(id, tensors.values()))
            chosen = {n: t for n, t in tensors.items() if id(t) in trained or self._wanted((number, n), t)}
            document["models"][number] = {name: compact(tensor) for name, tensor in chosen.items()}
        for number, optimizer in _alive(self.optimizers):
            document["optimizers"][number] = optimizer_state(optimizer)
            loose = {n: p for n, p in enumerate(parameters_of(optimizer)) if id(p) not in in_models}
            document["loose"][number] = {n: compact(p) for n, p in loose.items()}
        return document, _bytes(document)

    def put_back(self, document: Document) -> None:
        """Make everything what it was; what has gone since, or has another shape, is passed over."""
        for number, root in _alive(self.roots):
            _fill(dict(_tensors(root)), document["models"].get(number, {}))
        for number, optimizer in _alive(self.optimizers):
            if number in document["optimizers"]:
                _fill(dict(enumerate(parameters_of(optimizer))), document["loose"][number])
                put_optimizer_back(optimizer, document["optimizers"][number])
        set_random_states(document["random"])

    def mend(self, document: Document) -> int:
        """Put back the buffers that are no longer finite; returns how many."""
        mended = 0
        for (number, name), buffer in self._sound_buffers():
            saved = document["models"].get(number, {})
            if name in saved and not finite([buffer]):
                _fill({name: buffer}, {name: saved[name]})
                mended += 1
        return mended

    def weights(self) -> list[Tensor]:
        """What the optimizers train, each once."""
        found = {id(p): p for _, optimizer in _alive(self.optimizers) for p in parameters_of(optimizer)}
        return list(found.values())

    def buffers(self) -> list[Tensor]:
        """Buffers of real numbers that were finite when they were first met; a mask may hold -inf."""
        return [buffer for _, buffer in self._sound_buffers()]

    def _sound_buffers(self) -> Iterator[tuple[tuple[int, str], Tensor]]:
        for number, root in _alive(self.roots):
            for name, buffer in _buffers(root):
                key = number, name
                if key not in self._sound:
                    self._sound[key] = finite([buffer])
                if self._sound[key]:
                    yield key, buffer

    def _wanted(self, key: tuple[int, str], tensor: Tensor) -> bool:
        """Whether a tensor that no optimizer holds is new, or ever changed."""
        if key in self._moved:
            return True
        new, mark = key not in self._marks, _mark(tensor)
        if self._marks.setdefault(key, mark) != mark:
            self._moved.add(key)
        return new or key in self._moved


def finite(tensors: Iterable[Tensor]) -> bool:
    """Whether no tensor holds NaN or infinity.  Cost: one pass, one transfer."""
    real = [t.detach() for t in tensors if t.is_floating_point() and t.layout is torch.strided and t.numel()]
    if not real:
        return True
    largest = float(torch.nn.utils.get_total_norm(real, float("inf")))
    return largest - largest == 0.0


def clear_broken_gradients(weights: Iterable[Tensor]) -> None:
    """Make gradients zero that are not finite, for scripts that add to them."""
    for weight in weights:
        if weight.grad is not None and not finite([weight.grad]):
            weight.grad.detach().zero_()


# ---- models -------------------------------------------------------------------------


def _roots(modules: Iterable[nn.Module]) -> list[nn.Module]:
    """The outermost modules that hold anything."""
    alive = list(modules)
    inner = {id(child) for each in alive for child in vars(each).get("_modules", {}).values()}
    return [each for each in alive if id(each) not in inner and next(_tensors(each), None) is not None]


def _tensors(root: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Parameters and buffers by name; those that have no numbers yet are left out."""
    for name, tensor in (*root.named_parameters(), *root.named_buffers()):
        if not tensor.is_meta and type(tensor).__name__.find("Uninitialized") < 0:
            yield name, tensor


def _buffers(root: nn.Module) -> list[tuple[str, Tensor]]:
    return [(n, b) for n, b in root.named_buffers() if b.is_floating_point() and not b.is_meta]


def _fill(tensors: Mapping[Any, Tensor], saved: Mapping[Any, Tensor]) -> None:
    """Copy values into tensors, past autograd's books: a graph that waits for its backward keeps working."""
    for name, value in saved.items():
        tensor = tensors.get(name)
        if tensor is not None and tensor.shape == value.shape:
            tensor.data.copy_(value)


def _mark(tensor: Tensor) -> float:
    """What changes when a tensor does."""
    found = tensor.detach()
    real = torch.view_as_real(found) if found.is_complex() else found
    return float(torch.sum(real, dtype=torch.float64))


def _bytes(value: Any) -> int:
    if isinstance(value, Tensor):
        return value.nbytes
    if isinstance(value, dict):
        return sum(map(_bytes, value.values()))
    if isinstance(value, list):
        return sum(map(_bytes, value))
    return 8


def _alive(refs: list[weakref.ref[Any]]) -> Iterator[tuple[int, Any]]:
    for number, ref in enumerate(refs):
        thing = ref()
        if thing is not None:
            yield number, thing
