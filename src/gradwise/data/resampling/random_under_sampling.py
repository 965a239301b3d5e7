"""Rows of frequent classes are left out at random, until the classes are even.

What it is
    Of every class as many training rows are kept, drawn without replacement, as the smallest class has.  What
    is left is small and quickly learnt.

Also called
    under-sampling, undersampling, under

Formula
    - n the rows of the smallest class, r the ratio: ``min(n_c, round(n / r))`` rows of class c are kept
    - with shares π before and π′ after, a net learns ``p′(c|x) ∝ p(c|x) π′_c / π_c``

Defaults
    ratio 1: all classes even, as in imbalanced-learn.

When
    - the frequent class has far more rows than its variety needs, so that most of them repeat what others say
    - training takes too long, and the rare class has thousands of rows all the same

When not
    - the rare class has few rows: with 40 of them 40 of each are left, and the rest is lost; take
      `balanced-batches`, which sees other rows of the frequent class in every epoch
    - probabilities are used as such: see `prior-correction`

Confused with
    - `balanced-batches`: leaves rows out for an epoch, not for good
    - Tomek links, edited nearest neighbours: choose the rows that are left out, by their neighbours

Example
    Two of the three rows of the frequent class are left out.

    >>> import numpy as np
    >>> from gradwise.data import resampling
    >>> from gradwise.data.examples import Examples, Task
    >>> rows = Examples({"numbers": np.zeros((4, 1), np.float32)}, np.array([0, 0, 1, 0]))
    >>> task = Task("classes", ("y",), ("often", "seldom"))
    >>> resampling.resample("random-under-sampling", rows, task, seed=0).learnt
    (1, 1)

Claims
    - compared on imbalanced data with over-sampling, SMOTE, class weights and focal loss

References
    Drummond, Holte, C4.5, Class Imbalance, and Cost Sensitivity: Why Under-Sampling beats Over-Sampling,
    ICML workshop on learning from imbalanced data sets, 2003.
"""

from __future__ import annotations

import numpy as np

from gradwise.data.resampling.resampler import Made, Resampler, Rows, imblearn, shrunk


def under_sampled(rows: Rows, *, ratio: float = 1.0) -> Made:
    """The rows that are kept, in their order.

    Args:
        rows: to choose from.
        ratio: least rows of a class over those of the largest, afterwards.
    """
    wanted = shrunk(rows.counts, ratio)
    if not wanted:
        return Made(np.arange(len(rows.target)))
    sampler = imblearn("under_sampling").RandomUnderSampler(sampling_strategy=wanted, random_state=rows.seed)
    sampler.fit_resample(np.arange(len(rows.target))[:, None], rows.target)
    return Made(np.sort(sampler.sample_indices_))


RESAMPLERS = (
    Resampler(
        "random-under-sampling",
        under_sampled,
        "rows of frequent classes are left out",
        aliases=("under-sampling", "undersampling", "under"),
    ),
)
