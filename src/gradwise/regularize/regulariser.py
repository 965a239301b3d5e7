"""What a regulariser declares, and the moments of a training at which one can act."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from gradwise.registry import Span

MATRICES_FROM = 2  # dimensions: matrices and filters are regularised, biases and the gains of norms are not


@dataclass(frozen=True, slots=True)
class RegulariserInfo:
    """A regulariser by name.

    Args:
        name: its usual name.
        maker: makes a `Regulariser`; its parameters are the options.
        summary: one clause.
        aliases: other names.
        spans: of options that take numbers.
        words: that an option takes, where it takes some only.
        setting: option and the setting of `gradwise fit` that says the same; None: it has none.
        smooth: a penalty with a slope everywhere, which optimizers that evaluate the loss themselves take.
        shrinks: weights, so that a fit adds no weight decay unasked.
    """

    name: str
    maker: Callable[..., Regulariser]
    summary: str
    aliases: tuple[str, ...] = ()
    spans: Mapping[str, Span] = field(default_factory=dict)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    setting: tuple[str, str] | None = None
    smooth: bool = False
    shrinks: bool = False


class Regulariser:
    """Base of all regularisers: nothing happens, at every moment at which something can.

    In a loop of one's own: `wrap` once, before the optimizer is made; in every step `before_forward`, the
    backward pass of the loss, `gradient`, the optimizer's step, `after_step`; `after_epoch` with the
    validation loss.
    """

    turn: ClassVar[int] = 1  # 0: before the others, 2: after them
    repeatable: ClassVar[bool] = False  # may be named twice

    def wrap(self, model: nn.Module) -> None:
        """Before training: hooks into the model, whose weights and their names stay as they are."""

    def parameters(self) -> list[nn.Parameter]:
        """What the optimizer is to learn beside the model's own."""
        return []

    def before_forward(self, model: nn.Module) -> None:
        """In every training step, before the forward pass."""

    def penalty(self, model: nn.Module) -> Tensor | None:
        """() what may be added to the loss in place of `gradient`; None: nothing is added."""
        del model
        return None

    def gradient(self, model: nn.Module, optimizer: Optimizer) -> None:
        """After backward and before the optimizer's step: the penalty's slope joins the gradients.

        The loss stays that of the data, so that training and validation loss can be compared.
        """
        del optimizer
        penalty = self.penalty(model)
        if penalty is not None:
            weights = [each for each in (*model.parameters(), *self.parameters()) if each.requires_grad]
            slopes = torch.autograd.grad(penalty, weights, allow_unused=True)
            add_to_gradients(weights, slopes)

    def after_step(self, model: nn.Module, optimizer: Optimizer) -> None:
        """After the optimizer's step."""

    def after_average(self, model: nn.Module, average: nn.Module) -> None:
        """After an average of the weights took in the model's."""

    def after_epoch(self, model: nn.Module, loss: float) -> bool:
        """After an epoch with this validation loss; True: training is to end."""
        del model, loss
        return False

    def folded(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Weights as the plain model needs them to do what the wrapped one does."""
        return dict(state)

    def release(self) -> None:
        """Take effect in no forward pass any more."""

    def told(self, model: nn.Module, state: Mapping[str, Tensor]) -> str:
        """A clause about what came out, of folded weights; "": nothing to tell."""
        del model, state
        return ""

    def state_dict(self) -> dict[str, Any]:
        """Numbers and tensors that a continuation needs."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`."""


def regularised(model: nn.Module, *, biases: bool) -> dict[str, nn.Parameter]:
    """Weights that are trained, by name: matrices and filters, with ``biases`` all others too."""
    return {
        name: weight
        for name, weight in model.named_parameters()
        if weight.requires_grad and (biases or weight.ndim >= MATRICES_FROM)
    }


@torch.no_grad()
def add_to_gradients(weights: Iterable[Tensor], slopes: Iterable[Tensor | None]) -> None:
    """Add to what backward left; a weight without a gradient gets one."""
    for weight, slope in zip(weights, slopes, strict=True):
        if slope is None:
            continue
        if weight.grad is None:
            weight.grad = slope.detach().clone()
        elif weight.grad.is_sparse:
            weight.grad = weight.grad.to_dense().add_(slope)
        else:
            weight.grad.add_(slope)


def zeros_told(weights: Iterable[Tensor]) -> str:
    """How many weights are exactly zero, as a clause.

    >>> zeros_told([torch.tensor([[0.0, 1.0], [0.0, 2.0]])])
    '50 % of 4 weights are exactly zero'
    """
    parts = [(int((weight == 0).sum()), weight.numel()) for weight in weights]
    zeros, count = (sum(part[place] for part in parts) for place in (0, 1))
    return f"{100 * zeros / max(count, 1):.3g} % of {count:,} weights are exactly zero"
