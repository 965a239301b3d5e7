"""A flat function that passes within a tube of most rows, bent by a kernel.

What it is
    The support-vector machine for numbers.  Errors smaller than ε cost nothing, larger ones what lies beyond;
    among the functions of equal cost the flattest is taken.  Rows within the tube drop out, and those outside
    pull alike however far off they are, so single wild rows do little harm.

Also called
    support-vector-regression, svr-linear, svr-poly, svr-rbf, svr-sigmoid

Formula
    - the least ``½ ‖w‖² + C Σ max(0, |y − w·φ(x) − b| − ε)``
    - kernels as for `svm`

Shapes
    X (N, D).  A fit takes N² · D to N³ · D, a prediction of M rows M · (support vectors) · D.

Defaults
    Kernel rbf, ε 0.1 of the target's deviation (scikit-learn's 0.1 on a standardised target).  C is searched
    over 1, 10, 0.1, 100, γ over ``scale`` and 0.2 / D, the degree of the polynomial over 3 and 2.  Beyond
    10,000 training rows a linear model takes its place, on coordinates by Nyström where the kernel bends.

When
    - some hundreds to some thousand rows and a target that bends
    - single targets are far off

When not
    - very many rows: `ridge`, nets
    - the weights are to be read: `lasso`, `ridge`

Confused with
    - `svm`: for classes
    - `huber`: errors count linearly beyond a bound, but small ones count too

Example
    Within the tube all errors are free: the flattest function that keeps them below ε.

    >>> from gradwise import baselines
    >>> model = baselines.make("svr-linear:c=100,epsilon=0.5", "numbers").fit([[-1.0], [1.0]], [-1.0, 1.0])
    >>> round(float(model.predict([[1.0]])[0]), 2)
    0.5

Claims
    One may expect more than from a line where the target bends and rows are some thousands.

References
    Drucker, Burges, Kaufman, Smola, Vapnik, Support Vector Regression Machines, NIPS 1996.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradwise.baselines import svm
from gradwise.baselines.baseline import NUMBERS, Baseline, Case
from gradwise.registry import Span

TUBE = 0.1  # of the target's deviation; scikit-learn's default


def build(
    case: Case,
    *,
    kernel: str = "rbf",
    c: float = 1.0,
    gamma: float | str = svm.SCALE,
    degree: int = 3,
    epsilon: float = TUBE,
) -> Any:
    """The exact solver, or for many rows a linear one; the target is standardised."""
    from sklearn.multioutput import MultiOutputRegressor
    from sklearn.svm import LinearSVR

    from gradwise.baselines.kernels import FastSVR
    from gradwise.baselines.targets import standardised

    if case.rows <= svm.EXACT_ROWS:
        shape = {"degree": degree, "coef0": 1.0} if kernel == "poly" else {}
        model = FastSVR(C=c, kernel=kernel, gamma=gamma, epsilon=epsilon, max_iter=svm.MOST_STEPS, **shape)
    else:
        loss = "squared_epsilon_insensitive"  # smooth, so that it is solved without products of rows
        model = LinearSVR(C=c, epsilon=epsilon, loss=loss, random_state=case.seed)
        model = model if kernel == "linear" else svm.spanned(case, model, kernel, gamma, degree)
    return standardised(MultiOutputRegressor(model) if case.outputs > 1 else model)


def grid(case: Case) -> Sequence[dict[str, Any]]:
    """As for classes."""
    return svm.grid(case)


def variant(case: Case, options: Mapping[str, Any]) -> str:
    """What many rows bring about."""
    return svm.variant(case, options).replace("LinearSVC", "LinearSVR")


BASELINES = (
    Baseline(
        "svr",
        build,
        "a flat function within a tube",
        NUMBERS,
        grid,
        aliases=("support-vector-regression",),
        presets={f"svr-{kernel}": {"kernel": kernel} for kernel in svm.KERNELS},
        spans={**svm.SPANS, "epsilon": Span(0)},
        words=svm.WORDS,
        plain=svm.by_kernel,
        variant=variant,
        fit_power=2.0,
        predict_power=1.0,
        most_rows=svm.most_rows,
    ),
)
