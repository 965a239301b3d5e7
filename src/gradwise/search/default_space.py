"""What is searched when no space is given: by the kind of data, with the sources of every range."""

from __future__ import annotations

from gradwise.data.examples import Kind
from gradwise.search.dimension import Between, Dimension, OneOf
from gradwise.search.space import SEARCHED, Space

BATCHES = (1, 2, 4, 8)  # times the default batch, a small one already; still smaller ones take too long
LARGEST_SHARE = 0.25  # of the training rows in a batch: fewer than four steps per epoch learn little

# Gorishniy, Rubachev, Khrulkov, Babenko, "Revisiting Deep Learning Models for Tabular Data", 2106.11959,
# tune an MLP over 1 to 8 layers of up to 512 units, dropout 0 to 0.5, rate 1e-5 to 1e-2, decay 1e-6 to 1e-3.
# Rates reach higher here, since they are the peak of a cycle; decay reaches the optimizer's own 1e-2.
TABLE: dict[str, Dimension] = {
    "width": Between(16, 512, log=True, whole=True),
    "depth": Between(1, 6, whole=True),
    "dropout": Between(0.0, 0.5),
    "activation": OneOf(("relu", "gelu", "silu")),
    "norm": OneOf(("none", "batch-norm", "layer-norm")),
    "rate": Between(1e-4, 3e-2, log=True),
    "weight_decay": Between(1e-6, 1e-1, log=True),
}
# The net is the default one: on a CPU one ResNet takes longer than all trials of a small net together.
# Rates of adamw and of SGD differ by ten to a hundred times, and both are to be reached: Wightman, Touvron,
# Jégou, "ResNet strikes back", 2110.00476, train with both, with decay 1e-5 to 5e-2.
IMAGES: dict[str, Dimension] = {
    "width": Between(16, 64, log=True, whole=True),
    "dropout": Between(0.0, 0.5),
    "activation": OneOf(("relu", "gelu", "silu")),
    "optimizer": OneOf(("adamw", "nesterov")),
    "rate": Between(3e-4, 3e-1, log=True),
    "weight_decay": Between(1e-5, 5e-2, log=True),
    "schedule": OneOf(("one-cycle", "cosine")),
    "augment": OneOf(("none", "auto")),
}
# Greff, Srivastava, Koutník, Steunebrink, Schmidhuber, "LSTM: A Search Space Odyssey", 1503.04069, draw 20 to
# 200 units and rates from 1e-6 to 1e-2, and find the rate to matter most, the width next.
SERIES: dict[str, Dimension] = {
    "net": OneOf(("lstm", "gru", "cnn1d")),
    "width": Between(16, 256, log=True, whole=True),
    "depth": Between(1, 4, whole=True),
    "dropout": Between(0.0, 0.5),
    "rate": Between(1e-4, 3e-2, log=True),
    "weight_decay": Between(1e-6, 1e-1, log=True),
    "schedule": OneOf(("one-cycle", "cosine")),
    "clip": OneOf((1.0, 5.0)),
}
# Zhang, Wallace, "A Sensitivity Analysis of (and Practitioners' Guide to) Convolutional Neural Networks for
# Sentence Classification", 1510.03820, advise 100 to 600 feature maps and dropout from 0 to 0.5.
TEXT: dict[str, Dimension] = {
    "net": OneOf(("cnn1d", "lstm", "gru")),
    "width": Between(50, 600, log=True, whole=True),
    "dropout": Between(0.0, 0.5),
    "rate": Between(1e-4, 3e-2, log=True),
    "weight_decay": Between(1e-6, 1e-1, log=True),
}
BY_KIND: dict[Kind, dict[str, Dimension]] = {"table": TABLE, "images": IMAGES, "series": SERIES, "text": TEXT}


def default_space(kind: Kind, *, batch_size: int, rows: int) -> Space:
    """The space for a kind of data; batches are multiples of the default one.

    Args:
        kind: ``table``, ``images``, ``series`` or ``text``.
        batch_size: that a fit would take by itself.
        rows: training rows.

    >>> default_space("table", batch_size=16, rows=150).dimensions["batch_size"].values
    (16, 32)
    """
    found: dict[str, Dimension] = dict(BY_KIND[kind])
    sizes = {batch_size * times for times in BATCHES}
    largest = max(batch_size, LARGEST_SHARE * rows)
    found["batch_size"] = OneOf(tuple(sorted(min(size, rows) for size in sizes if size <= largest)))
    return Space({name: found[name] for name in SEARCHED if name in found})
