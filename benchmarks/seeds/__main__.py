"""Cost of 8 tiny MLPs trained together over that of one, epochs by turns in one process.

One and eight train on and on, an epoch with its evaluation at a time, so that a slow moment of the machine hits
both alike; the ratio is that of the median turn.  One after another, eight cost eight.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import torch

from gradwise.data.examples import Examples, Task
from gradwise.fitting.assembly import assemble
from gradwise.fitting.members import assemble_together
from gradwise.fitting.recipe import Recipe
from gradwise.train.batches import Batches
from gradwise.train.loop import fit
from gradwise.train.together import MemberBatches
from gradwise.train.training import Training

BAR = 3.0  # times the cost of one
MEMBERS = 8
ROWS = (4096, 512)  # to learn from and to be judged on
CLASSES = 3


@dataclass(frozen=True)
class Size:
    """A small net and its batch."""

    inputs: int
    units: int
    depth: int
    batch: int

    def __str__(self) -> str:
        hidden = "-".join([str(self.units)] * self.depth)
        return f"{self.inputs}-{hidden}-{CLASSES}, batch {self.batch}"


TINY = (Size(8, 32, 1, 64), Size(8, 32, 2, 64), Size(8, 32, 2, 128))  # the first is bench-cost's tiny MLP
LARGER = (Size(20, 64, 2, 64), Size(20, 64, 2, 128))  # for comparison: arithmetic begins to count


@dataclass(frozen=True)
class Row:
    """One size's figures.

    Args:
        step_us: median step of one net, microseconds, evaluation included.
        ratio: of all together over one, the median turn.
        ratios: every turn's.
        tiny: whether the bar is for it.
    """

    name: str
    step_us: float
    ratio: float
    tiny: bool
    ratios: list[float] = field(repr=False)

    @property
    def holds(self) -> bool:
        """Within the bar, where there is one."""
        return not self.tiny or self.ratio <= BAR


def _data(rows: int, inputs: int, seed: int) -> Examples:
    random = np.random.default_rng(seed)
    numbers = random.normal(size=(rows, inputs)).astype(np.float32)
    return Examples({"numbers": numbers}, np.digitize(numbers[:, 0] * numbers[:, 1], (-0.3, 0.3)))


def _recipe(size: Size) -> Recipe:
    return Recipe(
        net="mlp", options={"units": size.units, "depth": size.depth}, optimizer="adamw", rate=1e-3,
        weight_decay=0.01, schedule="one-cycle", epochs=10_000, batch_size=size.batch, loss="cross-entropy",
        fused=True, threads=1, runs=MEMBERS, together=True,
    )  # fmt: skip


def _epoch(training: Training, train: Batches, valid: Batches, clock: Callable[[], float]) -> float:
    """Seconds of a step, with its share of the evaluation."""
    begin = clock()
    fit(training, train, valid, epochs=training.progress.epoch + 1)
    return (clock() - begin) / len(train)


def measure(size: Size, turns: int, clock: Callable[[], float]) -> Row:
    """Both by turns, each turn an epoch of each."""
    recipe, task = _recipe(size), Task("classes", ("y",), tuple("abc"))
    learnt, judged = (_data(rows, size.inputs, seed) for seed, rows in enumerate(ROWS))
    shape = {"numbers": size.inputs, "categories": ()}
    alone_on = Batches(learnt, size.batch), Batches(judged, ROWS[1], shuffle=False)
    all_on = (
        MemberBatches(learnt, size.batch, seeds=recipe.seeds),
        MemberBatches(judged, ROWS[1], shuffle=False, seeds=recipe.seeds),
    )
    steps = len(alone_on[0])
    alone = assemble(recipe, task, shape, steps_per_epoch=steps)
    together = assemble_together(recipe, task, shape, steps_per_epoch=steps)
    spent: dict[str, list[float]] = {"alone": [], "together": []}
    for turn in range(turns + 1):
        for name in ("alone", "together")[:: 1 if turn % 2 else -1]:
            training, on = (alone, alone_on) if name == "alone" else (together, all_on)
            spent[name].append(_epoch(training, *on, clock))
    ratios = [many / one for many, one in zip(spent["together"][1:], spent["alone"][1:], strict=True)]
    one = statistics.median(spent["alone"][1:]) * 1e6
    return Row(str(size), one, statistics.median(ratios), size in TINY, ratios)


def main() -> int:
    """Measure, print the table, 0 when every bar holds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.seeds", description=__doc__)
    parser.add_argument("--turns", type=int, default=30, help="epochs of each")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu: processor time")
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args()
    torch.set_num_threads(1)
    clock = process_time if options.clock == "cpu" else perf_counter
    print(f"torch {torch.__version__}, 1 thread, {options.clock} clock, median of {options.turns} turns")
    print(f"{'MLP':<22} {'one, µs a step':>15} {f'{MEMBERS} together':>12}")
    rows = []
    for size in (*TINY, *LARGER):
        row = measure(size, options.turns, clock)
        rows.append(row)
        bar = "" if not row.tiny else f"  (bar {BAR:g}x{'' if row.holds else ', missed'})"
        print(f"{row.name:<22} {row.step_us:>15.0f} {row.ratio:>11.2f}x{bar}", flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
