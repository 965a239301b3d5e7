"""A learning rate that grows from far too small to far too large, to see which rates are good.

What it is
    A test, not a training: the rate is multiplied by the same factor after every batch.  The loss first
    stays, then falls, then bursts.  A good rate lies in the stretch where it falls, well below the burst.
    ``gradwise fit DATA --target y --range-test rates.html`` runs it on a copy of the net, suggests a rate and
    draws the curve; without ``--rate`` every fit tests by itself.  In one's own loop
    ``gradwise.train.rate_finding.find_rate(model, optimizer, criterion, loader)`` does it.  As a schedule it
    runs over the whole training, for those who want to watch.

Also called
    lr-range-test, lr-find

Formula
    - ``rate(t) = rate · start · (end / start)^(t / (T − 1))`` in batch t of T, counted from 0
    - the suggestion: a tenth of the rate at which the loss, as a mean over 7 neighbours, is lowest

Defaults
    ``start`` 0.001 and ``end`` 10,000 times the optimizer's usual rate: seven decades.  100 steps as in
    fast.ai and Lightning, fewer where they are slow; it ends early where the smoothed loss is 4 times the
    lowest so far, as fast.ai's.  Where the loss falls by no more than its noise, the optimizer's usual rate
    is suggested.

When
    - net, data, batch size or optimizer are new and the rate is not known
    - before `one-cycle`, whose largest rate it gives

When not
    - full-batch methods that find their own step: `l-bfgs`, `bfgs`
    - after training: fine-tuned weights burst earlier than fresh ones, so test those that will be trained

Confused with
    - `warm-up`: rises to a rate that is known to be good
    - a search over rates with a whole training each: slower and surer

Example
    >>> from gradwise.optim.schedules.range_test import range_test
    >>> [float(f"{range_test(8)(batch):.2g}") for batch in range(8)]
    [0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0, 10000.0]

Claims
    - too small a rate crawls, too large a one diverges; this test finds a good one

References
    Smith, Cyclical Learning Rates for Training Neural Networks, arXiv 1506.01186, section 3.3.
"""

from __future__ import annotations

from gradwise.optim.schedules.policy import Factor, Policy
from gradwise.registry import Span

START = 1e-3  # of the optimizer's usual rate: no net learns or bursts there within 100 steps
END = 1e4  # of it: every net bursts before


def range_test(total: int, *, start: float = START, end: float = END) -> Factor:
    """From ``start`` to ``end``, by the same factor after every batch.

    Args:
        total: batches.
        start: share of the rate in the first one.
        end: share of the rate in the last one.
    """
    return lambda now: float(start * (end / start) ** (min(now, total - 1) / max(1, total - 1)))


SCHEDULES = (
    Policy(
        "range-test",
        range_test,
        "batch",
        "grows until the loss bursts, to find a good rate",
        aliases=("lr-range-test", "lr-find"),
        spans={"start": Span(0, beyond=True), "end": Span(0, beyond=True)},
        rise="",
    ),
)
