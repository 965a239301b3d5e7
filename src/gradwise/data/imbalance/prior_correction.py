"""Probabilities of a net that learnt from other shares of classes than it will meet, put right.

What it is
    Resampling, balanced batches and class weights let a net believe that rare classes are frequent, so its
    probabilities of them are too high.  By Bayes' rule each is multiplied by true over learnt share, and all
    are divided by their sum.  The order of rows by probability stays as it was.

Formula
    - ``p(c|x) = p′(c|x) (π_c / π′_c) / Σ_j p′(j|x) (π_j / π′_j)``, π′ the shares learnt, π the true ones

Shapes
    probabilities (N, K); shares (K,).

Defaults
    none: `gradwise fit` leaves probabilities as they were learnt, because decisions for rare classes are what
    resampling is for.  ``gradwise.load(RUN).corrected(outputs)`` corrects by the shares kept in ``run.json``.

When
    - a probability is shown to people, multiplied with costs, or compared with that of another model
    - the shares of the classes changed since the training

When not
    - only the class counts, and rare ones are to be found: the correction takes back what resampling did
    - the net was trained with `focal`, or overfits: then the error is not one of shares

Confused with
    - `threshold`: moves the decision and leaves probabilities alone
    - temperature, Platt scaling: fitted on validation rows, for nets that are too sure

Example
    At shares of one half each a net says 0.5; of a class that is one in a hundred this means 0.01.

    >>> import numpy as np
    >>> from gradwise.data.imbalance import prior_corrected
    >>> prior_corrected(np.array([[0.5, 0.5]]), learnt=[50, 50], true=[99, 1]).round(3).tolist()
    [[0.99, 0.01]]

Claims
    - none of its own; expect a lower log loss on rows with the true shares, and the same average precision

References
    Elkan, The Foundations of Cost-Sensitive Learning, IJCAI 2001, theorem 2.
    Saerens, Latinne, Decaestecker, Adjusting the Outputs of a Classifier to New a Priori Probabilities: A
    Simple Procedure, Neural Computation 14, 2002, equation 2.4.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradwise.data.examples import Array
from gradwise.errors import UsageError


def prior_corrected(probabilities: Array, *, learnt: Sequence[float], true: Sequence[float]) -> Array:
    """(N, K) float64 probabilities at the true shares of the classes.

    Args:
        probabilities: (N, K), each row sums to 1.
        learnt: (K,) rows, weights or shares of the classes as they were learnt.
        true: (K,) the same as they are; a class without any gets probability 0.

    Raises:
        UsageError: shares of another number of classes, below 0, or none learnt where there are some.
    """
    was, now = np.asarray(learnt, np.float64), np.asarray(true, np.float64)
    width = probabilities.shape[1]
    for name, shares in (("learnt", was), ("true", now)):
        if shares.shape != (width,) or not (shares >= 0).all() or not 0 < shares.sum() < np.inf:
            raise UsageError(f"{name} takes a share for each of {width} classes, not {shares.tolist()}.")
    if ((was == 0) & (now > 0)).any():
        raise UsageError("a class that was not learnt has no probability to correct; leave its true share 0.")
    factor = np.divide(now / now.sum(), was / was.sum(), out=np.zeros(width), where=was > 0)
    moved = np.asarray(probabilities, np.float64) * factor
    total = moved.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(moved, total, out=np.full_like(moved, 1 / width), where=total > 0))
