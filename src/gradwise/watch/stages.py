"""Who trains what: optimizers, the models they train, and the stages of a run."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import nn

from gradwise.trace.model import Fact, Segment
from gradwise.watch.alive import Alive
from gradwise.watch.ledger import Ledger
from gradwise.watch.pulse import NAN
from gradwise.watch.sample import Sampler
from gradwise.watch.structure import (
    describe,
    find_roots,
    module_infos,
    optimizer_parameters,
    parameter_infos,
)
from gradwise.watch.wiring import OwnershipReader

COPIED = (
    "it copies the model in every step, so activations are not seen, only losses, gradients and updates; "
    "nn.parallel.DistributedDataParallel makes no such copies"
)


class Stages:
    """Finds the models that optimizers train, and notices when other models take over.

    A stage (a segment of the trace) ends when an optimizer that was created
    after it began trains none of its parameters: the next fold of a
    cross-validation, the next setting of a search.

    Args:
        ledger: takes segments and facts.
        sampler: gets the names of modules and parameters.
        models: the only models to watch; None finds them.
        optimizers: the only optimizers to watch; None watches all.
    """

    def __init__(
        self,
        ledger: Ledger,
        sampler: Sampler,
        models: Iterable[nn.Module] | None,
        optimizers: Iterable[Any] | None,
    ) -> None:
        self.ledger, self.sampler = ledger, sampler
        self.only_models = list(models) if models is not None else None
        self.only_optimizers = {id(o) for o in optimizers} if optimizers is not None else None
        # All modules known to exist, in order of creation, so that equal classes keep their numbers.
        self.modules = Alive()
        self.optimizers: weakref.WeakSet[Any] = weakref.WeakSet()
        self.created_at: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self.loaded: set[int] = set()  # ids of modules whose weights came from a state dict
        self.stepped: dict[int, weakref.ref[Any]] = {}  # optimizers that have stepped, by id
        self.ever_stepped: weakref.WeakSet[Any] = weakref.WeakSet()  # those of earlier stages too
        self.starts: list[int] = []  # first step of every segment
        self.root: Callable[[], nn.Module | None] = _no_model
        self.ownership = OwnershipReader()
        self._trained_before: set[int] = set()  # ids of parameters that earlier stages trained

    def watched(self, optimizer: Any) -> bool:
        """Whether this optimizer is one of those asked for."""
        return self.only_optimizers is None or id(optimizer) in self.only_optimizers

    def known(self, optimizer: Any) -> bool:
        """Whether this optimizer has stepped before."""
        ref = self.stepped.get(id(optimizer))
        return ref is not None and ref() is optimizer

    def live(self) -> dict[int, Any]:
        """Optimizers that have stepped and still exist, by id."""
        return {key: o for key, ref in self.stepped.items() if (o := ref()) is not None}

    def note_optimizer(self, optimizer: Any, step: int) -> None:
        """An optimizer was created."""
        self.optimizers.add(optimizer)
        self.created_at[optimizer] = step

    def note_parallel(self, module: nn.Module, step: int) -> None:
        """``nn.DataParallel`` was wrapped around a model: say what cannot be seen of it."""
        if len(getattr(module, "device_ids", ())) > 1:
            data = {"where": "nn.DataParallel", "error": COPIED}
            self.ledger.fact_once(step, "note", data)

    def note_loaded(self, module: nn.Module, step: int) -> None:
        """A module's weights were loaded; restoring the model in training does not count."""
        structure = self.sampler.structure
        if structure is None or id(module) not in structure.root_ids or step == 0:
            self.loaded.update(id(part) for part in module.modules())

    def begin_optimizer(self, optimizer: Any, step: int) -> set[int]:
        """An optimizer stepped for the first time; returns the ids of those that step in a round."""
        key = id(optimizer)
        structure = self.sampler.structure
        mine = optimizer_parameters([optimizer])
        late = self.created_at.get(optimizer, 0) > (self.starts[-1] if self.starts else 0)
        self.stepped = {k: r for k, r in self.stepped.items() if r() is not None}
        self.stepped[key] = weakref.ref(optimizer)
        self.ever_stepped.add(optimizer)
        if structure is not None and late and not (mine & structure.trained_ids):
            self._next_stage(optimizer, step)
        elif structure is None or not mine <= structure.trained_ids:
            self.discover()
        if not self.starts:
            self.starts.append(step)
        self.ledger.fact(Fact(step, "optimizer", type(optimizer).__name__, _settings(optimizer)))
        structure = self.sampler.structure
        together = {
            id(o)
            for o in self.optimizers
            if structure is not None and self.watched(o) and optimizer_parameters([o]) & structure.trained_ids
        }
        return together or {key}

    def _next_stage(self, optimizer: Any, step: int) -> None:
        if self.sampler.structure is not None:
            self._trained_before |= self.sampler.structure.trained_ids
        self.write_segment(step)
        self.stepped = {id(optimizer): self.stepped[id(optimizer)]}
        self.starts.append(step)
        self.sampler.new_models()
        self.ownership = OwnershipReader()
        self._adopt([optimizer])

    def discover(self) -> None:
        """Find and name the models that the known optimizers train."""
        found: list[Any] = [o for o in self.optimizers if self.watched(o)]
        found += [o for o in self.live().values() if not any(o is other for other in found)]
        self._adopt(found)

    def _adopt(self, optimizers: list[Any]) -> None:
        trained = optimizer_parameters(optimizers)
        if not trained:
            return
        roots = self.only_models or find_roots(list(self.modules), trained)
        structure = describe(list(roots), trained, optimizers)
        self.sampler.structure = structure
        self.root = structure.roots[0] if structure.roots else _no_model

    def write_segment(self, stop: int) -> None:
        """Write what is known of the current stage; it reaches up to ``stop`` (exclusive)."""
        structure = self.sampler.structure
        if structure is None or not self.starts:
            return
        modules = module_infos(structure, self.sampler.records, self.sampler.activation_after)
        parameters = parameter_infos(structure, modules)
        segment = Segment(self.starts[-1], stop, modules, parameters)
        self.ledger.segment(len(self.starts) - 1, segment)
        for fact in self.sampler.rows.book.facts(now=True):
            self.ledger.fact(fact)

    def look_for_unowned(self, step: int) -> None:
        """Tell when parameters get gradients that no optimizer will use."""
        structure = self.sampler.structure
        if structure is None:
            return
        owned = optimizer_parameters([*self.optimizers, *self.live().values()]) | self._trained_before
        fact = self.ownership.look(
            structure, self.sampler.strays, list(self.modules), owned, self.loaded, step
        )
        if fact is not None:
            self.ledger.fact(fact)

    def tell_loader(self, iterator: Any, step: int) -> None:
        """How the DataLoader that feeds the training orders its samples."""
        if iterator is None:
            return
        batches = getattr(iterator, "_index_sampler", None)
        order = getattr(batches, "sampler", batches)
        data = {
            "sampler": type(order).__name__,
            "batch_size": int(getattr(batches, "batch_size", 0) or 0),
            "samples": _length(order),
            "batches": _length(batches),
        }
        self.ledger.fact_once(step, "sampler", data)


def _no_model() -> None:
    """Stands for the model where there is none."""


def _settings(optimizer: Any) -> dict[str, Any]:
    group = optimizer.param_groups[0]
    return {
        "class": type(optimizer).__name__,
        "lr": float(group.get("lr", NAN)),
        "momentum": float(group.get("momentum", group.get("betas", (0.0,))[0])),
        "weight_decay": float(group.get("weight_decay", 0.0)),
        "groups": len(optimizer.param_groups),
        "fused": _fused(optimizer, group),
        "maximize": bool(group.get("maximize", False)),
    }


_FUSED_DEVICES = ("cpu", "cuda", "mps", "xpu")
# Optimizers of torch that have a fused form.
_FUSED = (torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD, torch.optim.Adagrad)


def _fused(optimizer: Any, group: Mapping[str, Any]) -> str:
    """``used``, ``possible`` (the optimizer has that form and all it holds would fit) or ``none``."""
    if group.get("fused"):
        return "used"
    if type(optimizer) not in _FUSED or group.get("differentiable") or group.get("foreach") is False:
        return "none"
    held = [p for g in optimizer.param_groups for p in g["params"]]
    devices = _FUSED_DEVICES if type(optimizer) is not torch.optim.Adagrad else ("cpu",)
    fit = all(p.is_floating_point() and p.device.type in devices for p in held)
    return "possible" if fit else "none"


def _length(thing: Any) -> int:
    try:
        return len(thing)
    except TypeError:
        return 0
