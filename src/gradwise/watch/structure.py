"""Which models and optimizers there are, and what their parts are called."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor, nn

from gradwise.trace.model import ModuleInfo, ParameterInfo
from gradwise.watch.activations import ModuleRecord
from gradwise.watch.foreign import applied_activation, children, inside, named_modules, named_parameters

# Activation modules → the name of the operation they apply.
ACTIVATION_NAMES = {
    "ReLU": "relu", "ReLU6": "relu6", "Sigmoid": "sigmoid", "Tanh": "tanh", "Softmax": "softmax",
    "LogSoftmax": "log_softmax", "LeakyReLU": "leaky_relu", "ELU": "elu", "GELU": "gelu", "SiLU": "silu",
    "SELU": "selu", "Softplus": "softplus", "Hardtanh": "hardtanh", "Hardsigmoid": "hardsigmoid",
    "Mish": "mish", "PReLU": "prelu", "RReLU": "rrelu", "LogSigmoid": "log_sigmoid",
}  # fmt: skip

UNKNOWN_ORDER = 10_000  # modules that no forward pass has met come last


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
    # What the report says of them is kept apart: the models may be gone when the run ends.
    leaf_infos: dict[str, ModuleInfo] = field(default_factory=dict)
    parameter_infos: dict[str, ParameterInfo] = field(default_factory=dict)
    trained_ids: frozenset[int] = frozenset()

    @property
    def tables(self) -> frozenset[str]:
        """Parameters of embeddings."""
        kinds = {name: info.type for name, info in self.leaf_infos.items()}
        return frozenset(
            name for name, info in self.parameter_infos.items() if kinds.get(info.module) == "Embedding"
        )

    def alive(self, names: Iterable[str]) -> dict[str, nn.Module | None]:
        """Those modules by name; None stands for one that is gone."""
        return {name: self.modules[name]() for name in names if name in self.modules}

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
        inner.update(id(child) for child in inside(module))
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
        for name, module in named_modules(root):
            clean = (prefix + name).removesuffix(".") or type(root).__name__
            structure.module_names.setdefault(id(module), clean)
            structure.modules.setdefault(clean, weakref.ref(module))
            if not any(True for _ in children(module)) or isinstance(module, nn.MultiheadAttention):
                structure.leaves.add(id(module))
                structure.leaf_infos.setdefault(clean, _leaf(clean, module))
        for name, parameter in named_parameters(root):
            _name_parameter(structure, prefix + name, parameter)
    for optimizer in optimizers:
        for g, group in enumerate(optimizer.param_groups):
            for i, parameter in enumerate(group["params"]):
                if id(parameter) not in structure.parameter_names:
                    _name_parameter(structure, f"{type(optimizer).__name__}.groups[{g}][{i}]", parameter)
    return structure


def _leaf(name: str, module: nn.Module) -> ModuleInfo:
    kind = type(module).__name__
    own = ACTIVATION_NAMES.get(kind, "") or applied_activation(module)
    size = sum(p.numel() for p in module.parameters(recurse=False))
    return ModuleInfo(name, kind, size, UNKNOWN_ORDER, own, is_activation=bool(own), training=module.training)


def _name_parameter(structure: Structure, name: str, parameter: Tensor) -> None:
    structure.parameter_names.setdefault(id(parameter), name)
    if name not in structure.parameters:
        structure.parameters[name] = weakref.ref(parameter)
        structure.parameter_infos[name] = ParameterInfo(
            name,
            tuple(parameter.shape),
            requires_grad=parameter.requires_grad,
            in_optimizer=id(parameter) in structure.trained_ids,
            module=name.rpartition(".")[0],
        )


def _prefixes(roots: list[nn.Module]) -> list[str]:
    """What stands before the names of each model's parts: nothing, its class, or its class and number."""
    if len(roots) == 1:
        return [""]
    kinds = [type(root).__name__ for root in roots]
    return [
        f"{kind}#{kinds[: at + 1].count(kind)}." if kinds.count(kind) > 1 else f"{kind}."
        for at, kind in enumerate(kinds)
    ]


def optimizer_parameters(optimizers: Iterable[Any]) -> set[int]:
    """Ids of all tensors that the optimizers hold."""
    return {id(p) for opt in optimizers for group in opt.param_groups for p in group["params"]}


def module_infos(
    structure: Structure, records: dict[str, ModuleRecord], activation_after: dict[str, str]
) -> tuple[ModuleInfo, ...]:
    """Leaf modules in the order in which the forward pass met them."""
    infos = []
    for name, info in structure.leaf_infos.items():
        activation = info.activation or activation_after.get(name, "")
        seen = records.get(name, ModuleRecord(order=UNKNOWN_ORDER, training=info.training))
        infos.append(
            replace(info, activation=activation, order=seen.order, training=seen.training, units=seen.units)
        )
    return tuple(sorted(infos, key=lambda info: info.order))


def parameter_infos(structure: Structure, modules: tuple[ModuleInfo, ...]) -> tuple[ParameterInfo, ...]:
    """Parameters in forward order of the modules that hold them."""
    order = {info.name: info.order for info in modules}
    infos = []
    for name, info in structure.parameter_infos.items():
        parameter = structure.parameters[name]()
        needs_grad = info.requires_grad if parameter is None else parameter.requires_grad
        infos.append(replace(info, requires_grad=needs_grad, order=order.get(info.module, UNKNOWN_ORDER)))
    return tuple(sorted(infos, key=lambda info: info.order))
