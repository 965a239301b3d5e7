"""Wiring facts: modes, parameters that no optimizer holds, gradients never cleared, what went non-finite."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from gradwise.trace.model import Fact
from gradwise.watch.structure import Structure

MODE_MODULES = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd)
STALE_LOOKED_AT = 4  # parameters of an optimizer whose gradients are compared


@dataclass
class ModesReader:
    """Which batch-norm and dropout modules are in which mode during training passes."""

    seen: dict[str, bool] = field(default_factory=dict)
    root_training: bool = True
    _last: tuple[Any, ...] = ()

    def note(self, name: str, module: nn.Module) -> None:
        """A batch-norm or dropout module ran in a training pass."""
        self.seen[name] = module.training

    def fact(self, step: int, structure: Structure) -> Fact | None:
        """The modes of this step, when they differ from those before."""
        seen, self.seen = self.seen, {}
        evaluating = sorted(name for name, training in seen.items() if not training)
        training = sorted(name for name, training in seen.items() if training)
        frozen = [name for name in evaluating if _frozen(name, structure)]
        state = (self.root_training, tuple(evaluating), tuple(frozen))
        if state == self._last or not seen:
            return None
        first, self._last = not self._last, state
        if first and not evaluating:
            return None
        return Fact(
            step,
            "modes",
            "",
            {
                "root_training": self.root_training,
                "eval_modules": evaluating,
                "train_modules": training,
                "frozen": frozen,
            },
        )


def _frozen(name: str, structure: Structure) -> bool:
    """Whether the module's own parameters, or its parent's, are all frozen."""
    ref = structure.modules.get(name)
    module = ref() if ref else None
    if module is not None and any(True for _ in module.parameters()):
        return not any(p.requires_grad for p in module.parameters())
    parent_ref = structure.modules.get(name.rpartition(".")[0])
    parent = parent_ref() if parent_ref else None
    if parent is None:
        return False
    parameters = list(parent.parameters())
    return bool(parameters) and not any(p.requires_grad for p in parameters)


@dataclass
class StaleReader:
    """Whether an optimizer's gradients were cleared between two of its steps.

    At every backward the gradients present are looked at.  They are stale when
    the optimizer has already applied them and nothing was cleared since.
    """

    cleared: bool = True
    norm: Tensor | None = None

    def at_backward(self, parameters: Iterable[Tensor]) -> None:
        """Gradients as they stand just before a backward adds to them."""
        if self.cleared:
            return
        present = [p.grad.detach() for p in parameters if p.grad is not None and not p.grad.is_sparse]
        if not present:
            self.cleared = True
            return
        self.norm = torch.stack([torch.linalg.vector_norm(g).float() for g in present]).norm()
        if self.norm.is_cpu and self.norm.item() == 0.0:
            self.cleared = True

    def at_step(self) -> Tensor | None:
        """The stale norm carried into this step (0 when cleared); the next interval begins."""
        norm = None if self.cleared else self.norm
        self.cleared, self.norm = False, None
        return norm


def looked_at(optimizer: Any) -> list[Tensor]:
    """A few parameters that stand for the optimizer."""
    chosen: list[Tensor] = []
    for group in optimizer.param_groups:
        for p in group["params"]:
            if p.requires_grad:
                chosen.append(p)
            if len(chosen) >= STALE_LOOKED_AT:
                return chosen
    return chosen


@dataclass
class OwnershipReader:
    """Parameters that get a gradient, stand in no optimizer, and do not change."""

    sums: dict[int, float] = field(
        default_factory=dict
    )  # by id, at the last look, to see whether they change
    told: list[str] = field(default_factory=list)

    def look(
        self,
        structure: Structure,
        strays: Mapping[int, Any],
        modules: Iterable[nn.Module],
        owned: set[int],
        loaded: set[int],
        step: int,
    ) -> Fact | None:
        """A fact when the unowned parameters differ from those told before.

        Args:
            structure: the models.
            strays: parameters that the loss depends on but no known model registers, weakly, by id.
            modules: all modules alive, to name the strays by.
            owned: ids of all parameters in optimizers.
            loaded: ids of modules whose weights were loaded from a state dict.
            step: the current step.
        """
        candidates = {name: ref() for name, ref in structure.parameters.items()}
        candidates |= _name_strays(strays, modules)
        names = [
            name
            for name, parameter in candidates.items()
            if parameter is not None and id(parameter) not in owned and self._idle(parameter)
        ]
        if names == self.told:
            return None
        self.told = names
        tops = sorted({name.split(".")[0] for name in names if "." in name})
        from_file = any(was_loaded(name, structure, loaded) for name in names)
        data = {"parameters": names, "modules": tops, "loaded": from_file, "owned": len(owned)}
        return Fact(step, "unowned", "", data)

    def _idle(self, parameter: Tensor) -> bool:
        grad = parameter.grad
        if not parameter.requires_grad or grad is None or grad.is_sparse:
            return False
        before = self.sums.get(id(parameter))
        self.sums[id(parameter)] = total = float(parameter.detach().double().sum().item())
        if before is not None and before != total:
            return False
        return bool(torch.count_nonzero(grad).item())


def _name_strays(strays: Mapping[int, Any], modules: Iterable[nn.Module]) -> dict[str, Tensor]:
    """Names such as ``Linear #2 (32 x 64, unregistered).weight`` for modules that nobody registered."""
    if not strays:
        return {}
    named: dict[str, Tensor] = {}
    count = 0
    for module in modules:
        own = [(key, p) for key, p in module.named_parameters(recurse=False) if id(p) in strays]
        if not own:
            continue
        count += 1
        largest = max((p for _, p in own), key=Tensor.numel)
        shape = " x ".join(str(size) for size in largest.shape)
        for key, parameter in own:
            if strays[id(parameter)]() is parameter:
                named[f"{type(module).__name__} #{count} ({shape}, unregistered).{key}"] = parameter
    return named


def was_loaded(name: str, structure: Structure, loaded: set[int]) -> bool:
    """Whether the module of that parameter, or one around it, got its weights from a file."""
    path = name.rpartition(".")[0]
    while path:
        ref = structure.modules.get(path)
        module = ref() if ref else None
        if module is not None and id(module) in loaded:
            return True
        path = path.rpartition(".")[0]
    return any(root_id in loaded for root_id in structure.root_ids)


def describe_nonfinite(
    root: Tensor, structure: Structure | None, operations: list[str], previous: float, bad_input: bool
) -> dict[str, Any]:
    """What was non-finite first: the input, the weights, or an operation on the way to the loss."""
    bad: list[str] = []
    if structure is not None:
        for name, ref in structure.parameters.items():
            parameter = ref()
            if parameter is not None and not math.isfinite(float(parameter.detach().float().sum().item())):
                bad.append(name)
    return {
        "what": "loss" if not bad else "weight",
        "bad_parameters": bad,
        "input_nonfinite": bad_input,
        "operations": operations,
        "first_module": bad[0].rpartition(".")[0] if bad else "",
        "previous_loss": previous if math.isfinite(previous) else None,
        "loss": str(root.detach().item()),
    }
