"""Normal noise on inputs, weights or gradients while the net trains.

What it is
    A net that never sees the same numbers twice cannot learn them by heart.  Noise on inputs makes it answer
    alike for inputs that lie close together; noise on weights makes it settle where the loss is flat; noise
    on gradients, fading with time, shakes it out of bad places early on.

Formula
    - ``where=input``: ``x + σ ε`` enters the first layer with weights
    - ``where=weights``: forward and backward pass are those of ``w + σ ε``, and the step starts from w
    - ``where=gradients``: ``g + σ (1 + t)^(−0.275) ε`` at step t; the variance falls as ``(1 + t)^(−0.55)``
    - ε is standard normal, drawn anew in every step from torch's random state

Shapes
    Inputs as the first layer takes them, that is after standardisation; matrices and filters; gradients of
    all weights.

Defaults
    where input.  sigma: of inputs 0.1 (ours: a tenth of a standard deviation), of weights 0.075 (Graves,
    Mohamed, Hinton), of gradients 0.1, the root of the least η of Neelakantan and others, 0.01.

When
    - few rows: noise on inputs acts like a penalty on steep functions
    - recurrent nets that overfit: noise on weights
    - very deep nets that start badly: noise on gradients

When not
    - inputs are counts or codes, between which nothing lies
    - the loss is noisy already: small batches

Confused with
    - augmentation `noise`: the same on the columns or pixels of a batch, before the net's own preparation
    - `dropout`: noise that multiplies

Example
    >>> import torch
    >>> from gradwise import regularize
    >>> net = torch.nn.Sequential(torch.nn.Linear(1, 1, bias=False))
    >>> _ = torch.nn.init.ones_(net[0].weight)
    >>> regularize.make("noise:sigma=0.5").wrap(net)
    >>> _ = torch.manual_seed(0)
    >>> round(net(torch.zeros(9999, 1)).std().item(), 1), net.eval()(torch.zeros(1, 1)).item()
    (0.5, 0.0)

Claims
    None of its own: expect less overfitting from the first two, and of noise on gradients little elsewhere
    than in very deep nets.

References
    - Bishop, Training with Noise is Equivalent to Tikhonov Regularization, Neural Computation 7, 1995
    - Graves, Mohamed, Hinton, Speech Recognition with Deep Recurrent Neural Networks, arXiv 1303.5778
    - Neelakantan and others, Adding Gradient Noise Improves Learning for Very Deep Networks, arXiv 1511.06807
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from gradwise.errors import UsageError
from gradwise.registry import Span
from gradwise.regularize.entering import Entering, layers
from gradwise.regularize.regulariser import Regulariser, RegulariserInfo, regularised

SIGMAS = {"input": 0.1, "weights": 0.075, "gradients": 0.1}  # see above
FADING = 0.55  # power of the variance over steps; Neelakantan and others


class Noise(Regulariser):
    """Normal noise.

    Args:
        where: ``input``, ``weights`` or ``gradients``.
        sigma: standard deviation; of gradients at the first step; None: the usual one.
    """

    turn: ClassVar[int] = 0  # weights are put back before others look at them
    repeatable: ClassVar[bool] = True

    def __init__(self, where: str = "input", sigma: float | None = None) -> None:
        self.where = where
        self.sigma = SIGMAS[where] if sigma is None else sigma
        self._steps = 0
        self._clean: list[tuple[Tensor, Tensor]] = []  # a weight and what it was
        self._hooks: list[Any] = []

    def wrap(self, model: nn.Module) -> None:
        """Hook into the first layer, where the noise is on the input.

        Raises:
            UsageError: there is no layer.
        """
        if self.where != "input":
            return
        first = next(iter(layers(model).values()), None)
        if first is None:
            raise UsageError("regulariser 'noise' needs a dense, convolutional or recurrent layer.")
        self._hooks.append(first.register_forward_pre_hook(Entering(self._noisy)))

    @torch.no_grad()
    def before_forward(self, model: nn.Module) -> None:
        """Add to the weights, where the noise is on them."""
        if self.where == "weights":
            self._clean = [(w, w.detach().clone()) for w in regularised(model, biases=False).values()]
            for weight, clean in self._clean:
                weight.copy_(self._noisy(clean))

    @torch.no_grad()
    def gradient(self, model: nn.Module, optimizer: Optimizer) -> None:
        """Put the weights back, to the bit; add to the gradients, where the noise is on them."""
        del optimizer
        for weight, clean in self._clean:
            weight.copy_(clean)
        self._clean = []
        if self.where == "gradients":
            size = self.sigma * (1 + self._steps) ** (-FADING / 2)
            for weight in model.parameters():
                if weight.grad is not None and not weight.grad.is_sparse:
                    weight.grad.add_(torch.randn_like(weight.grad), alpha=size)
        self._steps += 1

    def release(self) -> None:
        """Take the hook away."""
        while self._hooks:
            self._hooks.pop().remove()

    def state_dict(self) -> dict[str, Any]:
        """The steps so far."""
        return {"steps": self._steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """See `Regulariser`."""
        self._steps = int(state["steps"])

    def _noisy(self, values: Tensor) -> Tensor:
        return values + self.sigma * torch.randn_like(values) if values.is_floating_point() else values


REGULARISERS = (
    RegulariserInfo(
        "noise",
        Noise,
        "normal noise on inputs, weights or gradients",
        spans={"sigma": Span(0)},
        words={"where": tuple(SIGMAS)},
    ),
)
