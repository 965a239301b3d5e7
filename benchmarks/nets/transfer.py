"""What weights from other classes are worth with 20 images per class, on CIFAR-10.

    python -m benchmarks.nets.transfer            10 seeds
    python -m benchmarks.nets.transfer --quick    2 seeds, little training: does all run?

A net is trained on the five even classes once.  Then every seed draws 20 images of each odd class, and they are
learnt from scratch, from those weights, and from those weights with all but the last two stages frozen.  All ways
have the same net, images, epochs and rate.  0 is returned only when learning from the weights is better than from
scratch with 95 % confidence.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import gradwise
from benchmarks.fit.data import load
from benchmarks.fit.fetch import DataMissingError
from benchmarks.nets.pairs import Difference, accuracy, by_seed, report

PER_CLASS = 20  # images to learn from
SCRATCH, WHOLE, LAST = "from scratch", "from weights", "last two stages from weights"
NET, RATE = "cnn", 0.002


def run(seeds: int, *, rows: int, epochs: int, old_epochs: int, tested: int) -> dict[str, list[float]]:
    """Accuracies on the odd classes' test images, by way and seed."""
    data = load("cifar10")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        even = np.flatnonzero(data.train_y % 2 == 0)[:rows]
        np.savez(place / "even.npz", x=data.train_x[even], y=data.train_y[even])
        gradwise.fit(
            place / "even.npz", net=NET, rate=RATE, epochs=old_epochs, out=place / "even", doctor=False
        )
        odd = np.flatnonzero(data.test_y % 2 == 1)[:tested]
        test = data.test_x[odd], data.test_y[odd]
        ways = {
            SCRATCH: {},
            WHOLE: {"weights": place / "even"},
            LAST: {"weights": place / "even", "freeze": "all-but-2"},
        }

        def way(name: str, settings: dict[str, Any], seed: int) -> float:
            file = place / f"seed-{seed}.npz"
            if not file.exists():
                few = _few(data.train_y, seed)
                np.savez(file, x=data.train_x[few], y=data.train_y[few])
            fitted = gradwise.fit(
                file, net=NET, rate=RATE, epochs=epochs, valid=0.0, patience=0, seed=seed, doctor=False,
                out=place / f"{name}-{seed}", **settings,
            )  # fmt: skip
            assert fitted.network is not None
            return accuracy(fitted.network, *test, folder)

        return by_seed(
            {name: lambda seed, n=name, s=kept: way(n, s, seed) for name, kept in ways.items()}, range(seeds)
        )


def _few(target: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    draw = np.random.default_rng(seed)
    odd = [np.flatnonzero(target == number) for number in (1, 3, 5, 7, 9)]
    return np.sort(np.concatenate([draw.choice(rows, PER_CLASS, replace=False) for rows in odd]))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="two seeds and little training")
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    sizes = {"rows": 10_000, "epochs": 30, "old_epochs": 6, "tested": 2_000}
    if options.quick:
        options.seeds, sizes = 2, {"rows": 300, "epochs": 2, "old_epochs": 1, "tested": 200}
    if options.seeds < 2:
        parser.error("--seeds takes 2 or more: an interval needs a spread")
    try:
        scores = run(options.seeds, **sizes)
    except DataMissingError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"accuracy with {PER_CLASS} images per class, {options.seeds} seeds")
    print(report(scores, SCRATCH))
    return 0 if options.quick or Difference.of(scores[WHOLE], scores[SCRATCH]).low > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
