"""What a ResNet-18 can teach a LeNet-5, on Fashion-MNIST.

    python -m benchmarks.nets.distillation            5 seeds
    python -m benchmarks.nets.distillation --quick    2 seeds, little training: does all run?

A ResNet-18 of a quarter of the usual width is trained once, on 20,000 labelled images.  Then every seed trains a LeNet-5
on 2,000 of them alone, and with that teacher; the settings are the same, the rate too.  So the teacher hands on what it
learnt from images that the student never sees.  Where both learnt from the same 10,000 images (``--rows 10000
--student-rows 10000``; measured with a teacher of half the width and ten epochs) the lift was not shown: +0.0020
(95 % interval -0.0021 to +0.0061) over five seeds.  0 is returned only when the teacher helps with 95 % confidence.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import gradwise
from benchmarks.fit.data import load
from benchmarks.fit.fetch import DataMissingError
from benchmarks.nets.pairs import Difference, accuracy, by_seed, report

ALONE, TAUGHT = "LeNet-5 alone", "LeNet-5 with a teacher"
RATE = 0.003  # of the student, with and without; of LeNet-5 in the other rows of this benchmark
TEACHER_RATE = 0.001


def run(
    seeds: int, *, rows: int, student_rows: int, width: int, old_epochs: int, epochs: int, tested: int
) -> tuple[float, dict[str, list[float]]]:
    """Accuracy of the teacher; accuracies of the student by way and seed."""
    data = load("fashion")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for name, count in (("all", rows), ("few", student_rows)):
            np.savez(place / f"{name}.npz", x=data.train_x[:count], y=data.train_y[:count])
        test = data.test_x[:tested], data.test_y[:tested]
        teacher = gradwise.fit(
            place / "all.npz", net="resnet18", width=width, epochs=old_epochs, rate=TEACHER_RATE,
            augment="flip", out=place / "teacher", doctor=False,
        )  # fmt: skip
        assert teacher.network is not None

        def way(name: str, settings: dict[str, Any], seed: int) -> float:
            fitted = gradwise.fit(
                place / "few.npz", net="lenet-5", epochs=epochs, rate=RATE, seed=seed, doctor=False,
                out=place / f"{name}-{seed}", **settings,
            )  # fmt: skip
            assert fitted.network is not None
            return accuracy(fitted.network, *test, folder)

        ways = {ALONE: {}, TAUGHT: {"teacher": place / "teacher"}}
        scores = by_seed(
            {name: lambda seed, n=name, s=kept: way(n, s, seed) for name, kept in ways.items()}, range(seeds)
        )
        return accuracy(teacher.network, *test, folder), scores


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="two seeds and little training")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=20_000, help="labelled images of the teacher")
    parser.add_argument("--student-rows", type=int, default=2_000, help="labelled images of the student")
    options = parser.parse_args()
    sizes = {"rows": options.rows, "student_rows": options.student_rows}
    sizes |= {"width": 16, "old_epochs": 5, "epochs": 30, "tested": 10_000}
    if options.quick:
        options.seeds = 2
        sizes = {"rows": 300, "student_rows": 200, "width": 4, "old_epochs": 2, "epochs": 2, "tested": 300}
    if options.seeds < 2:
        parser.error("--seeds takes 2 or more: an interval needs a spread")
    try:
        teacher, scores = run(options.seeds, **sizes)
    except DataMissingError as error:
        print(error, file=sys.stderr)
        return 2
    print(
        f"accuracy on {sizes['tested']:,} test images, {options.seeds} seeds; the teacher's is {teacher:.4f}"
    )
    print(report(scores, ALONE))
    return 0 if options.quick or Difference.of(scores[TAUGHT], scores[ALONE]).low > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
