"""Several nets of one build as one net: their weights lie on top of each other, every row meets its own.

Rows come member by member: of M members with B rows each the first B rows are the first member's.  To all
that has no weights (activations, dropout, what a net's own code does with rows) they are one batch of M · B
rows; only modules with weights know of members.  Dense layers, nearly all of a small net, are one batched
product of matrices; all others go through `torch.func.vmap`, which serves any module and costs more.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from gradwise.errors import GradwiseError

AGREEMENT = 1e-4  # of the largest output: what another order of float32 sums explains

_RECURRENT = (nn.RNNBase, nn.RNNCellBase)
_COUNTING = (nn.modules.batchnorm._BatchNorm,)  # noqa: SLF001  (the only name that all batch-norms share)


class CannotStackError(GradwiseError):
    """Nets that cannot be trained as one; the message is a clause that says why."""


class Stack(nn.Module):
    """M nets of one build; (M · B, ...) rows, member by member, through their own weights.

    Args:
        nets: of the same build, with weights of their own; they are copied.

    Raises:
        CannotStackError: a part of them keeps state while it trains, is recurrent, or shares weights.

    >>> pair = [nn.Linear(1, 1, bias=False) for _ in range(2)]
    >>> for net, weight in zip(pair, (2.0, 3.0)):
    ...     _ = nn.init.constant_(net.weight, weight)
    >>> Stack(pair)(torch.ones(2, 1)).flatten().tolist()
    [2.0, 3.0]
    """

    def __init__(self, nets: Sequence[nn.Module]) -> None:
        super().__init__()
        _check(nets)
        self.members = len(nets)
        self.net = _stacked(nets)
        # Both walk the modules in the same order, so that names pair up.
        self.names = dict(zip(self.state_dict(), nets[0].state_dict(), strict=True))
        self.stacked = frozenset(name for name, _ in self.named_parameters())

    def forward(self, *inputs: Tensor) -> Tensor:
        """(M · B, ...) each -> (M · B, outputs)."""
        return cast("Tensor", self.net(*inputs))

    def weights(self, member: int, state: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """A copy of one member's weights and buffers, by the names of its own net.

        Args:
            member: counted from 0.
            state: of a stack of this build; None: this one's.
        """
        taken = self.state_dict() if state is None else state
        return {
            own: (taken[name][member] if name in self.stacked else taken[name]).detach().clone()
            for name, own in self.names.items()
        }


class Dense(nn.Module):
    """M linear layers: one batched product."""

    def __init__(self, layers: Sequence[nn.Linear]) -> None:
        super().__init__()
        self.members = len(layers)
        self.weight = _on_top([layer.weight for layer in layers])  # (M, outputs, inputs)
        biases = [layer.get_parameter("bias") for layer in layers] if _biased(layers[0]) else []
        self.bias = _on_top(biases) if biases else None  # (M, outputs)

    def forward(self, rows: Tensor) -> Tensor:
        """(M · B, ..., inputs) -> (M · B, ..., outputs)."""
        flat = rows.reshape(self.members, -1, rows.shape[-1])  # (M, B, inputs)
        turned = self.weight.mT
        if self.bias is None:
            out = torch.bmm(flat, turned)
        else:
            out = torch.baddbmm(self.bias.unsqueeze(1), flat, turned)
        return out.reshape(*rows.shape[:-1], -1)


class Mapped(nn.Module):
    """M modules of any kind, one of which is vectorised over the weights of all."""

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = len(modules)
        self.inner = copy.deepcopy(modules[0])
        for name, _ in modules[0].named_parameters():
            place, _, own = name.rpartition(".")
            weight = _on_top([module.get_parameter(name) for module in modules])
            self.inner.get_submodule(place).register_parameter(own, weight)

    def forward(self, *inputs: Tensor) -> Tensor:
        """(M · B, ...) each -> (M · B, ...)."""
        weights = dict(self.inner.named_parameters())
        apart = [rows.unflatten(0, (self.members, -1)) for rows in inputs]
        return vmap(self._one, randomness="different")(weights, *apart).flatten(0, 1)

    def _one(self, weights: dict[str, nn.Parameter], *inputs: Tensor) -> Tensor:
        return cast("Tensor", functional_call(self.inner, cast("dict[str, Tensor]", weights), inputs))


def check_agreement(stack: Stack, nets: Sequence[nn.Module], inputs: Sequence[Tensor]) -> None:
    """Refuse a stack that does not say of every row what the row's own net says of it.

    A net whose own code mixes rows is found here.  Cost: one forward pass of every net.

    Args:
        stack: of these nets.
        nets: on the same device.
        inputs: (M · B, ...) each.

    Raises:
        CannotStackError: an output differs by more than rounding.
    """
    members, rows = stack.members, len(inputs[0]) // stack.members
    modes = [(module, module.training) for net in (stack, *nets) for module in net.modules()]
    try:
        with torch.no_grad():
            together = stack.eval()(*inputs)
            parts = zip(*(tensor.split(rows) for tensor in inputs), strict=True)
            alone = torch.cat([net.eval()(*part) for net, part in zip(nets, parts, strict=True)])
    finally:
        for module, training in modes:
            module.training = training
    if together.shape != alone.shape:
        raise CannotStackError(f"{members} nets in one put out another shape")
    off, size = (together - alone).abs().max().item(), alone.abs().max().item()
    if not off <= AGREEMENT * max(1.0, size):
        raise CannotStackError(f"outputs of {members} nets in one differ by {off:.2g} from each one's own")


def _check(nets: Sequence[nn.Module]) -> None:
    first = nets[0]
    for name, module in first.named_modules():
        kind = type(module).__name__
        if isinstance(module, _RECURRENT):
            raise CannotStackError(f"{name} is recurrent ({kind})")
        if isinstance(module, _COUNTING) or _averages(module):
            raise CannotStackError(f"{name} keeps means of its batches ({kind})")
    tied = len(list(first.named_parameters(remove_duplicate=False))) - len(list(first.parameters()))
    if tied:
        raise CannotStackError("layers share weights")
    if not list(first.parameters()):
        raise CannotStackError("the net has no weights")
    for name, buffer in first.named_buffers():
        if any(not other.get_buffer(name).equal(buffer) for other in nets[1:]):
            raise CannotStackError(f"{name} is not the same in all nets")


def _averages(module: nn.Module) -> bool:
    """Whether a module keeps running averages, by the names that torch gives them."""
    return any(name.startswith("running_") for name, _ in module.named_buffers(recurse=False))


def _stacked(modules: Sequence[nn.Module]) -> nn.Module:
    first = modules[0]
    if not any(True for _ in first.parameters()):
        return copy.deepcopy(first)
    if type(first) is nn.Linear:
        return Dense(cast("Sequence[nn.Linear]", modules))
    if any(True for _ in first.parameters(recurse=False)):
        return Mapped(modules)
    twin = copy.deepcopy(first)
    for name, _ in first.named_children():
        setattr(twin, name, _stacked([module.get_submodule(name) for module in modules]))
    return twin


def _biased(layer: nn.Linear) -> bool:
    return any(name == "bias" for name, _ in layer.named_parameters())


def _on_top(weights: Sequence[Tensor]) -> nn.Parameter:
    """(M, ...)."""
    together = torch.stack([weight.detach() for weight in weights])
    return nn.Parameter(together, requires_grad=weights[0].requires_grad)
