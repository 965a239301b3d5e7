"""The likeliest class if the columns had nothing to do with one another within a class.

What it is
    For each class it is counted how often it occurs and how each column is spread in it: a mean and a
    deviation of numbers, shares of words or flags.  Bayes' rule turns that round: which class would make such
    a row likely.  Columns are taken as independent, which they seldom are; the class is often right all the
    same, its probability is not.

Also called
    gaussian-naive-bayes, nb

Formula
    - ``p(k | x) ∝ p(k) · Π_d p(x_d | k)``
    - numbers: ``p(x_d | k)`` normal with the class's mean and variance, the latter plus ε times the largest
      variance of all columns
    - words and flags: shares in the class, each count plus α

Shapes
    X (N, D); means and variances (classes, D).  One pass over the rows.

Defaults
    ε (`smoothing`) is searched over 1e-9 (scikit-learn's), 1e-6, 1e-3, 0.1 and 1 on standardised columns.  Of
    words the multinomial form and of tables of flags and categories alone the Bernoulli form, with α over 1
    (Laplace), 0.1, 0.01.

When
    - very many rows or columns, and little time: one pass, nothing is iterated
    - texts by their words
    - few rows: little is estimated

When not
    - columns repeat one another: they count as often as they stand there
    - probabilities are used as such: they lie near 0 and 1

Confused with
    - `logistic-regression`: as linear with equal variances, but fitted to the classes and not to the columns

Example
    Two classes around 0 and 10; 4 is nearer to the first.

    >>> from gradwise import baselines
    >>> model = baselines.make("naive-bayes").fit([[-1.0], [1.0], [9.0], [11.0]], [0, 0, 1, 1])
    >>> model.predict([[4.0], [6.0]]).tolist()
    [0, 1]

Claims
    One may expect a quick and fair answer on words, and a poor one where columns repeat one another.

References
    - Maron, Automatic Indexing: An Experimental Inquiry, Journal of the ACM 8, 1961
    - Domingos, Pazzani, On the Optimality of the Simple Bayesian Classifier under Zero-One Loss, Machine
      Learning 29, 1997
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwise.baselines.baseline import CLASSES, Baseline, Case
from gradwise.registry import Span

GAUSSIAN = (1e-9, 1e-6, 1e-3, 0.1, 1.0)  # share of the largest variance; 1e-9 is scikit-learn's default
COUNTED = (1.0, 0.1, 0.01)  # added to counts; 1 is Laplace's rule


def build(case: Case, *, smoothing: float | None = None) -> Any:
    """The form that suits the columns: multinomial, Bernoulli or Gaussian."""
    from sklearn.naive_bayes import BernoulliNB, GaussianNB, MultinomialNB

    if case.words or case.flags:
        form = MultinomialNB if case.words else BernoulliNB
        return form(alpha=COUNTED[0] if smoothing is None else smoothing, fit_prior=not case.balanced)
    return GaussianNB(var_smoothing=GAUSSIAN[0] if smoothing is None else smoothing)


def grid(case: Case) -> Sequence[dict[str, Any]]:
    """How much is smoothed."""
    return [{"smoothing": each} for each in (COUNTED if case.words or case.flags else GAUSSIAN)]


BASELINES = (
    Baseline(
        "naive-bayes",
        build,
        "columns as independent within a class",
        CLASSES,
        grid,
        aliases=("gaussian-naive-bayes", "nb"),
        spans={"smoothing": Span(0, beyond=True)},
        raw_words=True,
    ),
)
