"""Every answer to rare classes side by side on real data: one table for each set, mean ± 95 % interval.

Each way is an ordinary fit with one option more, of the same net, rate and number of steps.  Each seed parts the
rows anew, thins, resamples, starts and shuffles anew; test rows keep the shares that they came with.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, balanced_accuracy_score, f1_score

import gradwise
from benchmarks.fit.fetch import DataMissingError
from benchmarks.imbalance.sets import Rows, letters, shuttle
from gradwise.fitting.spread import Spread

VALID = 0.25  # of the rows that are not tested
BATCH = 128  # rows; few enough for the sets that are under-sampled, which take all theirs
MOST_EPOCHS = 200  # of an under-sampled set, whose epochs are a step or two
PLAIN = {"class_weights": "no"}
RESAMPLERS = ("random-under-sampling", "random-over-sampling", "smote", "borderline-smote", "adasyn")
WAYS: dict[str, dict[str, Any]] = {
    "nothing": PLAIN,
    "class weights": {"class_weights": "yes"},
    "focal": {**PLAIN, "loss": "focal"},
    "balanced batches": {**PLAIN, "balanced_batches": True},
    **{name: {**PLAIN, "resample": name} for name in RESAMPLERS},
    "under-sampling to 1 : 10": {**PLAIN, "resample": "under:ratio=0.1"},
}
# Of two classes only: the same net with its threshold chosen on the validation rows.
THRESHOLDS = {
    "nothing": ("f1", "balanced-accuracy"),
    "class weights": ("f1",),
    "smote": ("f1",),
}
SETS: dict[str, Callable[[int], Rows]] = {"shuttle": lambda _: shuttle(), "letters": letters}
SCORES = ("macro F1", "balanced accuracy", "average precision")


def measure(name: str, way: str, seed: int, steps: int) -> dict[str, list[float]]:
    """Scores of a way, and of it with every threshold."""
    learnt, tested = SETS[name](seed).parted(seed)
    settings = {**WAYS[way], "epochs": _epochs(learnt, way, steps), "batch_size": BATCH, "rate": 0.003}
    with tempfile.TemporaryDirectory() as folder:
        data, place = Path(folder) / "learn.npz", Path(folder) / "test.npz"
        np.savez(data, x=learnt.x, y=learnt.y)
        np.savez(place, x=tested.x, y=tested.y)
        found = {}
        rules = THRESHOLDS.get(way, ()) if len(learnt.names) == 2 else ()
        for rule in ("", *rules):
            fitted = gradwise.fit(
                data, out=Path(folder) / f"run-{rule}", seed=seed, valid=VALID, threads=1, doctor=False,
                precision="float32", fused="yes", **({"threshold": rule} if rule else {}), **settings,
            )  # fmt: skip
            network = fitted.network
            assert network is not None
            outputs = network.outputs(network.open(place))
            said = network.decide(outputs).astype(str)
            order = [int(word) for word in network.task.classes]
            found[f"{way}, threshold by {rule}" if rule else way] = scores(tested.y, said, outputs, order)
    return found


def scores(truth: np.ndarray, said: np.ndarray, outputs: np.ndarray, order: list[int]) -> list[float]:
    """Macro F1, balanced accuracy, and average precision: of the rare class of two, else the mean over all."""
    guess = said.astype(int)
    shown = order[1:] if len(order) == 2 else order
    precision = [average_precision_score(truth == name, outputs[:, order.index(name)]) for name in shown]
    return [
        float(f1_score(truth, guess, average="macro", labels=order, zero_division=0)),
        float(balanced_accuracy_score(truth, guess)),
        float(np.mean(precision)),
    ]


def _epochs(learnt: Rows, way: str, steps: int) -> int:
    """So many that all ways take about the same number of steps."""
    counts = np.bincount(learnt.y) * (1 - VALID)
    rows = {
        "random-under-sampling": len(counts) * counts.min(),
        "under-sampling to 1 : 10": np.minimum(counts, 10 * counts.min()).sum(),
    }.get(way, len(counts) * counts.max() if way in RESAMPLERS else counts.sum())
    return int(min(MOST_EPOCHS, max(1, math.ceil(steps / math.ceil(rows / BATCH)))))


def table(name: str, found: dict[str, list[list[float]]]) -> str:
    """Markdown: a row for each way, the best mean of a column in bold."""
    spreads = {way: [Spread.of(each) for each in zip(*rows, strict=True)] for way, rows in found.items()}
    best = [max(spread[at].mean for spread in spreads.values()) for at in range(len(SCORES))]
    lines = [f"| {name} | {' | '.join(SCORES)} |", "|---" * (len(SCORES) + 1) + "|"]
    for way, each in spreads.items():
        cells = []
        for spread, top in zip(each, best, strict=True):
            mean = f"**{spread.mean:.3f}**" if spread.mean == top else f"{spread.mean:.3f}"
            cells.append(mean if math.isnan(spread.half) else f"{mean} ± {spread.half:.3f}")
        lines.append(f"| {way} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    """Measure and print the tables; 1 where the data is missing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.imbalance", description=__doc__)
    parser.add_argument("--only", choices=tuple(SETS), help="one set")
    parser.add_argument("--ways", nargs="*", choices=tuple(WAYS), metavar="WAY", help=f"of {', '.join(WAYS)}")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3000, help="of the optimizer, about")
    parser.add_argument(
        "--kept", type=Path, help="JSON of what is measured; what stands in it is not measured again"
    )
    options = parser.parse_args()
    kept = json.loads(options.kept.read_text()) if options.kept and options.kept.exists() else {}
    for name in [options.only] if options.only else SETS:
        found: dict[str, list[list[float]]] = {}
        for way in options.ways or WAYS:
            for seed in range(options.seeds):
                key = f"{name}/{way}/{seed}/{options.steps}"
                try:
                    kept[key] = kept.get(key) or measure(name, way, seed, options.steps)
                except DataMissingError as error:
                    print(error)
                    return 1
                for shown, row in kept[key].items():
                    found.setdefault(shown, []).append(row)
                if options.kept:
                    options.kept.write_text(json.dumps(kept, indent=1), encoding="utf-8")
            print(f"{name}: {way} done", file=sys.stderr, flush=True)
        print(table(name, found), end="\n\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
