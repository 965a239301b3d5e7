"""Descent along directions that do not undo each other: conjugate gradients on any loss.

What it is
    Every direction is the steepest one plus as much of the last direction as keeps the two from working
    against each other.  It needs no matrix and no history, only a good line search.  SciPy does the work,
    in float64; one step of the optimizer is up to 20 iterations, after which it starts anew with steepest
    descent.

Also called
    cg, conjugate-gradient

Formula
    - ``β = max(0, gₜ₊₁·(gₜ₊₁ − gₜ) / (gₜ·gₜ))`` (Polak and Ribière)
    - ``d ← −gₜ₊₁ + β d``
    - ``w ← w + t d``, where t fulfils the strong Wolfe conditions

Shapes
    A handful of vectors as large as the weights.

Defaults
    20 iterations in a step (as torch's L-BFGS), done at a largest gradient component of 1e-5 (SciPy's gtol).
    All training rows are one batch.

When
    - all rows fit into a batch and memory allows neither a matrix nor a history

When not
    - `l-bfgs` fits into memory: it nearly always needs fewer passes
    - mini-batches or dropout: directions of different functions are not conjugate

Confused with
    - conjugate gradients for linear equations: what this becomes on a parabola
    - `newton-cg`: solves Newton's equation with those

Example
    On a parabola of two dimensions two exact line searches are enough.

    >>> import torch
    >>> from gradwise import optim
    >>> w = torch.nn.Parameter(torch.tensor([1.0, 1.0], dtype=torch.float64))
    >>> optimizer = optim.make("cg", [w])
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (w.square() * torch.tensor([1.0, 50.0])).sum()
    ...     loss.backward()
    ...     return loss
    >>> _ = optimizer.step(closure)
    >>> bool(w.abs().max() < 1e-5), optimizer.memory["converged"]
    (True, True)

Claims
    - none of its own; one may expect it to need more passes than `l-bfgs` and far fewer than `bgd`

References
    Nocedal, Wright, Numerical Optimization, 2nd edition, Springer 2006, section 5.2.
"""

from __future__ import annotations

from gradwise.optim.full_batch import ScipyMinimizer
from gradwise.optim.optimizer import OptimizerInfo


class NonlinearCG(ScipyMinimizer):
    """SciPy's nonlinear conjugate gradients, by Polak and Ribière."""

    method = "CG"


OPTIMIZERS = (
    OptimizerInfo(
        "nonlinear-cg",
        NonlinearCG,
        1.0,
        "there is none: a line search finds it",
        "directions that do not undo each other",
        aliases=("cg", "conjugate-gradient"),
        whole="always",
        closure=True,
        rated=False,
    ),
)
