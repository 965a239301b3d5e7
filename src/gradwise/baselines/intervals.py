"""How sure a mean over folds is, and whether two models differ, by the corrected resampled t test.

Folds share training rows, so their scores are not independent and the plain t test finds differences that are
none.  Nadeau and Bengio (Inference for the Generalization Error, Machine Learning 52, 2003) add the ratio of
test rows to training rows to 1 / folds; Bouckaert and Frank (PAKDD 2004) show that this holds for
cross-validation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

LEVEL = 0.95  # of intervals
SURE = 0.05  # p below which two models count as different


def spread(scores: Sequence[float], ratio: float, least: float = 0.0) -> float:
    """Standard error of the mean over folds; NaN of fewer than two.

    Args:
        scores: of each fold.
        ratio: test rows over training rows.
        least: standard deviation below which scores cannot be told apart, e.g. a row more or less.

    >>> round(spread([0.9, 1.0], ratio=1.0), 4)
    0.0866
    """
    if len(scores) < 2:
        return math.nan
    deviation = max(float(np.std(scores, ddof=1)), least)
    return deviation * math.sqrt(1 / len(scores) + ratio)


def half_width(scores: Sequence[float], ratio: float, least: float = 0.0) -> float:
    """Half of the 95 % interval of the mean; NaN of fewer than two folds."""
    from scipy.stats import t

    if len(scores) < 2:
        return math.nan
    return float(t.ppf((1 + LEVEL) / 2, len(scores) - 1)) * spread(scores, ratio, least)


def p_value(differences: Sequence[float], ratio: float, least: float = 0.0) -> float:
    """How likely so large a mean difference would be of two models that are as good; NaN of one fold.

    >>> p_value([0.0, 0.0, 0.0], ratio=0.5)
    1.0
    """
    from scipy.stats import t

    if len(differences) < 2:
        return math.nan
    mean, error = float(np.mean(differences)), spread(differences, ratio, least)
    if mean == 0:
        return 1.0
    return 0.0 if error == 0 else float(2 * t.sf(abs(mean) / error, len(differences) - 1))


def holm(values: Sequence[float]) -> list[float]:
    """The same p values corrected for their number (Holm, Scandinavian Journal of Statistics 6, 1979).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    known = [at for at in np.argsort(values, kind="stable") if not math.isnan(values[at])]
    made, largest = list(values), 0.0
    for place, at in enumerate(known):
        largest = max(largest, min(1.0, values[at] * (len(known) - place)))
        made[at] = largest
    return made
