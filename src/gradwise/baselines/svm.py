"""The border with the widest margin between classes, straight or bent by a kernel.

What it is
    Of all planes between two classes, the one farthest from the rows next to it.  Rows may lie on the wrong
    side at a price (the soft margin).  Only products of rows enter, so a kernel can take their place: the
    plane then lies in a space of many more dimensions and is bent in that of the rows.

Also called
    svc, support-vector-machine, svm-linear, svm-poly, svm-rbf, svm-sigmoid

Formula
    - the least ``½ ‖w‖² + C Σ max(0, 1 − y (w·φ(x) + b))``, y in {−1, 1}; several classes two by two
    - linear ``k(x, z) = x·z``; poly ``(γ x·z + 1)^degree``; rbf ``exp(−γ ‖x − z‖²)``; sigmoid ``tanh(γ x·z)``

Shapes
    X (N, D).  A fit takes N² · D to N³ · D, a prediction of M rows M · (support vectors) · D.

Defaults
    Kernel rbf.  C is searched over 1, 10, 0.1, 100 and γ over ``scale`` (1 / (D · variance), scikit-learn's)
    and 0.2 / D, a small part of the grid of Hsu, Chang and Lin; the degree over 3 and 2.  Beyond 10,000
    training rows, about where scikit-learn's page calls the exact solver impractical, the linear kernel is
    solved without products of rows (LinearSVC), and the space of the others is spanned by 300 rows drawn by
    chance (Nyström).

When
    - some hundreds to some ten thousand rows and a bent border: rbf
    - many columns beside the rows, as with words: linear
    - rows can be compared but have no columns: a kernel of one's own

When not
    - very many rows: linear models, nets
    - probabilities are wanted: `logistic-regression`, a net
    - columns are not on one scale (here they are brought to one)

Confused with
    - `svr`: for numbers
    - `logistic-regression`: every row counts, not only those near the border
    - `hinge`: the same loss in the training of a net

Example
    No plane parts these classes; a bent border does.

    >>> from gradwise import baselines
    >>> x, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> [baselines.make(name, columns=2).fit(x, y).score(x, y) for name in ("svm-linear", "svm-rbf:c=10")]
    [0.5, 1.0]

Claims
    - RBF parts what a linear kernel cannot
    - it depends on the scale of the columns
    - the rule of thumb for it or logistic regression goes by rows and columns

References
    - Cortes, Vapnik, Support-Vector Networks, Machine Learning 20, 1995
    - Chang, Lin, LIBSVM: A Library for Support Vector Machines, ACM Transactions on Intelligent Systems and
      Technology 2, 2011
    - Hsu, Chang, Lin, A Practical Guide to Support Vector Classification, National Taiwan University 2003
    - Williams, Seeger, Using the Nyström Method to Speed Up Kernel Machines, NIPS 2000
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gradwise.baselines.baseline import CLASSES, Baseline, Case
from gradwise.registry import Span

KERNELS = ("linear", "poly", "rbf", "sigmoid")
EXACT_ROWS = 10_000  # "may be impractical beyond tens of thousands of samples": page of scikit-learn's SVC
LANDMARKS = 300  # rows whose kernel spans the space; three times scikit-learn's default
MOST_CELLS = 30_000_000  # numbers of the spanned space, 240 MB
MOST_STEPS = 1_000_000  # of the exact solver, which else may go on for hours with a large C
PRICES = (1.0, 10.0, 0.1, 100.0)  # C; within 2^-5 ... 2^15 of Hsu, Chang and Lin
SCALE = "scale"


def build(
    case: Case, *, kernel: str = "rbf", c: float = 1.0, gamma: float | str = SCALE, degree: int = 3
) -> Any:
    """The exact solver, or for many rows a linear one, on the spanned space where the kernel bends."""
    from sklearn.svm import LinearSVC

    from gradwise.baselines.kernels import FastSVC

    if case.rows <= EXACT_ROWS:
        shape = {"degree": degree, "coef0": 1.0} if kernel == "poly" else {}
        return FastSVC(
            C=c, kernel=kernel, gamma=gamma, class_weight=case.weight, max_iter=MOST_STEPS, **shape
        )
    linear = LinearSVC(C=c, class_weight=case.weight, random_state=case.seed)
    return linear if kernel == "linear" else spanned(case, linear, kernel, gamma, degree)


def spanned(case: Case, linear: Any, kernel: str, gamma: float | str, degree: int) -> Any:
    """A linear model on coordinates in which products are the kernel's, about."""
    from sklearn.kernel_approximation import Nystroem
    from sklearn.pipeline import make_pipeline

    width = 1 / case.columns if gamma == SCALE else gamma  # the same where columns are standardised
    shape = {"degree": degree, "coef0": 1.0} if kernel == "poly" else {}
    if kernel == "sigmoid":
        shape = {"coef0": 0.0}
    rows = Nystroem(kernel, gamma=width, n_components=LANDMARKS, random_state=case.seed, **shape)
    return make_pipeline(rows, linear)


def grid(case: Case) -> Sequence[dict[str, Any]]:
    """Prices with widths and degrees; those that mean nothing to a kernel are left out by `by_kernel`."""
    return [
        {"c": price, "gamma": gamma, "degree": degree}
        for gamma in (SCALE, 0.2 / case.columns)
        for degree in (3, 2)
        for price in PRICES
    ]


def by_kernel(setting: Mapping[str, Any]) -> dict[str, Any]:
    """A setting without what its kernel does not know."""
    kernel = setting.get("kernel", "rbf")
    unknown = {"linear": ("gamma", "degree"), "poly": ("gamma",), "rbf": ("degree",), "sigmoid": ("degree",)}
    return {name: value for name, value in setting.items() if name not in unknown[kernel]}


def variant(case: Case, options: Mapping[str, Any]) -> str:
    """What many rows bring about."""
    if case.rows <= EXACT_ROWS:
        return ""
    if options.get("kernel", "rbf") == "linear":
        return f"LinearSVC, as there are more than {EXACT_ROWS:,} rows"
    return f"Nyström of {LANDMARKS} rows and a linear model, as there are more than {EXACT_ROWS:,} rows"


def most_rows(case: Case) -> int:
    """As many as the spanned space may have."""
    return max(EXACT_ROWS, MOST_CELLS // LANDMARKS) if case.rows > EXACT_ROWS else case.rows


SPANS = {"c": Span(0, beyond=True), "gamma": Span(0, beyond=True), "degree": Span(1, 10, whole=True)}
WORDS = {"kernel": KERNELS, "gamma": (SCALE,)}

BASELINES = (
    Baseline(
        "svm",
        build,
        "the widest margin",
        CLASSES,
        grid,
        rows=tuple(f"svm-{kernel}" for kernel in KERNELS),
        aliases=("svc", "support-vector-machine"),
        presets={f"svm-{kernel}": {"kernel": kernel} for kernel in KERNELS},
        spans=SPANS,
        words=WORDS,
        plain=by_kernel,
        variant=variant,
        fit_power=2.0,
        predict_power=1.0,
        most_rows=most_rows,
    ),
)
