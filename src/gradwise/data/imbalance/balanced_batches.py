"""Batches that hold every class evenly: rare rows come back sooner, frequent ones take turns over the epochs.

What it is
    An epoch has as many rows as before, but each class fills an even share of it and of every batch.  A rare
    class goes through its rows several times in an epoch; a frequent one goes on in the next epoch where it
    stopped, so that none of its rows is lost.

Formula
    - N rows, K classes: the N places are filled in rounds of K, each a new order of the classes; a batch of B
      holds ``B / K`` rows of a class, give or take one or two
    - class c takes its rows from orders at random, one after the other; epoch e begins where e - 1 ended
    - with shares π before, a net learns ``p′(c|x) ∝ p(c|x) / π_c``

Defaults
    off.  Everything is drawn from the seed and the epoch's number, so that a resumed fit meets the same rows.

When
    - one class has some dozens of rows among thousands: each batch of 32 sees some of them
    - images, text, large tables: it takes no memory and no time
    - in place of `random-under-sampling`: as quick where epochs are few, and nothing is thrown away

When not
    - the rare class has a handful of rows: each is met hundreds of times an epoch, and learnt by heart
    - the optimizer takes all rows in a step (`bgd`, `l-bfgs`): take `class-weights`
    - probabilities are used as such: see `prior-correction`

Confused with
    - `random-over-sampling`: the same shares in a training set that grows; batches then are even on average
    - `class-weights`: a batch may still hold no rare row at all

Example
    Two classes of six rows and one; places of the rare one alternate with the others.

    >>> import numpy as np
    >>> from gradwise.data.imbalance import balanced_order
    >>> target = np.array([0, 0, 0, 1, 0, 0, 0])
    >>> epochs = [balanced_order(target, seed=0, epoch=epoch) for epoch in (0, 1)]
    >>> [np.bincount(target[rows]).tolist() for rows in epochs]
    [[4, 3], [3, 4]]
    >>> sorted(set(np.concatenate(epochs).tolist()))
    [0, 1, 2, 3, 4, 5, 6]

Claims
    - compared on imbalanced data with class weights, over-sampling, under-sampling, SMOTE and focal loss

References
    Shen, Lin, Huang, Relay Backpropagation for Effective Learning of Deep Convolutional Neural Networks,
    arXiv 1512.05830, section 3.2 (class-aware sampling).
"""

from __future__ import annotations

import numpy as np

from gradwise.data.examples import Array


def balanced_order(target: Array, *, seed: int, epoch: int) -> Array:
    """(N,) int64 rows of an epoch in which every class takes the same number of places, give or take one.

    Args:
        target: (N,) class ids.
        seed: of everything drawn.
        epoch: counted from 0.
    """
    ids, inverse = np.unique(target, return_inverse=True)
    classes, rounds, left = len(ids), *divmod(len(target), len(ids))
    random = np.random.default_rng((seed, epoch))
    each = random.permuted(np.tile(np.arange(classes), (rounds, 1)), axis=1)
    # places that are left over go round the classes from epoch to epoch
    extra = (np.arange(left) + epoch * left) % classes
    places = np.concatenate([each.ravel(), random.permutation(extra)])  # (N,) class of every place
    order = np.empty(len(target), np.int64)
    for place in range(classes):
        begun = epoch * rounds + (epoch * left + classes - 1 - place) // classes  # rows taken before
        slots = np.flatnonzero(places == place)
        own = np.flatnonzero(inverse == place)
        order[slots] = own[_turns(len(own), begun, len(slots), (seed, place))]
    return order


def _turns(rows: int, begun: int, count: int, key: tuple[int, int]) -> Array:
    """``count`` numbers below ``rows`` from orders at random, in a row, past the first ``begun``."""
    seed, place = key
    first, last = begun // rows, (begun + count - 1) // rows
    # the third number keeps these apart from (seed, epoch), which is the same as (seed, epoch, 0)
    orders = [
        np.random.default_rng((seed, turn, 1 + place)).permutation(rows) for turn in range(first, last + 1)
    ]
    start = begun - first * rows
    return np.concatenate([np.zeros(0, np.int64), *orders])[start : start + count]
