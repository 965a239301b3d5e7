"""Rows of rare classes are repeated at random, until the classes are even.

What it is
    Rows of every smaller class are drawn with replacement and put behind the training rows, until it has as
    many as the largest.  Nothing is lost and nothing is made up, so it serves data of every kind.

Also called
    over-sampling, oversampling, over

Formula
    - n the rows of the largest class, r the ratio: ``max(n_c, round(r n))`` rows of class c afterwards
    - every row of class c then stands ``n / n_c`` times on average, as if its loss had that weight
    - with shares π before and π′ after, a net learns ``p′(c|x) ∝ p(c|x) π′_c / π_c``

Defaults
    ratio 1: all classes even, as in imbalanced-learn.

When
    - rare classes are missed, and a loss with weights is not at hand or its large steps shake the training
    - rows are images, series or text, between which nothing can be made

When not
    - the data is large: it grows, in memory and time, up to classes times the largest; `class-weights` and
      `balanced-batches` come to the same at no cost
    - the rare class has a handful of rows: a net learns them by heart; stop early, or augment them
    - probabilities are used as such: see `prior-correction`

Confused with
    - `smote`: makes new rows between rare ones in place of copies
    - `class-weights`: the same mean gradient, in fewer and larger pieces

Example
    The only row of the rare class stands three times in the end.

    >>> import numpy as np
    >>> from gradwise.data import resampling
    >>> from gradwise.data.examples import Examples, Task
    >>> rows = Examples({"numbers": np.array([[0], [1], [7], [2]], np.float32)}, np.array([0, 0, 1, 0]))
    >>> made = resampling.resample("over", rows, Task("classes", ("y",), ("often", "seldom")), seed=0)
    >>> made.examples.inputs["numbers"].ravel().tolist()
    [0.0, 1.0, 7.0, 2.0, 7.0, 7.0]

Claims
    - compared on imbalanced data with under-sampling, SMOTE, class weights and focal loss

References
    Buda, Maki, Mazurowski, A systematic study of the class imbalance problem in convolutional neural
    networks, arXiv 1710.05381.
"""

from __future__ import annotations

import numpy as np

from gradwise.data.resampling.resampler import Made, Resampler, Rows, grown, imblearn


def over_sampled(rows: Rows, *, ratio: float = 1.0) -> Made:
    """All rows in their order, and behind them those that stand again.

    Args:
        rows: to choose from.
        ratio: least rows of a class over those of the largest, afterwards.
    """
    wanted = grown(rows.counts, ratio)
    if not wanted:
        return Made(np.arange(len(rows.target)))
    sampler = imblearn("over_sampling").RandomOverSampler(sampling_strategy=wanted, random_state=rows.seed)
    sampler.fit_resample(np.arange(len(rows.target))[:, None], rows.target)
    return Made(sampler.sample_indices_)


RESAMPLERS = (
    Resampler(
        "random-over-sampling",
        over_sampled,
        "rows of rare classes are repeated",
        aliases=("over-sampling", "oversampling", "over"),
    ),
)
