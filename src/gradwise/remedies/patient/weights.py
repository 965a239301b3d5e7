"""First weights drawn anew, right before they are used, without touching the script's random numbers."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from gradwise.init.collection import INITIALISERS
from gradwise.init.drawing import ALONE, Fill, Part, draw, left_out, parts_of
from gradwise.init.following import by_order, most_frequent
from gradwise.init.gains import LINEAR, Activation, of_call
from gradwise.init.initialiser import Fans
from gradwise.remedies.patient.bare import Bare
from gradwise.remedies.patient.models import has_loaded_weights, unwrapped

if TYPE_CHECKING:
    from gradwise.remedies.patient.handle import Patient

SHOWN = 4  # names in one line of the record
EMBEDDINGS = (nn.Embedding, nn.EmbeddingBag)


def redraw(patient: Patient, initialiser: str, scale: float) -> None:
    """Draw the weights of each model's layers with an initialiser of `gradwise.init`; biases become 0.

    What follows each layer is told by the order of the modules, since the model's
    own code must not run once more.  Matrices of a model's own making are drawn as
    soon as their use is known, see `Bare`.  Frozen and loaded weights, embeddings and
    norm layers stay as they are.

    Args:
        patient: whose ``where`` chooses layers.
        initialiser: its name.
        scale: times the deviation that it would give.
    """
    fill = INITIALISERS[initialiser].fill
    assert fill is not None

    def scaled(weight: Tensor, fans: Fans) -> None:
        fill(weight, fans)
        if scale != 1:
            weight.mul_(scale)

    bare = Bare(patient, partial(_draw_bare, patient, scaled)) if not patient.where else None

    def enter(root: nn.Module) -> None:
        parts = _parts(patient, root)
        follows = _followers(root, parts)
        _draw(patient, root, [(part, scaled, follows[part.name].gain) for part in parts])
        if bare is not None:
            bare.expect(root, list(left_out(root, parts_of(root))))

    patient.at("root", enter)


def _draw_bare(
    patient: Patient, fill: Fill, weight: Tensor, name: str, root: nn.Module | None, inputs: int, outputs: int
) -> None:
    """Draw a matrix, or a stack of them, in place; nobody's graph is told, since it was not used before."""
    fresh = torch.empty(weight.shape, dtype=torch.float32, device=weight.device)
    patient.keep([weight])
    with torch.no_grad(), _own_numbers(torch.initial_seed() ^ zlib.crc32(name.encode()) << 8, [weight]):
        for matrix in fresh.view(-1, *fresh.shape[-2:]):
            fill(matrix, Fans(inputs, outputs, _usual(root or nn.Module()).gain))
        weight.data.copy_(fresh)
    patient.did(f"drew {name}{f' of {type(root).__name__}' if root is not None else ''} anew")


def redraw_head(patient: Patient, root: nn.Module, deviation: float) -> None:
    """Draw the weights of the last layer, or of the places asked for, small; their biases become 0."""
    parts = _parts(patient, root)
    fill = partial(_normal, deviation)
    _draw(patient, root, [(part, fill, 1.0) for part in (parts if patient.where else parts[-1:])])


def _normal(deviation: float, weight: Tensor, _fans: Fans) -> None:
    nn.init.normal_(weight, 0.0, deviation)


def _parts(patient: Patient, root: nn.Module) -> list[Part]:
    """The layers that are meant; those that must stay are told."""
    meant = {name or ALONE for name, _ in patient.places(root)}
    found, frozen, loaded, given = [], [], [], []
    for part in parts_of(root):
        if part.name not in meant or isinstance(part.module, EMBEDDINGS):
            continue
        if has_loaded_weights(part.module):
            loaded.append(part.name)
        elif any(_given(part.module, word) for word in part.weights):
            given.append(part.name)
        elif not any(weight.requires_grad for weight in part.tensors()):
            frozen.append(part.name)
        else:
            found.append(part)
    told = ((loaded, "were loaded"), (frozen, "are frozen"), (given, "are given to the call"))
    for names, why in told:
        if names:
            patient.could_not(f"weights that {why} stay as they are: {_some(names)}")
    return found


def _given(module: nn.Module, word: str) -> bool:
    """Whether a weight is lent to a module for one call (torch.func.functional_call)."""
    own = vars(module)["_parameters"].get(word)
    return own is not None and not isinstance(own, nn.Parameter)


def _followers(root: nn.Module, parts: list[Part]) -> dict[str, Activation]:
    layers = {"" if part.name == ALONE else part.name: part.name for part in parts}
    found = by_order(root, layers, {part.name for part in parts if part.gated})
    return {part.name: found.get(part.name, _usual(root)) for part in parts}


def _usual(root: nn.Module) -> Activation:
    return most_frequent(root) or of_call(torch.relu, (None,), {}) or LINEAR


def _draw(patient: Patient, root: nn.Module, tasks: list[tuple[Part, Callable[..., object], float]]) -> None:
    done: list[str] = []
    bound: list[str] = []
    start = torch.initial_seed()
    for part, fill, gain in tasks:
        tensors = [getattr(part.module, word) for word in (*part.weights, *part.biases)]
        patient.keep(tensors)
        with _own_numbers(start ^ zlib.crc32(unwrapped(part.name).encode()) << 8, tensors):
            (done if draw(part, fill, gain) else bound).append(part.name)
    if done:
        inside = "" if done == [ALONE] else f"{_some(done)} in "
        patient.did(f"drew the weights of {inside}{type(root).__name__} anew")
    if bound:
        patient.could_not(f"weights that are computed from others stay as they are: {_some(bound)}")


@contextmanager
def _own_numbers(seed: int, tensors: list[Tensor]) -> Iterator[None]:
    """Random numbers of a seed of our own; the script's go on afterwards as if none had been drawn."""
    devices = sorted({tensor.device.index or 0 for tensor in tensors if tensor.is_cuda})
    with torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(seed % 2**63)
        for device in devices:
            torch.cuda.default_generators[device].manual_seed(seed % 2**63)
        yield


def _some(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
