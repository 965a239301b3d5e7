"""The Hessian of a loss at given weights: its ends, its trace, and what kind of place that is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from gradwise.probes.lanczos import Extremes, extremes
from gradwise.probes.stopwatch import Stopwatch

Kind = Literal["minimum", "saddle", "strict saddle", "maximum", "flat", "unknown"]
Losses = Sequence[Callable[[], Tensor]]

HUTCHINSON = 16  # random vectors for the trace, at most
ROUNDING = 50.0  # times the number format's precision, of the largest eigenvalue; ours
UNFINISHED = 0.01  # residual over largest eigenvalue above which the small end was not found; ours
WALK = 0.05  # length of the walk along a flat direction, of the length of the weights; ours


@dataclass(frozen=True, slots=True)
class Curvature:
    """What was found.

    Args:
        top: largest eigenvalue, the sharpness.
        bottom: smallest eigenvalue.
        top_error: an eigenvalue lies within this of ``top``.
        bottom_error: the same of ``bottom``.
        tolerance: what counts as zero: the larger of both errors and rounding.
        trace: sum of all eigenvalues, estimated.
        trace_error: its standard error.
        gradient: norm of the gradient there; a place is stationary only where it is near 0.
        parameters: number of weights.
        products: Hessian products for the eigenvalues.
        kind: minimum, saddle, strict saddle, maximum, flat, or unknown where something is not finite or the
            small end was not found in time.
    """

    top: float
    bottom: float
    top_error: float
    bottom_error: float
    tolerance: float
    trace: float
    trace_error: float
    gradient: float
    parameters: int
    products: int
    kind: Kind

    @property
    def sharpness(self) -> float:
        """The largest eigenvalue."""
        return self.top


def curvature(
    losses: Losses, parameters: Sequence[Tensor], *, watch: Stopwatch, seed: int = 0, most: int = 80
) -> Curvature:
    """The Hessian of the mean of several losses.

    Args:
        losses: each computes one loss from the parameters, always the same.
        parameters: the weights, leaves that require gradients.
        watch: half of its time goes to the eigenvalues, the rest to the trace.
        seed: of all random vectors.
        most: Hessian products for the eigenvalues, at most.
    """
    field = _Field(losses, parameters)
    with differentiable():
        gradient = field.gradient()
        half = watch.part(2)
        found = extremes(
            field.product,
            field.size,
            most=most,
            seed=seed,
            stop=lambda: half.over,
            device=gradient.device,
        )
        trace, error = _trace(field, watch, seed)
        precision = max(float(torch.finfo(p.dtype).eps) for p in parameters)
        scale = max(abs(found.top), abs(found.bottom))
        tolerance = max(found.top_error, found.bottom_error, ROUNDING * precision * scale)
        kind = _kind(found, tolerance, field, gradient, precision)
    return Curvature(
        top=found.top,
        bottom=found.bottom,
        top_error=found.top_error,
        bottom_error=found.bottom_error,
        tolerance=tolerance,
        trace=trace,
        trace_error=error,
        gradient=float(gradient.norm()),
        parameters=field.size,
        products=found.products,
        kind=kind,
    )


@contextlib.contextmanager
def differentiable() -> Iterator[None]:
    """Kernels that can be differentiated twice: no cuDNN or oneDNN for recurrent nets, plain attention."""
    onednn = torch._C._get_mkldnn_enabled()  # the public context manager warns of TF32
    torch._C._set_mkldnn_enabled(False)
    try:
        with torch.backends.cudnn.flags(enabled=False), sdpa_kernel(SDPBackend.MATH), torch.enable_grad():
            yield
    finally:
        torch._C._set_mkldnn_enabled(onednn)


class _Field:
    """Value, gradient and exact Hessian products of the mean loss, over flat vectors in float64."""

    def __init__(self, losses: Losses, parameters: Sequence[Tensor]) -> None:
        self.losses, self.parameters = losses, list(parameters)
        self.size = sum(p.numel() for p in self.parameters)

    def value(self) -> float:
        with torch.no_grad():
            return sum(float(loss()) for loss in self.losses) / len(self.losses)

    def gradient(self) -> Tensor:
        return self._mean(lambda loss: torch.autograd.grad(loss, self.parameters, allow_unused=True))

    def product(self, vector: Tensor) -> Tensor:
        parts = self._parts(vector)

        def one(loss: Tensor) -> tuple[Tensor | None, ...]:
            slopes = torch.autograd.grad(loss, self.parameters, create_graph=True, allow_unused=True)
            pairs = [(s, v) for s, v in zip(slopes, parts, strict=True) if s is not None and s.requires_grad]
            if not pairs:
                return (None,) * len(self.parameters)
            along = torch.stack([(s * v).sum() for s, v in pairs]).sum()
            found: tuple[Tensor | None, ...] = torch.autograd.grad(along, self.parameters, allow_unused=True)
            return found

        return self._mean(one)

    def moved(self, vector: Tensor) -> None:
        """Move the weights by a vector."""
        with torch.no_grad():
            for parameter, part in zip(self.parameters, self._parts(vector), strict=True):
                parameter.add_(part)

    def _mean(self, of: Callable[[Tensor], Sequence[Tensor | None]]) -> Tensor:
        total = torch.zeros(self.size, dtype=torch.float64, device=self.parameters[0].device)
        for loss in self.losses:
            flat = [
                (torch.zeros_like(p) if t is None else t).reshape(-1).to(total)
                for p, t in zip(self.parameters, of(loss()), strict=True)
            ]
            total += torch.cat(flat)
        return total / len(self.losses)

    def _parts(self, vector: Tensor) -> list[Tensor]:
        pieces = vector.split([p.numel() for p in self.parameters])
        return [piece.reshape(p.shape).to(p) for piece, p in zip(pieces, self.parameters, strict=True)]


def _trace(field: _Field, watch: Stopwatch, seed: int) -> tuple[float, float]:
    """Hutchinson's estimate with signs as random vectors, and its standard error; NaN from one alone."""
    generator = torch.Generator().manual_seed(seed + 1)
    seen: list[float] = []
    for _ in range(HUTCHINSON):
        signs = torch.randint(0, 2, (field.size,), generator=generator, dtype=torch.float64) * 2 - 1
        signs = signs.to(field.parameters[0].device)
        seen.append(float(signs @ field.product(signs)))
        if watch.over and len(seen) >= 2:
            break
    values = torch.tensor(seen, dtype=torch.float64)
    return float(values.mean()), float(values.std() / len(seen) ** 0.5)


def _kind(found: Extremes, tolerance: float, field: _Field, gradient: Tensor, precision: float) -> Kind:
    if not tolerance < float("inf"):
        return "unknown"
    if found.top <= tolerance and found.bottom >= -tolerance:
        return "flat"
    if found.bottom < -tolerance:
        return "strict saddle" if found.top > tolerance else "maximum"
    if found.bottom > tolerance:
        return "minimum"
    if found.bottom_error > UNFINISHED * max(abs(found.top), abs(found.bottom)):
        return "unknown"  # zero only because the time was over
    return "saddle" if _falls(field, found.bottom_vector, gradient, precision) else "minimum"


def _falls(field: _Field, direction: Tensor, gradient: Tensor, precision: float) -> bool:
    """Whether the loss falls along a direction without curvature, beyond what its slope there says."""
    length = WALK * max(
        float(sum(float(p.detach().double().square().sum()) for p in field.parameters)) ** 0.5, 1.0
    )
    here, slope = field.value(), float(gradient @ direction)
    kept = [p.detach().clone() for p in field.parameters]
    changes = []
    for sign in (1.0, -1.0):
        field.moved(sign * length * direction)
        changes.append(field.value() - here - sign * length * slope)
        with torch.no_grad():
            for parameter, value in zip(field.parameters, kept, strict=True):
                parameter.copy_(value)
    noise = ROUNDING * precision * max(abs(here), abs(slope) * length, length**2 * precision)
    return min(changes) < -noise
