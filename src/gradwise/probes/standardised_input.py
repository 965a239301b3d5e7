"""The first steps once more, with standardised inputs: whether their scale is what hurts.

What it is
    Raw inputs and a high rate show alike: the loss jumps or stays.  From the first weights the copy takes the
    script's own steps over the captured batches twice, once with the inputs as they are and once with every
    column centred and divided by its spread.

Formula
    column = feature of a table, channel of an image; mean and standard deviation over the captured batches.
    *helps* where the loss ends below 0.8 of that with raw inputs (or only raw inputs diverge), *hurts* the
    other way round, else *same*.

Defaults
    up to 8 captured batches, 5 rounds, the script's optimizer and clipping; the first weights where they were
    kept (at most 64 MB), else drawn anew by the modules, and it says which

When
    - `unnormalized-input` and `lr-too-high` are both possible

When not
    - ids, or inputs whose raw size is what counts: a table's columns only ever change their units here

Confused with
    - batch norm, which rescales inside the net at every step

Example
    Columns become alike.

    >>> import torch
    >>> from gradwise.probes.standardised_input import standardised
    >>> one, = standardised([torch.tensor([[1.0, 100.0], [3.0, 300.0]])])
    >>> [[round(v, 3) for v in row] for row in one.tolist()]
    [[-1.0, -1.0], [1.0, 1.0]]

Claims
    - raw inputs of size 100 are told from a rate 100 times too high on a small MLP

References
    LeCun and others, "Efficient BackProp", 1998, section 4.3.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gradwise.probes.bench import Bench
from gradwise.probes.probe import Abstain, Answer, Probe
from gradwise.probes.stopwatch import Stopwatch
from gradwise.trace.captured import CapturedBatch

ROUNDS = 5  # through the captured batches, at most
CLEARLY = 0.8  # of the other loss; ours

PROBE = Probe(
    name="standardised-input",
    summary="whether the first steps go better with standardised inputs",
    needs=("batch", "optimizer", "initial"),
    since="0.1.0",
)


def run(bench: Bench) -> Answer:
    """Take the first steps with raw and with standardised inputs."""
    replica, batches = bench.replica, bench.batches
    position = bench.first_input(batches[-1])
    if replica.optimizer is None:
        raise Abstain("no single optimizer takes the steps")
    if bench.captured.backwards > 1:
        raise Abstain(f"{bench.captured.backwards} backward passes make one step")
    inputs = standardised([b.args[position] for b in batches])
    pairs = [
        (b, (*b.args[:position], x, *b.args[position + 1 :])) for b, x in zip(batches, inputs, strict=True)
    ]
    raw, weights = _train(bench, None, bench.watch.part(2))
    new, _ = _train(bench, pairs, bench.watch)
    if raw < 0 or new < 0:
        raise Abstain("the loss goes below zero, so that two of them cannot be compared")
    verdict = judge(raw, new)
    text = (
        f"from the first weights ({weights}) the loss comes to {_told(new)} with standardised inputs "
        f"and to {_told(raw)} with the inputs as they are"
    )
    data = {"raw": _json(raw), "standardised": _json(new), "weights": weights, "batches": len(batches)}
    return Answer(text, verdict, data)


def judge(raw: float, new: float) -> str:
    """What two final losses say.

    >>> judge(2.0, 0.5), judge(float("inf"), 1.0), judge(1.0, 0.9)
    ('helps', 'helps', 'same')
    """
    if new < CLEARLY * raw:
        return "helps"
    return "hurts" if raw < CLEARLY * new else "same"


def standardised(inputs: list[Tensor]) -> list[Tensor]:
    """Each column with mean 0 and deviation 1 over all inputs together; constant ones only centred."""
    axis = 1 if inputs[0].dim() == 4 else inputs[0].dim() - 1
    columns = torch.cat([x.movedim(axis, -1).reshape(-1, x.shape[axis]) for x in inputs]).double()
    mean, spread = columns.mean(0), columns.std(0, correction=0)
    spread = torch.where(spread > 1e-12 * columns.abs().amax().clamp(min=1e-30), spread, 1.0)
    return [((x.movedim(axis, -1) - mean) / spread).to(x).movedim(-1, axis) for x in inputs]


Pairs = list[tuple[CapturedBatch, tuple[object, ...] | None]]


def _train(bench: Bench, pairs: object, watch: Stopwatch) -> tuple[float, str]:
    replica = bench.replica
    given: Pairs | None = pairs if isinstance(pairs, list) else None
    if bench.captured.initial is not None:
        return bench.train("initial", rounds=ROUNDS, watch=watch, inputs=given)[0], "kept"
    replica.load("captured")
    drawn, trained = replica.draw()
    weights = "drawn anew" if drawn >= trained else f"{drawn} of {trained} tensors drawn anew"
    return bench.train(None, rounds=ROUNDS, watch=watch, inputs=given)[0], weights


def _told(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "no finite value"


def _json(value: float) -> float | None:
    return value if math.isfinite(value) else None
