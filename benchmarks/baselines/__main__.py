"""Classical models beside scikit-learn's own: seconds of a prediction, equal answers, equal scores.

``python -m benchmarks.baselines --quick``
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from threadpoolctl import threadpool_info

from benchmarks.baselines import scores, speed
from benchmarks.fit.fetch import DataMissingError

LEAST_EQUAL = 0.9999  # of the labels; ties in k-NN go by the order in which scikit-learn works


def main() -> int:
    """Measure and print; 0 when nothing is slower than scikit-learn and all answers are the same."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.baselines", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, one round")
    parser.add_argument("--only", help="scores, k-nn, svm, svr, or a model such as svm-rbf")
    parser.add_argument("--rounds", type=int, help="how often each prediction is timed")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    sizes = speed.QUICK if options.quick else speed.Sizes()
    if options.rounds:
        sizes = speed.Sizes(**{**vars(sizes), "rounds": options.rounds})
    threads = max((pool["num_threads"] for pool in threadpool_info()), default=1)
    load = os.getloadavg()[0]
    print(f"{threads} threads of BLAS, load of the machine {load:.1f} before it began\n", flush=True)
    good, found = True, {"threads": threads, "load": load, "speed": [], "scores": []}
    if options.only != "scores":
        print("| model | rows | seconds | scikit-learn | ratio | equal |\n|---|---|---|---|---|---|")
        try:
            for row in speed.measure(sizes, options.only):
                ratio = f"{row.ratio:.2f}"
                print(
                    f"| {row.model} | {row.rows} | {row.ours:.2f} | {row.theirs:.2f} | {ratio} "
                    f"| {100 * row.equal:.2f} % |",
                    flush=True,
                )
                good &= row.equal >= LEAST_EQUAL and (row.ratio >= 1 or options.quick)
                found["speed"].append(row.document())
        except DataMissingError as error:
            print(error)
            return 1
        print()
    if options.only in (None, "scores"):
        print("| data | model | score | scikit-learn | same |\n|---|---|---|---|---|")
        for score in scores.measure():
            word = "yes" if score.same else "NO"
            print(
                f"| {score.data} | {score.model} | {score.ours:.4f} | {score.theirs:.4f} | {word} |",
                flush=True,
            )
            good &= score.same
            found["scores"].append(vars(score))
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
