"""Several regularisers as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from gradwise.regularize.regulariser import Regulariser

Kind = TypeVar("Kind", bound=Regulariser)


class Regularisers(Regulariser):
    """Regularisers that act one after the other, at every moment in the order of their turns and names.

    Args:
        parts: by their written names.

    >>> from gradwise import regularize
    >>> both = regularize.make("l2:strength=2, max-norm:norm=1")
    >>> list(both.parts)
    ['l2:strength=2', 'max-norm:norm=1']
    """

    def __init__(self, parts: Mapping[str, Regulariser] = MappingProxyType({})) -> None:
        self.parts = dict(sorted(parts.items(), key=lambda item: item[1].turn))

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.parts)

    def __iter__(self) -> Iterator[Regulariser]:
        return iter(self.parts.values())

    def only(self, kind: type[Kind]) -> Kind | None:
        """The part of this kind, if there is one."""
        return next((part for part in self if isinstance(part, kind)), None)

    def without(self, *kinds: type[Regulariser]) -> Regularisers:
        """All parts but those of these kinds."""
        return Regularisers({name: part for name, part in self.parts.items() if not isinstance(part, kinds)})

    def wrap(self, model: nn.Module) -> None:
        """See `Regulariser`."""
        for part in self:
            part.wrap(model)

    def parameters(self) -> list[nn.Parameter]:
        """See `Regulariser`."""
        return [weight for part in self for weight in part.parameters()]

    def before_forward(self, model: nn.Module) -> None:
        """See `Regulariser`."""
        for part in self:
            part.before_forward(model)

    def penalty(self, model: nn.Module) -> Tensor | None:
        """The sum of all penalties; None where nobody has one."""
        penalties = [penalty for part in self if (penalty := part.penalty(model)) is not None]
        return torch.stack(penalties).sum() if penalties else None

    def added(self, loss: Tensor, model: nn.Module) -> Tensor:
        """The loss with all penalties."""
        penalty = self.penalty(model)
        return loss if penalty is None else loss + penalty

    def gradient(self, model: nn.Module, optimizer: Optimizer) -> None:
        """See `Regulariser`."""
        for part in self:
            part.gradient(model, optimizer)

    def after_step(self, model: nn.Module, optimizer: Optimizer) -> None:
        """See `Regulariser`."""
        for part in self:
            part.after_step(model, optimizer)

    def after_average(self, model: nn.Module, average: nn.Module) -> None:
        """See `Regulariser`."""
        for part in self:
            part.after_average(model, average)

    def after_epoch(self, model: nn.Module, loss: float) -> bool:
        """True when one of them wants training to end."""
        return any([part.after_epoch(model, loss) for part in self])  # noqa: C419  all are asked

    def folded(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """See `Regulariser`."""
        for part in self:
            state = part.folded(state)
        return dict(state)

    def release(self) -> None:
        """See `Regulariser`."""
        for part in self:
            part.release()

    def told(self, model: nn.Module, state: Mapping[str, Tensor]) -> str:
        """What all have to tell, each by its name."""
        clauses = {name.partition(":")[0]: part.told(model, state) for name, part in self.parts.items()}
        return "; ".join(f"{name}: {clause}" for name, clause in clauses.items() if clause)

    def state_dict(self) -> dict[str, Any]:
        """See `Regulariser`."""
        return {name: part.state_dict() for name, part in self.parts.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """See `Regulariser`."""
        for name, part in self.parts.items():
            part.load_state_dict(state[name])
