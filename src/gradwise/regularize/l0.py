"""Gates that are learnt open or shut, with a price on every weight behind an open one.

What it is
    How many weights are not zero has no slope.  So every input of a layer gets a random gate, and its
    probability of being open is learnt: the loss pays for the weights that are expected to be open, as many
    as hang on each gate.  The gates are stretched beyond 0 and 1 and cut there, so they are exactly shut or
    fully open most of the time, and between them there is a slope.  In evaluation they stand still, and after
    the fit they are multiplied into the weights: what is kept is the plain net, with whole columns of zeros.

Also called
    hard-concrete

Formula
    - ``s = σ((log u − log(1 − u) + log α) / β)``, u evenly spread from 0 to 1, drawn for every batch
    - ``z = min(1, max(0, s (ζ − γ) + γ))``, with γ = −0.1 and ζ = 1.1; the input is multiplied by z
    - in evaluation ``ẑ = min(1, max(0, σ(log α) (ζ − γ) + γ))``
    - penalty ``λ Σ n σ(log α − β log(−γ / ζ))``, the expected number of weights that are not zero; n hang on
      each gate

Shapes
    One gate for each input of a dense layer and each input channel of a convolution without groups; n is the
    number of weights that it multiplies.  Recurrent layers and attention have none.

Defaults
    temperature β 2/3, γ, ζ, droprate 0.5 to begin with and 0.2 at the net's input (the paper and its code).
    strength λ 1e-4 for each weight (the paper has 0.1 divided by the number of rows, and this is for a
    thousand).  The gates learn at the rate of the weights and need some thousand steps; a fit keeps the epoch
    with the best validation loss, which may come before many of them have closed.

When
    - a net shall become smaller by whole units or inputs, with the decision learnt on the way
    - which inputs matter is the question

When not
    - the training is short: gates have no time to close
    - single weights may be zero anywhere: `l1` is simpler
    - accuracy is all that counts

Confused with
    - `dropout`: random gates too, whose probability is given, and which are all open in evaluation
    - `l1`: a price on size, which also shrinks the weights that stay

Example
    With log α = 0 a gate is open with probability σ(−β log(0.1 / 1.1)) = 0.83; two weights hang on each of 3.
    In evaluation it stands at 0.5 · 1.2 − 0.1.

    >>> import torch
    >>> from gradwise import regularize
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 2))
    >>> l0 = regularize.make("l0:strength=1")
    >>> l0.wrap(net)
    >>> for gate in l0.parameters():
    ...     _ = torch.nn.init.zeros_(gate)
    >>> round(l0.penalty(net).item(), 3)
    4.991
    >>> [round(w, 3) for w in l0.folded({"0.weight": torch.ones(2, 3)})["0.weight"][0].tolist()]
    [0.5, 0.5, 0.5]

Claims
    None of its own: expect fewer units at about the same accuracy, not a better one.

References
    Louizos, Welling, Kingma, Learning Sparse Neural Networks through L0 Regularization, arXiv 1712.01312.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from gradwise.errors import UsageError
from gradwise.registry import Span
from gradwise.regularize.entering import layers
from gradwise.regularize.regulariser import Regulariser, RegulariserInfo

STRENGTH = 1e-4  # per weight; 0.1 / N of Louizos and others, for 1000 rows
DROPRATE = 0.5  # at the beginning; code of Louizos and others
INPUT_DROPRATE = 0.2  # the same at the input
TEMPERATURE = 2 / 3  # Louizos and others, section 4
LOW, HIGH = -0.1, 1.1  # γ and ζ: ibid.
SPREAD = 0.01  # standard deviation of the first log α; code of Louizos and others
EDGE = 1e-6  # u stays so far from 0 and 1


class Gate:
    """The gates of one layer, as a forward pre-hook; a copy of the net shares them.

    Args:
        layer: (outputs, inputs, ...) weights.
        droprate: at the beginning.
        temperature: β.
    """

    def __init__(self, layer: nn.Module, droprate: float, temperature: float) -> None:
        weight = layer.get_parameter("weight")
        first = math.log(1 - droprate) - math.log(droprate)
        drawn = torch.randn(weight.shape[1]) * SPREAD + first
        self.logits = nn.Parameter(drawn.to(weight.device))  # log α
        self.size = weight.numel() // weight.shape[1]
        self.temperature = temperature

    def __deepcopy__(self, memo: dict[int, Any]) -> Gate:
        return self

    def __call__(self, layer: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """What a forward pre-hook is called with: (N, ..., inputs), or (N, inputs, ...) of a convolution."""
        gate = self.drawn() if layer.training else self.settled()
        spread = gate.view(-1, *[1] * (layer.get_parameter("weight").ndim - 2)).to(inputs[0].dtype)
        return (inputs[0] * spread, *inputs[1:])

    def drawn(self) -> Tensor:
        """(inputs,) z."""
        u = torch.empty_like(self.logits, requires_grad=False).uniform_(EDGE, 1 - EDGE)
        return self._stretched((u.log() - (1 - u).log() + self.logits) / self.temperature)

    def settled(self) -> Tensor:
        """(inputs,) ẑ."""
        return self._stretched(self.logits)

    def expected(self) -> Tensor:
        """() weights that are expected not to be zero."""
        return self.size * (self.logits - self.temperature * math.log(-LOW / HIGH)).sigmoid().sum()

    def _stretched(self, logits: Tensor) -> Tensor:
        return (logits.sigmoid() * (HIGH - LOW) + LOW).clamp(0, 1)


class L0(Regulariser):
    """Hard-concrete gates on what enters the layers.

    Args:
        strength: λ, the price of one weight.
        droprate: of hidden units at the beginning; inputs begin with 0.2 at most.
        temperature: β.
    """

    def __init__(
        self, strength: float = STRENGTH, droprate: float = DROPRATE, temperature: float = TEMPERATURE
    ) -> None:
        self.strength, self.droprate, self.temperature = strength, droprate, temperature
        self.gates: dict[str, Gate] = {}
        self._hooks: list[Any] = []

    def wrap(self, model: nn.Module) -> None:
        """Put gates before all layers that can have some.

        Raises:
            UsageError: there is no such layer.
        """
        for name, layer in layers(model).items():
            if isinstance(layer, nn.RNNBase) or getattr(layer, "groups", 1) != 1:
                continue
            share = self.droprate if self.gates else min(self.droprate, INPUT_DROPRATE)
            self.gates[name] = Gate(layer, share, self.temperature)
            self._hooks.append(layer.register_forward_pre_hook(self.gates[name]))
        if not self.gates:
            raise UsageError("regulariser 'l0' needs a dense or convolutional layer, and the net has none.")

    def parameters(self) -> list[nn.Parameter]:
        """The log α of every layer."""
        return [gate.logits for gate in self.gates.values()]

    def penalty(self, model: nn.Module) -> Tensor | None:
        """The price of the weights that are expected not to be zero."""
        del model
        return self.strength * torch.stack([gate.expected() for gate in self.gates.values()]).sum()

    @torch.no_grad()
    def folded(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Weights times the gates of evaluation."""
        made = dict(state)
        for name, gate in self.gates.items() if self._hooks else ():
            key = f"{name}.weight" if name else "weight"
            weight = made[key]
            made[key] = weight * gate.settled().view(1, -1, *[1] * (weight.ndim - 2)).to(weight.dtype)
        return made

    def release(self) -> None:
        """Take the gates away."""
        while self._hooks:
            self._hooks.pop().remove()

    def told(self, model: nn.Module, state: Mapping[str, Tensor]) -> str:
        """How many gates are shut, and how many weights with them."""
        del model
        weights = [(state[f"{name}.weight" if name else "weight"], gate) for name, gate in self.gates.items()]
        shut = [int((weight.transpose(0, 1).flatten(1) == 0).all(1).sum()) for weight, _ in weights]
        gates = sum(weight.shape[1] for weight, _ in weights)
        zeros = sum(count * gate.size for count, (_, gate) in zip(shut, weights, strict=True))
        share = 100 * zeros / sum(weight.numel() for weight, _ in weights)
        return f"{sum(shut)} of {gates} gates are shut, and {share:.3g} % of the weights with them"

    def state_dict(self) -> dict[str, Any]:
        """The log α, by layer."""
        return {name: gate.logits.detach() for name, gate in self.gates.items()}

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Into the gates as they are: the optimizer holds them."""
        for name, gate in self.gates.items():
            gate.logits.copy_(state[name])


REGULARISERS = (
    RegulariserInfo(
        "l0",
        L0,
        "learnt gates that shut off whole inputs of layers",
        aliases=("hard-concrete",),
        spans={
            "strength": Span(0),
            "droprate": Span(0, 0.99, beyond=True),
            "temperature": Span(0, 1, beyond=True),
        },
    ),
)
