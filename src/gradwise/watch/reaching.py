"""Parameters that no gradient reaches: where the graph ends, what is frozen, what is cleared too early."""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from gradwise.trace.model import Fact
from gradwise.watch.activations import ModuleRecord
from gradwise.watch.structure import UNKNOWN_ORDER, Structure
from gradwise.watch.wiring import was_loaded

FROZEN_LOOKED_AT = 32  # frozen matrices whose values are looked at
LEAST_ELEMENTS = 64  # smaller matrices tell nothing of their distribution
# Fourth moment over the squared second: 9/5 when uniform (torch's own layers), 3 when normal.
UNIFORM = 1.8
NORMAL = 3.0  # of mean 0 and a variance that an initialisation would give
ROUNDING = 1e-4  # of a row's length
USUAL_SPREADS = (1.0, 0.02, 0.01)  # standard deviations: torch's embeddings, language models, older nets
UNIFORM_ERROR = 4.0  # standard errors, of sqrt(64/175 / n) for uniform numbers
UNIFORM_VARIANCE = 1.2  # sqrt(n) times the standard error of the estimate, measured on uniform numbers
CLEARED_SAMPLES = 3  # sampled steps in which gradients were made and gone at the step, before it is told


@dataclass
class ReachReader:
    """Follows, over sampled steps, which trained parameters ever got a gradient.

    Args:
        reached: parameters that had a gradient at some sampled step, weakly, by id.
        gradless: modules that ran with gradients switched off in this step, by name.
    """

    reached: dict[int, weakref.ref[Tensor]] = field(default_factory=dict)
    gradless: set[str] = field(default_factory=set)
    leaf_loss: bool = False  # backward began at a leaf: a loss that was detached
    ungraded: bool = False  # the last optimizer that stepped in a sample held no gradient at all
    _stepping: dict[str, Tensor] = field(default_factory=dict)  # held by optimizers that step in this sample
    _leaves: set[int] = field(default_factory=set)
    _sums: dict[str, float] = field(default_factory=dict)
    _told: tuple[Any, ...] = ()
    _cleared: int = 0
    _cleared_told: bool = False
    _frozen_told: list[str] = field(default_factory=list)
    _attributes_told: dict[str, int] = field(default_factory=dict)
    _uniform: dict[str, bool] = field(default_factory=dict)

    def at_backward(self, root: Tensor, leaves: Mapping[int, Any] | None) -> None:
        """A backward from ``root``, and the leaves of its graph where it was walked."""
        self.leaf_loss = self.leaf_loss or root.grad_fn is None
        for key, leaf in (leaves or {}).items():
            self._leaves.add(key)
            self.reached[key] = weakref.ref(leaf)

    def at_step(self, optimizer: Any, names: Mapping[int, str]) -> None:
        """An optimizer is about to step: who has a gradient."""
        held = [p for group in optimizer.param_groups for p in group["params"]]
        graded = False
        for p in held:
            if p.grad is not None:
                self.reached[id(p)] = weakref.ref(p)
                graded = True
            name = names.get(id(p))
            if name is not None and p.requires_grad:
                self._stepping[name] = p
        self.ungraded = bool(held) and not graded
        if self.ungraded and any(id(p) in self._leaves for p in held):
            self._cleared += 1

    def facts(
        self,
        structure: Structure,
        records: Mapping[str, ModuleRecord],
        loaded: set[int],
        step: int,
        frozen: bool,
    ) -> list[Fact]:
        """What this sampled step adds.

        Args:
            structure: the models.
            records: modules that ran, with the step in which they last did.
            loaded: ids of modules whose weights came from a file.
            step: the current step.
            frozen: whether to look at frozen parameters too (one pass over new ones).
        """
        found = [self._unreached(structure, records, loaded, step), self._cleared_fact(step)]
        if frozen:
            found.append(self._frozen(structure, records, loaded, step))
        found.append(self._attributes(structure, step))
        self._stepping, self._leaves, self.gradless, self.leaf_loss = {}, set(), set(), False
        return [fact for fact in found if fact is not None]

    def _unreached(
        self, structure: Structure, records: Mapping[str, ModuleRecord], loaded: set[int], step: int
    ) -> Fact | None:
        graded = {name for name, record in records.items() if record.step == step}
        self.gradless -= graded  # an evaluation just before
        ran = graded | self.gradless
        names = [
            name
            for name, p in self._stepping.items()
            if name.rpartition(".")[0] in ran and not self._is_reached(p) and not self._moves(name, p)
        ]
        if not names:
            state: tuple[Any, ...] = ()
        else:
            state = (tuple(names), tuple(sorted(self.gradless)), self.leaf_loss)
        if state == self._told:
            return None
        self._told = state
        return Fact(step, "unreached", "", self._describe(names, structure, records, loaded, step))

    def _describe(
        self,
        names: list[str],
        structure: Structure,
        records: Mapping[str, ModuleRecord],
        loaded: set[int],
        step: int,
    ) -> dict[str, Any]:
        order = {name: record.order for name, record in records.items() if record.step == step}
        cut = list(dict.fromkeys(name.rpartition(".")[0] for name in names))
        trained = {name.rpartition(".")[0] for name in structure.parameters}
        others = [
            name for name in sorted(order, key=order.__getitem__) if name in trained and name not in cut
        ]
        last = max((order.get(name, -1) for name in cut), default=-1)
        after = next((name for name in others if order[name] > last), "")
        ahead = [name for name in others if order[name] < min((order.get(c, -1) for c in cut), default=-1)]
        twins = {_kin(name, structure) for name, p in self._stepping.items() if self._is_reached(p)}
        return {
            "parameters": names,
            "modules": cut,
            "gradless": sorted(set(cut) & self.gradless),
            "before": after,  # the first module behind the cut
            "first": not ahead,  # nothing that gets a gradient runs before them
            "whole": bool(names) and not others,
            "leaf_loss": self.leaf_loss,
            "loaded": any(was_loaded(name, structure, loaded) for name in names),
            "twins": bool(names) and all(_kin(name, structure) in twins for name in names),
            "trained": len(self._stepping),
        }

    def _is_reached(self, p: Tensor) -> bool:
        ref = self.reached.get(id(p))
        return ref is not None and ref() is p

    def _moves(self, name: str, p: Tensor) -> bool:
        """Whether it changes all the same: an average of others, a copy now and then."""
        total = float(p.detach().double().sum().item())
        before = self._sums.setdefault(name, total)
        if before != total:
            self.reached[id(p)] = weakref.ref(p)
        return before != total

    def _cleared_fact(self, step: int) -> Fact | None:
        if self._cleared < CLEARED_SAMPLES or self._cleared_told:
            return None
        self._cleared_told = True
        return Fact(step, "unstepped", "", {"cause": "cleared", "samples": self._cleared})

    def _frozen(
        self, structure: Structure, records: Mapping[str, ModuleRecord], loaded: set[int], step: int
    ) -> Fact | None:
        still: dict[str, Tensor] = {}
        for name, ref in structure.parameters.items():
            p = ref()
            module = name.rpartition(".")[0]
            if p is None or p.requires_grad or self._is_reached(p) or module not in records:
                continue
            if not self._moves(name, p):
                still[name] = p
        names = list(still)
        if names == self._frozen_told:
            return None
        self._frozen_told = names
        self._look_at(still)
        trainable = {
            name: p
            for name, ref in structure.parameters.items()
            if (p := ref()) is not None and p.requires_grad
        }
        kin = {_kin(name, structure) for name in trainable}
        data = {
            "parameters": names,
            "uniform": [name for name in names if self._uniform.get(name, False)],
            "loaded": [name for name in names if was_loaded(name, structure, loaded)],
            "twins": [name for name in names if _kin(name, structure) in kin],
            "numbers": sum(p.numel() for p in still.values()),
            "trainable": sum(p.numel() for p in trainable.values()),
            "held": [name for name, p in still.items() if id(p) in structure.trained_ids],
            "last": _last_module(structure, records),
        }
        return Fact(step, "frozen", "", data)

    def _attributes(self, structure: Structure, step: int) -> Fact | None:
        """Modules on which ``requires_grad = True`` was set as an attribute: their parameters stay frozen."""
        found = {}
        for name, ref in structure.modules.items():
            module = ref()
            if module is None or vars(module).get("requires_grad") is not True:
                continue
            held = list(module.parameters())
            if held and not any(p.requires_grad for p in held):
                found[name] = sum(p.numel() for p in held)
        if found == self._attributes_told:
            return None
        self._attributes_told = found
        total = sum(math.prod(info.shape) for info in structure.parameter_infos.values())
        return Fact(step, "attributes", "", {"frozen": found, "numbers": total})

    def _look_at(self, still: Mapping[str, Tensor]) -> None:
        """Which matrices are distributed as torch's layers begin.  Cost: one pass, one transfer."""
        new = [
            (name, p)
            for name, p in still.items()
            if name not in self._uniform and p.dim() >= 2 and p.numel() >= LEAST_ELEMENTS
        ][:FROZEN_LOOKED_AT]
        if not new:
            return
        moments = torch.stack([_moments(p).cpu() for _, p in new]).tolist()
        for (name, p), (fourth, variance, mean, off) in zip(new, moments, strict=True):
            error = UNIFORM_ERROR / p.numel() ** 0.5
            uniform = abs(fourth - UNIFORM) < UNIFORM_VARIANCE * error
            width = p[0].numel()
            expected = NORMAL * width / (width + 2) if off < ROUNDING else NORMAL  # of random directions
            normal = abs(fourth - expected) / 24**0.5 < error
            drawn = any(
                abs(variance / usual - 1) / 2**0.5 < error and abs(mean) / usual**0.5 < error
                for usual in _usual_variances(p)
            )
            self._uniform[name] = uniform or (normal and drawn)


def _usual_variances(p: Tensor) -> set[float]:
    """Of normal numbers that initialisations draw: by He and Glorot, LeCun's, and fixed ones."""
    entering, leaving = p[0].numel(), p.numel() // max(p.shape[1], 1)
    return {2 / entering, 2 / leaving, 1 / entering, 1 / leaving, 2 / (entering + leaving)} | {
        spread**2 for spread in USUAL_SPREADS
    }


def _moments(p: Tensor) -> Tensor:
    """Fourth moment over the squared second, variance, mean, how far rows are off length 1, shape (4,).

    Rows of zeros (padding) are left out.
    """
    x = p.detach().float().flatten(1)
    lengths = torch.linalg.vector_norm(x, dim=1)
    x, lengths = x[lengths > 0], lengths[lengths > 0]
    if not len(x):
        return torch.zeros(4)
    mean = x.mean()
    square = (x - mean).square()
    variance = square.mean()
    fourth = square.square().mean() / (variance.square() + 1e-30)
    return torch.stack((fourth, variance, mean, (lengths - 1).abs().max()))


def _kin(name: str, structure: Structure) -> tuple[str, str, tuple[int, ...]]:
    """Class of its module, last part of a parameter's name, its shape: the same in a copy of its model."""
    owner, _, last = name.rpartition(".")
    module = structure.modules.get(owner)
    return (
        type(module() if module is not None else None).__name__,
        last,
        structure.parameter_infos[name].shape,
    )


def _last_module(structure: Structure, records: Mapping[str, ModuleRecord]) -> str:
    """The module with parameters that ran last."""
    owners: Iterable[str] = {name.rpartition(".")[0] for name in structure.parameters}
    ran = [(records[name].order, name) for name in owners if name in records]
    return max((item for item in ran if item[0] < UNKNOWN_ORDER), default=(0, ""))[1]
