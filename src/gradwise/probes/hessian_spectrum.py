"""Ends of the Hessian's spectrum at the present weights: minimum, saddle, or maximum.

What it is
    The second derivative of the training loss tells what kind of place the weights are at.  Its largest
    eigenvalue (sharpness) bounds the rate that plain gradient descent can take, its smallest tells whether a
    way down is left that the gradient does not show.

Also called
    hessian, sharpness

Formula
    Lanczos with full reorthogonalisation on exact products H v (gradient of ⟨∇L, v⟩), in float64 vectors;
    each end θ comes with the norm of its Ritz residual, within which an eigenvalue lies.  Trace by
    Hutchinson: mean of zᵀHz over random signs z, with its standard error.  The verdict takes as zero what is
    below the larger of both residuals and rounding: both signs beyond it, *strict saddle*; none below,
    *minimum*; none above, *maximum*.  Where the smallest is zero, a short walk along its direction tells a
    *saddle* of higher order from a *minimum* with flat directions.

Defaults
    80 products for the ends, 16 for the trace, over the captured batches (one for more than a million
    weights), dropout off, batch norm as in training.

When
    - asked for: ``gradwise check --probe all``, ``watched.probe("hessian")``
    - to see whether a plateau is a minimum

When not
    - the gradient is not small: then the place is on a slope and "minimum" says only that it curves upwards

Confused with
    - `rate`: tries rates instead of bounding them

Example
    A quadratic with curvatures 2 and −6 has a strict saddle at zero.

    >>> import torch
    >>> from gradwise.probes import hessian
    >>> net = torch.nn.Linear(2, 1, bias=False)
    >>> _ = torch.nn.init.zeros_(net.weight)
    >>> def loss(out, sign):
    ...     return (out.squeeze(1) ** 2 * sign).sum()
    >>> found = hessian(net, loss, (torch.eye(2), torch.tensor([1.0, -3.0])))
    >>> found.kind, round(found.top, 3), round(found.bottom, 3)
    ('strict saddle', 2.0, -6.0)

Claims
    - both ends agree with a dense Hessian in float64 on an MLP, a CNN and recurrent nets

References
    Lanczos, 1950; Parlett, "The Symmetric Eigenvalue Problem", 1998, chapter 13; Pearlmutter, 1994;
    Hutchinson, 1989; Ghorbani and others, arXiv 1901.10159; Cohen and others, arXiv 2103.00065.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from gradwise.probes import randomness
from gradwise.probes.bench import Bench
from gradwise.probes.curvature import Curvature, curvature
from gradwise.probes.probe import Abstain, Answer, Probe
from gradwise.probes.stopwatch import Stopwatch

LARGE = 1_000_000  # weights from which one batch has to do

PROBE = Probe(
    name="hessian",
    summary="top and bottom curvature of the loss, and the kind of place",
    needs=("batch",),
    since="0.1.0",
)


def run(bench: Bench) -> Answer:
    """The curvature at the present weights, or at the captured ones where those are not finite."""
    replica = bench.replica
    replica.load("present")
    where = "the present weights"
    if not replica.finite:
        replica.load("captured")
        where = f"the weights of step {bench.batches[-1].step}"
    if not replica.finite:
        raise Abstain("the weights are not finite")
    size = sum(p.numel() for p in replica.parameters)
    batches = bench.batches[-1:] if size > LARGE else bench.batches
    replica.frozen_dropout = True
    buffers = {name: b.clone() for name, b in replica.buffers().items()}

    def of(batch: Any) -> Callable[[], Tensor]:
        return lambda: replica.loss(batch) * replica.factor

    try:
        found = curvature([of(batch) for batch in batches], replica.parameters, watch=bench.watch)
    finally:
        replica.frozen_dropout = False
        with torch.no_grad():
            for name, buffer in replica.buffers().items():
                buffer.copy_(buffers[name])
    text = (
        f"{found.kind}: curvature from {found.bottom:.3g} to {found.top:.3g} (± {found.tolerance:.1g}), "
        f"trace {found.trace:.3g} ± {found.trace_error:.1g}, gradient norm {found.gradient:.2g}, at {where}"
    )
    data = {name: getattr(found, name) for name in Curvature.__dataclass_fields__}
    return Answer(text, found.kind, {**data, "sharpness": found.sharpness, "batches": len(batches)})


def hessian(
    model: nn.Module,
    loss: Callable[..., Tensor],
    batch: tuple[Any, ...],
    *,
    seconds: float = 10.0,
    seed: int = 0,
) -> Curvature:
    """The ends of the Hessian of a loss over a model's weights.

    The model itself is not touched: a copy is made, dropout is off in it, and random states are put back.

    Args:
        model: any module; weights without ``requires_grad`` are held fixed.
        loss: called as ``loss(model(input), *rest)``, returns one number.
        batch: ``(input, *rest)``; an input that is a tuple is spread over the model's arguments.
        seconds: time limit, asked between products.
        seed: of the random vectors.

    Raises:
        Abstain: the model has no trainable weights, or cannot be copied.
    """
    try:
        twin = copy.deepcopy(model)
    except Exception as error:
        raise Abstain(f"the model cannot be copied ({type(error).__name__})") from error
    parameters = [p for p in twin.parameters() if p.requires_grad]
    if not parameters:
        raise Abstain("the model has no weights to train")
    for module in twin.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.training = False
    given, *rest = batch
    inputs = given if isinstance(given, tuple) else (given,)
    state = randomness.states()

    def value() -> Tensor:
        randomness.put(state)
        return loss(twin(*inputs), *rest)

    with randomness.kept():
        return curvature([value], parameters, watch=Stopwatch(seconds), seed=seed)
