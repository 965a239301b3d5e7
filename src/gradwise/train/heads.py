"""Losses that look into a net, at what its last linear layer takes or at auxiliary classifiers, as it trains.

The net stays as it is: its weights, their names and its outputs.  While gradients are wanted a hook keeps
what enters the last linear layer, or what an auxiliary classifier puts out, and the loss takes it from there;
in evaluation nothing is kept, and the loss is that of the outputs alone, which predictions are judged by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from gradwise import losses
from gradwise.errors import UsageError
from gradwise.nets.auxiliary import Auxiliary

ROUNDING = 0.05  # of the largest output: what bfloat16 may change


def criterion_for(
    loss: str, model: nn.Module, *, outputs: int, weights: Sequence[float] | None = None
) -> nn.Module:
    """A loss by name for this net: a module of (outputs, target).

    Args:
        loss: a name of `gradwise.losses.LOSSES`, with options after a colon.
        model: a loss that takes features gets them from its last linear layer; where it has auxiliary
            classifiers, their shares of the loss are added.
        outputs: of the net.
        weights: of every class, or of every label's positives.

    Raises:
        UsageError: options that the loss does not take, or a net without a linear layer of so many outputs.
    """
    main, plain = _of_outputs_or_head(loss, model, outputs, weights)
    sides = [module for module in model.modules() if isinstance(module, Auxiliary)]
    return AuxiliaryLoss(main, plain, sides) if sides else main


def _of_outputs_or_head(
    loss: str, model: nn.Module, outputs: int, weights: Sequence[float] | None
) -> tuple[nn.Module, nn.Module]:
    """The loss, and the one that looks at outputs alone."""
    declared = losses.LOSSES[loss]
    if declared.takes == "outputs":
        made = losses.make(loss, weights=weights)
        return made, made
    head = _head(model, outputs)
    if head is None:
        raise UsageError(
            f"loss {declared.name!r} takes a net with a linear layer of {outputs} outputs, and "
            f"{type(model).__name__} has none; take cross-entropy."
        )
    sizes: dict[str, Any] = {"classes": outputs, "features": head.in_features} if declared.sized else {}
    if sizes.keys() & losses.LOSSES.parse(loss)[1].keys():
        raise UsageError(
            f"loss {loss!r} takes {' and '.join(sizes)} from the net, got others; leave them out."
        )
    given = weights if declared.takes == "head" else None
    made = losses.make(loss, weights=given, **sizes)
    found = HeadLoss(declared, made, losses.make("cross-entropy", weights=weights), head)
    return found, found.plain


class Tap:
    """A hook that keeps what a layer takes or puts out until it is fetched; a copy of the net has its own."""

    def __init__(self) -> None:
        self.features: Tensor | None = None

    def __call__(self, _layer: nn.Module, inputs: tuple[Tensor, ...], outputs: Tensor | None = None) -> None:
        """What a forward pre-hook is called with, and with outputs a forward hook."""
        if torch.is_grad_enabled():
            self.features = inputs[0] if outputs is None else outputs

    def __deepcopy__(self, _memory: Mapping[int, Any]) -> Tap:
        return Tap()

    def take(self) -> Tensor | None:
        """What was kept; it is kept no longer."""
        features, self.features = self.features, None
        return features


class HeadLoss(nn.Module):
    """A loss of the features and the weights of a net's last linear layer, as one of (outputs, target).

    With gradients: a loss of features is added to the cross-entropy of the outputs, one of the head stands
    for it.  Without: cross-entropy of the outputs.

    Args:
        declared: what the loss takes.
        loss: of (features, target), or of (outputs, target, features, weight).
        plain: cross-entropy of (outputs, target).
        head: the net's last linear layer; it gets the hook, and stays the net's.
    """

    def __init__(self, declared: losses.Loss, loss: nn.Module, plain: nn.Module, head: nn.Linear) -> None:
        super().__init__()
        self.name, self.takes = declared.name, declared.takes
        self.loss, self.plain = loss, plain
        self._head = (head,)  # in a tuple: its weights are not this module's
        self._tap = Tap()
        head.register_forward_pre_hook(self._tap)
        self._checked = False

    def forward(self, outputs: Tensor, target: Tensor) -> Tensor:
        """(N, K) outputs of the net's latest forward pass; (N,) class ids -> scalar.

        Raises:
            UsageError: the outputs are not what the last linear layer put out.
        """
        if not torch.is_grad_enabled():
            return self.plain(outputs, target)
        features = self._tap.take()
        if features is None:
            raise UsageError(
                f"loss {self.name!r} takes outputs of a forward pass with gradients, got others."
            )
        if not self._checked:
            self._check(outputs, features)
        if self.takes == "head":
            return self.loss(outputs, target, features, self._head[0].weight)
        return self.plain(outputs, target) + self.loss(features, target)

    @torch.no_grad()
    def _check(self, outputs: Tensor, features: Tensor) -> None:
        """Once: is it this layer that makes the outputs?  One sync."""
        self._checked, layer = True, self._head[0]
        bias = None if layer.bias is None else layer.bias.float()
        made = functional.linear(
            features.float(), layer.weight.float(), bias
        ).float()  # autocast makes it short
        outputs = outputs.float()
        largest = float(outputs.nan_to_num(0.0, 0.0, 0.0).abs().max())
        if made.shape == outputs.shape and torch.allclose(
            made, outputs, rtol=0.0, atol=ROUNDING * largest, equal_nan=True
        ):
            return
        raise UsageError(
            f"loss {self.name!r} takes a net whose outputs are those of its last linear layer "
            f"{tuple(made.shape)}, and these {tuple(outputs.shape)} are others; take cross-entropy."
        )


class AuxiliaryLoss(nn.Module):
    """A loss to which those of auxiliary classifiers are added while gradients are wanted.

    A classifier that the latest forward pass did not call, as in evaluation mode, adds nothing.

    Args:
        main: of (outputs, target).
        plain: of (outputs, target), for what the classifiers put out.
        sides: the classifiers; they get hooks, and stay the net's.
    """

    def __init__(self, main: nn.Module, plain: nn.Module, sides: Sequence[Auxiliary]) -> None:
        super().__init__()
        self.main, self.plain = main, plain
        self._taps = [(side.share, Tap()) for side in sides]
        for side, (_, tap) in zip(sides, self._taps, strict=True):
            side.register_forward_hook(tap)

    def forward(self, outputs: Tensor, target: Tensor) -> Tensor:
        """(N, K) outputs of the net's latest forward pass; (N,) or (N, K) target -> scalar."""
        loss: Tensor = self.main(outputs, target)
        if not torch.is_grad_enabled():
            return loss
        for share, tap in self._taps:
            said = tap.take()
            if said is not None:
                loss = loss + share * self.plain(said, target)
        return loss


def _head(model: nn.Module, outputs: int) -> nn.Linear | None:
    """The last linear layer with so many outputs."""
    found = None
    for module in model.modules():
        if isinstance(module, nn.Linear) and module.out_features == outputs:
            found = module
    return found
