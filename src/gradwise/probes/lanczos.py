"""Extreme eigenvalues of a symmetric operator by Lanczos, with bounds on their errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Product = Callable[[Tensor], Tensor]

BREAKDOWN = 1e-10  # of the largest coefficient; below it the space is invariant and a new direction is drawn
CLOSE_ENOUGH = 1e-4  # residual over largest eigenvalue at which both ends count as found; ours


@dataclass(frozen=True, slots=True)
class Extremes:
    """Largest and smallest eigenvalue.

    Args:
        top: largest Ritz value.
        bottom: smallest one.
        top_error: an eigenvalue lies within this of ``top`` (norm of the Ritz residual).
        bottom_error: the same of ``bottom``.
        bottom_vector: Ritz vector of ``bottom``, unit length, shape (N,).
        products: operator applications that it took.
        complete: the whole space was spanned, so that nothing can lie beyond.
    """

    top: float
    bottom: float
    top_error: float
    bottom_error: float
    bottom_vector: Tensor
    products: int
    complete: bool


def extremes(
    product: Product,
    size: int,
    *,
    most: int = 80,
    seed: int = 0,
    stop: Callable[[], bool] = lambda: False,
    device: torch.device | str = "cpu",
) -> Extremes:
    """Lanczos with full reorthogonalisation, in float64.

    Args:
        product: v ↦ A v for vectors of shape (N,).
        size: N.
        most: products at most.
        seed: of the first vector, drawn from a generator of its own.
        stop: asked after each product but the first; True ends the iteration.
        device: where the vectors lie.

    Returns:
        The extremes found; for ``products == N`` they are exact up to rounding.

    >>> diagonal = torch.tensor([-1.0, 0.5, 4.0], dtype=torch.float64)
    >>> found = extremes(lambda v: diagonal * v, 3)
    >>> round(found.bottom, 6), round(found.top, 6)
    (-1.0, 4.0)
    """
    generator = torch.Generator().manual_seed(seed)

    def drawn() -> Tensor:
        return torch.randn(size, generator=generator, dtype=torch.float64).to(device)

    basis: list[Tensor] = [_unit(drawn())]
    alphas: list[float] = []
    betas: list[float] = []
    beta = 0.0
    for count in range(1, min(most, size) + 1):
        v = basis[-1]
        w = product(v).to(torch.float64)
        alphas.append(float(v @ w))
        q = torch.stack(basis)  # (m, N)
        w = w - q.T @ (q @ w)
        w = w - q.T @ (q @ w)  # twice is enough (Kahan; Parlett)
        beta = float(w.norm())
        scale = max(*map(abs, alphas), *betas, 1e-300)
        if not torch.isfinite(w).all():
            beta = float("nan")
            break
        invariant = beta <= BREAKDOWN * scale
        beta = 0.0 if invariant else beta
        if count == min(most, size) or (count > 1 and (stop() or _found(alphas, betas, beta))):
            break
        if invariant:
            w = drawn()
            w = w - q.T @ (q @ w)
            w = w - q.T @ (q @ w)
        betas.append(beta)
        basis.append(_unit(w))
    return _read(alphas, betas, beta, basis, complete=len(alphas) == size)


def _unit(vector: Tensor) -> Tensor:
    return vector / vector.norm()


def _ritz(alphas: list[float], betas: list[float]) -> tuple[Tensor, Tensor]:
    small = torch.diag(torch.tensor(alphas, dtype=torch.float64))
    if betas:
        side = torch.tensor(betas[: len(alphas) - 1], dtype=torch.float64)
        small += torch.diag(side, 1) + torch.diag(side, -1)
    values, vectors = torch.linalg.eigh(small)
    return values, vectors


def _found(alphas: list[float], betas: list[float], beta: float) -> bool:
    """Whether both ends are found; an exact zero says only that this subspace is spent."""
    if beta == 0.0:
        return False
    values, vectors = _ritz(alphas, betas)
    limit = CLOSE_ENOUGH * float(values.abs().amax())
    return bool(beta * abs(float(vectors[-1, 0])) < limit and beta * abs(float(vectors[-1, -1])) < limit)


def _read(
    alphas: list[float], betas: list[float], beta: float, basis: list[Tensor], *, complete: bool
) -> Extremes:
    if beta != beta:
        nan = float("nan")
        return Extremes(nan, nan, nan, nan, basis[0], len(alphas), complete=False)
    values, vectors = _ritz(alphas, betas)
    bottom_vector = _unit(torch.stack(basis[: len(alphas)]).T @ vectors[:, 0].to(basis[0].device))
    return Extremes(
        top=float(values[-1]),
        bottom=float(values[0]),
        top_error=beta * abs(float(vectors[-1, -1])),
        bottom_error=beta * abs(float(vectors[-1, 0])),
        bottom_vector=bottom_vector,
        products=len(alphas),
        complete=complete,
    )
