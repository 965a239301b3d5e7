"""Newton's method in a ball: no step is longer than the last ones showed the parabola can be trusted.

What it is
    As `newton-cg`, but the step is bounded before it is sought.  Where the loss then falls as the parabola
    said, the ball grows, where it does not, it shrinks and the step is taken back.  Negative curvature is
    used: it goes along it to the rim of the ball, which leads away from saddles.  SciPy does the work, in
    float64; one step of the optimizer is up to 20 iterations, and the next goes on with the size of the
    ball.

Also called
    trust-region, trust-region-newton-cg

Formula
    - ``d ≈ argmin g·d + ½ d·H d`` with ``‖d‖ ≤ Δ``, by Steihaug's conjugate gradients
    - ``ρ = (loss(w) − loss(w + d)) / (what the parabola said)``
    - ``w ← w + d`` if ρ > 0.15; ``Δ ← Δ/4`` if ρ < 0.25, ``2 Δ`` if ρ > 0.75 and d reaches the rim
    - ``H v = ∂(g·v)/∂w``, by double backward

Shapes
    A handful of vectors as large as the weights, and the graph of one gradient.

Defaults
    Δ 1 at first and 1,000 at most (SciPy's); 20 iterations and 1,000 losses and products in a step (ours),
    done at a largest gradient component of 1e-5 (SciPy's gtol of BFGS).  All training rows are one batch.

When
    - a small net, all rows at once, and saddles on the way
    - the exact minimum is wanted

When not
    - mini-batches or dropout, or much data: `adamw`

Confused with
    - `newton-cg`: a line search afterwards in place of a bound before
    - gradient clipping: bounds the gradient, whatever the curvature

Example
    From a saddle's neighbourhood it follows the negative curvature down to a minimum at ±1.

    >>> import torch
    >>> from gradwise import optim
    >>> w = torch.nn.Parameter(torch.tensor([1e-3, 0.5], dtype=torch.float64))
    >>> optimizer = optim.make("trust-ncg", [w])
    >>> def closure(backward=True):
    ...     loss = (w[0] ** 2 - 1) ** 2 + w[1] ** 2
    ...     if backward:
    ...         optimizer.zero_grad()
    ...         loss.backward()
    ...     return loss
    >>> _ = optimizer.step(closure)
    >>> [round(abs(value), 4) for value in w.tolist()]
    [1.0, 0.0]

Claims
    - it needs few steps on small problems and does not scale
    - most critical points met in training are saddles

References
    - Steihaug, The conjugate gradient method and trust regions in large scale optimization, SIAM Journal on
      Numerical Analysis 20, 1983
    - Nocedal, Wright, Numerical Optimization, 2nd edition, Springer 2006, algorithms 4.1 and 7.2
"""

from __future__ import annotations

from typing import Any

from gradwise.optim.flat_problem import FlatProblem
from gradwise.optim.full_batch import ScipyMinimizer
from gradwise.optim.optimizer import OptimizerInfo

RADIUS = (1e-6, 1.0, 500.0)  # least, first and most of a step's start; SciPy starts at 1 and stops at 1,000


class TrustNCG(ScipyMinimizer):
    """SciPy's trust-ncg with exact Hessian products; a step starts with twice the last move as its radius."""

    method = "trust-ncg"
    curvature = True

    def _options(self, memory: dict[str, Any], tolerance: float) -> dict[str, Any]:
        return {"gtol": tolerance, "initial_trust_radius": memory.get("radius", RADIUS[1])}

    def _kept(self, result: Any, problem: FlatProblem) -> dict[str, Any]:
        del result
        least, first, most = RADIUS
        return {"radius": min(most, max(least, 2 * problem.moved)) if problem.moved else first}


OPTIMIZERS = (
    OptimizerInfo(
        "trust-ncg",
        TrustNCG,
        1.0,
        "there is none: the ball's radius follows the loss",
        "Newton's method by exact Hessian products, in a ball",
        aliases=("trust-region", "trust-region-newton-cg"),
        whole="always",
        closure=True,
        rated=False,
    ),
)
