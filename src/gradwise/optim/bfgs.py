"""Newton's way downhill from gradients alone, with the whole inverse Hessian kept as a matrix.

What it is
    As `l-bfgs`, but nothing is forgotten: an estimate of the inverse Hessian is corrected after every
    iteration so that it explains the last change of the gradient.  SciPy does the work, in float64; one
    step of the optimizer is up to 20 iterations, and the next step goes on with the matrix.

Formula
    - ``s = wₜ₊₁ − wₜ``, ``y = gₜ₊₁ − gₜ``, ``ρ = 1 / (y·s)``
    - ``H ← (I − ρ s yᵀ) H (I − ρ y sᵀ) + ρ s sᵀ``, from the identity
    - ``w ← w − t H g``, where t fulfils the Wolfe conditions

Shapes
    H is N × N for N weights, and SciPy's update multiplies such matrices: N³ per iteration.

Defaults
    20 iterations in a step (as torch's L-BFGS), done at a largest gradient component of 1e-5 (SciPy's gtol);
    2,000 weights at most (ours: an iteration takes about a second there).  All training rows are one batch.

When
    - a few hundred weights and a smooth loss: a formula, a tiny net, a logistic regression

When not
    - more weights: `l-bfgs` does nearly the same in a small part of the memory
    - mini-batches or dropout: curvature cannot be read from changing functions

Confused with
    - `l-bfgs`: see above
    - `newton-cg`: takes the true Hessian in place of an estimate

Example
    Rosenbrock's valley from (−1.2, 1) to its bottom at (1, 1).

    >>> import torch
    >>> from gradwise import optim
    >>> w = torch.nn.Parameter(torch.tensor([-1.2, 1.0], dtype=torch.float64))
    >>> optimizer = optim.make("bfgs", [w], iterations=50)
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = 100 * (w[1] - w[0] ** 2) ** 2 + (1 - w[0]) ** 2
    ...     loss.backward()
    ...     return loss
    >>> _ = optimizer.step(closure)
    >>> [round(value, 4) for value in w.tolist()], optimizer.memory["converged"]
    ([1.0, 1.0], True)

Claims
    - Newton's method and BFGS need few steps on small problems and do not scale

References
    Nocedal, Wright, Numerical Optimization, 2nd edition, Springer 2006, algorithm 6.1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from gradwise.optim.flat_problem import FlatProblem
from gradwise.optim.full_batch import ScipyMinimizer
from gradwise.optim.optimizer import OptimizerInfo


class BFGS(ScipyMinimizer):
    """SciPy's BFGS; the inverse Hessian is kept from step to step."""

    method = "BFGS"
    largest = 2_000  # parameters: N³ per iteration, about a second there on one core

    def _options(self, memory: dict[str, Any], tolerance: float) -> dict[str, Any]:
        inverse = memory.get("inverse")
        options: dict[str, Any] = {"gtol": tolerance}
        return options if inverse is None else {**options, "hess_inv0": inverse.numpy()}

    def _kept(self, result: Any, problem: FlatProblem) -> dict[str, Any]:
        del problem
        if result is None:
            return {}
        inverse = np.asarray(result.hess_inv, np.float64)
        inverse = (inverse + inverse.T) / 2
        try:
            np.linalg.cholesky(inverse)  # SciPy goes on from positive definite matrices only
        except np.linalg.LinAlgError:
            return {"inverse": None}
        return {"inverse": torch.from_numpy(inverse)}


OPTIMIZERS = (
    OptimizerInfo(
        "bfgs",
        BFGS,
        1.0,
        "there is none: a line search finds it",
        "curvature from all steps, as a matrix",
        whole="always",
        closure=True,
        rated=False,
    ),
)
