"""Newton's method without the Hessian: only its products with vectors are computed, and exactly.

What it is
    Newton's step goes where the loss would be least if it were the parabola that touches it here.  The
    equation for that step is solved by conjugate gradients, which ask for nothing but products of the
    Hessian with a vector; a second backward pass through the gradient gives each of them.  Where the
    curvature is negative it stops there and goes down what it has.  SciPy does the work, in float64; one
    step of the optimizer is up to 20 iterations.

Also called
    newton, hessian-free, truncated-newton

Formula
    - ``H d = −g`` solved by conjugate gradients until ``‖H d + g‖₁ ≤ min(½, √‖g‖₁) ‖g‖₁``
    - ``w ← w + t d``, where t fulfils the Wolfe conditions
    - ``H v = ∂(g·v)/∂w``, by double backward

Shapes
    A handful of vectors as large as the weights, and the graph of one gradient.

Defaults
    20 iterations and 1,000 losses and products in a step (ours), done at a largest gradient component of 1e-5
    (SciPy's gtol of BFGS).  All training rows are one batch.

When
    - the loss is convex or nearly: logistic regression, small nets near the bottom
    - the exact minimum is wanted

When not
    - far from the bottom of a net: saddles end its inner loops early; `trust-ncg` bears them better
    - mini-batches or dropout, or much data: `adamw`

Confused with
    - `trust-ncg`: bounds the step first, in place of a line search afterwards
    - `bfgs`: an estimate of the inverse Hessian from gradients
    - Gauss-Newton: leaves out the part of the Hessian that may be negative

Example
    A parabola's bottom is one Newton step away, however long its valley.

    >>> import torch
    >>> from gradwise import optim
    >>> w = torch.nn.Parameter(torch.tensor([1.0, 1.0], dtype=torch.float64))
    >>> optimizer = optim.make("newton-cg", [w])
    >>> def closure(backward=True):
    ...     loss = (w.square() * torch.tensor([1.0, 1e4])).sum()
    ...     if backward:
    ...         optimizer.zero_grad()
    ...         loss.backward()
    ...     return loss
    >>> _ = optimizer.step(closure)
    >>> bool(w.abs().max() < 1e-6), optimizer.notes
    (True, [])

Claims
    - it needs few steps on small problems and does not scale

References
    - Nocedal, Wright, Numerical Optimization, 2nd edition, Springer 2006, algorithm 7.1
    - Pearlmutter, Fast Exact Multiplication by the Hessian, Neural Computation 6, 1994
    - Martens, Deep learning via Hessian-free optimization, ICML 2010
"""

from __future__ import annotations

from typing import Any

from gradwise.optim.full_batch import ScipyMinimizer
from gradwise.optim.optimizer import OptimizerInfo

SMALLEST_MOVE = (
    1e-9  # mean size of a weight's change at which SciPy gives up; float32 weights stand still then
)


class NewtonCG(ScipyMinimizer):
    """SciPy's Newton-CG with exact Hessian products."""

    method = "Newton-CG"
    curvature = True

    def _options(self, memory: dict[str, Any], tolerance: float) -> dict[str, Any]:
        del memory, tolerance  # it knows no gtol; the gradient is looked at after every iteration
        return {"xtol": SMALLEST_MOVE}


OPTIMIZERS = (
    OptimizerInfo(
        "newton-cg",
        NewtonCG,
        1.0,
        "there is none: a line search finds it",
        "Newton's method by exact Hessian products",
        aliases=("newton", "hessian-free", "truncated-newton"),
        whole="always",
        closure=True,
        rated=False,
    ),
)
