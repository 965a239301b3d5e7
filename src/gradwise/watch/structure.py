"""Which models and optimizers there are, and what their parts are called."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from gradwise.trace.model import ModuleInfo, ParameterInfo
from gradwise.watch.activations import ModuleRecord
from gradwise.watch.graph import ACTIVATIONS

# Activation modules → the name of the operation they apply.
ACTIVATION_NAMES = {
    "ReLU": "relu", "ReLU6": "relu6", "Sigmoid": "sigmoid", "Tanh": "tanh", "Softmax": "softmax",
    "LogSoftmax": "log_softmax", "LeakyReLU": "leaky_relu", "ELU": "elu", "GELU": "gelu", "SiLU": "silu",
    "SELU": "selu", "Softplus": "softplus", "Hardtanh": "hardtanh", "Hardsigmoid": "hardsigmoid",
    "Mish": "mish", "PReLU": "prelu", "RReLU": "rrelu", "LogSigmoid": "log_sigmoid",
}  # fmt: skip


@dataclass
class Structure:
    """Names of everything in the models being trained.

    Modules and parameters are known by id; the models themselves are held
    weakly, so that watching keeps nothing alive.
    """

    module_names: dict[int, str] = field(default_factory=dict)
    parameter_names: dict[int, str] = field(default_factory=dict)
    roots: list[weakref.ref[nn.Module]] = field(default_factory=list)
    root_ids: dict[int, str] = field(default_factory=dict)
    leaves: set[int] = field(default_factory=set)
    modules: dict[str, weakref.ref[nn.Module]] = field(default_factory=dict)
    parameters: dict[str, weakref.ref[Tensor]] = field(default_factory=dict)
    trained_ids: frozenset[int] = frozenset()

    def live_roots(self) -> list[nn.Module]:
        """The models that still exist."""
        return [model for ref in self.roots if (model := ref()) is not None]


def find_roots(modules: Iterable[nn.Module], trained: set[int]) -> list[nn.Module]:
    """The outermost modules that hold at least one trained parameter, in order of creation.

    Args:
        modules: all modules known to exist.
        trained: ids of the parameters that optimizers hold.
    """
    alive = list(modules)
    inner: set[int] = set()
    for module in alive:
        for child in module._modules.values():
            if child is not None and child is not module:
                inner.add(id(child))
    roots = []
    for module in alive:
        if id(module) in inner or type(module).__name__ in ("OptimizedModule", "DataParallel"):
            continue
        if any(id(p) in trained for p in module.parameters()):
            roots.append(module)
    if roots:
        return roots
    # Wrapped models (compiled, data-parallel) are outermost and were skipped: take what they hold.
    return [m for m in alive if id(m) not in inner and any(id(p) in trained for p in m.parameters())]


def describe(roots: list[nn.Module], trained: set[int], optimizers: Iterable[Any] = ()) -> Structure:
    """Name every module and parameter of the given models.

    Tensors that an optimizer holds and no model registers (bare weights, an
    image that is optimised) are named by their place in the optimizer.
    """
    structure = Structure(trained_ids=frozenset(trained))
    for root, prefix in zip(roots, _prefixes(roots), strict=True):
        structure.roots.append(weakref.ref(root))
        structure.root_ids[id(root)] = prefix.rstrip(".") or type(root).__name__
        for name, module in root.named_modules():
            clean = (prefix + name).removesuffix(".") or type(root).__name__
            structure.module_names.setdefault(id(module), clean)
            structure.modules.setdefault(clean, weakref.ref(module))
            if not any(True for _ in module.children()) or isinstance(module, nn.MultiheadAttention):
                structure.leaves.add(id(module))
        for name, parameter in root.named_parameters():
            structure.parameter_names.setdefault(id(parameter), prefix + name)
            structure.parameters.setdefault(prefix + name, weakref.ref(parameter))
    for optimizer in optimizers:
        for g, group in enumerate(optimizer.param_groups):
            for i, parameter in enumerate(group["params"]):
                if id(parameter) not in structure.parameter_names:
                    name = f"{type(optimizer).__name__}.groups[{g}][{i}]"
                    structure.parameter_names[id(parameter)] = name
                    structure.parameters[name] = weakref.ref(parameter)
    return structure


def _prefixes(roots: list[nn.Module]) -> list[str]:
    if len(roots) == 1:
        return [""]
    counts: dict[str, int] = {}
    prefixes = []
    for root in roots:
        kind = type(root).__name__
        counts[kind] = counts.get(kind, 0) + 1
        prefixes.append(f"{kind}." if counts[kind] == 1 else f"{kind}#{counts[kind]}.")
    return prefixes


def optimizer_parameters(optimizers: Iterable[Any]) -> set[int]:
    """Ids of all tensors that the optimizers hold."""
    return {id(p) for opt in optimizers for group in opt.param_groups for p in group["params"]}


def module_infos(
    structure: Structure, records: dict[str, ModuleRecord], activation_after: dict[str, str]
) -> tuple[ModuleInfo, ...]:
    """Leaf modules in the order in which the forward pass met them."""
    infos = []
    for name, ref in structure.modules.items():
        module = ref()
        if module is None or id(module) not in structure.leaves:
            continue
        record = records.get(name)
        kind = type(module).__name__
        own = ACTIVATION_NAMES.get(kind, "")
        infos.append(
            ModuleInfo(
                name=name,
                type=kind,
                parameters=sum(p.numel() for p in module.parameters(recurse=False)),
                order=record.order if record else 10_000,
                activation=own or activation_after.get(name, ""),
                is_activation=bool(own) or own in ACTIVATIONS,
                training=record.training if record else module.training,
                units=record.units if record else 0,
            )
        )
    return tuple(sorted(infos, key=lambda info: info.order))


def parameter_infos(structure: Structure, modules: tuple[ModuleInfo, ...]) -> tuple[ParameterInfo, ...]:
    """Parameters in forward order of the modules that hold them."""
    order = {info.name: info.order for info in modules}
    infos = []
    for name, ref in structure.parameters.items():
        parameter = ref()
        if parameter is None:
            continue
        owner = name.rsplit(".", 1)[0] if "." in name else ""
        infos.append(
            ParameterInfo(
                name=name,
                shape=tuple(parameter.shape),
                requires_grad=parameter.requires_grad,
                in_optimizer=id(parameter) in structure.trained_ids,
                module=owner,
                order=order.get(owner, 10_000),
            )
        )
    return tuple(sorted(infos, key=lambda info: info.order))
