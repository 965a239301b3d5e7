"""This run shows a loss for probabilities that is fed raw scores.

What it sees
    `nll_loss` gets something else than log-probabilities, `binary_cross_entropy`
    something else than probabilities, or `kl_div` something else than
    log-probabilities.

Why it hurts
    `nll_loss` does not normalise: it asks for the right score to grow, without
    bound, and never for a wrong one to fall.  `binary_cross_entropy` of a raw
    score is undefined outside [0, 1], and torch stops the run there.

How it decides
    By the autograd graph: what made the prediction is a layer or an activation
    that gives no probabilities.  For `nll_loss` the numbers must agree: at every
    sampled step the log of the sum over classes of exp(prediction) is farther
    than 0.1 from 0 (unit: 1; source: float32 log-softmax is within 1e-5, bfloat16
    within 0.05).  For `kl_div` a softmax is enough, raw scores must have been
    above 0 at some step, which no log-probability is.

Cure
    ``cross_entropy`` for ``nll_loss``, ``binary_cross_entropy_with_logits`` for
    ``binary_cross_entropy``: both take raw scores.  ``log_softmax`` before ``kl_div``.

Cure safety
    match-loss changes training; what the model puts out stays what it is.

When it is wrong
    Log-densities that are compared by ``nll_loss`` need not sum to one; they come
    from no layer directly, and are not reported.

Example
    >>> # F.nll_loss(nn.Linear(64, 10)(x), y)

References
    PyTorch, ``NLLLoss`` ("expected to contain log-probabilities") and ``KLDivLoss``.
"""

from __future__ import annotations

from collections.abc import Iterator

from gradwise.rules.calls import Call, is_dropout, loss_calls, measured
from gradwise.rules.rule import Organ, Rule, evidence_at
from gradwise.trace.findings import Finding
from gradwise.trace.model import Trace

LOG_SUM_LIMIT = 0.1  # |log of the sum of exp|; bfloat16 log-softmax is within 0.05
LARGEST = 1.0  # probability
POSITIVE = 1e-2  # above which a number is no log-probability, half precision allowed for

LAYERS = ("linear", "conv", "batch_norm", "layer_norm", "group_norm", "dropout")
UNBOUNDED = ("relu", "leaky_relu", "elu", "gelu", "silu", "mish", "prelu", "softplus", "tanh", "hardtanh")
OUTSIDE = "all elements of input should be between 0 and 1"  # torch's words when binary cross-entropy stops

RULE = Rule(
    name="probabilities-missing",
    code="C07",
    group="broken",
    organ=Organ.WIRING,
    since="0.1.0",
    reads=("fact:loss-call", "fact:structure", "log_sum_error", "output_min", "output_max", "criterion"),
    explains=(
        "loss-not-decreasing", "loss-diverges", "loss-nan", "exploding-gradient", "vanishing-gradient",
        "weights-grow", "constant-output", "majority-collapse", "lr-too-high", "lr-too-low", "dead-relu",
        "loss-oscillates", "bounded-output", "overfitting", "initial-loss-off", "loses-to-baseline",
        "saturated-activation", "underfitting", "trained-too-short",
    ),
    cures=("match-loss",),
    summary="a loss for probabilities that is fed raw scores",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding per loss for probabilities that gets none."""
    for call in loss_calls(trace):
        judge = _JUDGES.get(call.function)
        found = judge(trace, call) if judge is not None else None
        if found is not None:
            yield found


def _nll(trace: Trace, call: Call) -> Finding | None:
    operation, module = call.maker
    made = (*LAYERS, *UNBOUNDED, "sigmoid", "softmax")
    errors = measured(trace, "log_sum_error", call.place)
    if not (operation in made or is_dropout(trace, module)) or call.classes == 1 or not len(errors):
        return None
    smallest = float(errors.min())
    if smallest <= LOG_SUM_LIMIT:
        return None
    said = f"exp of them sums to 1 only within a factor of e^{smallest:.2g} (limit e^{LOG_SUM_LIMIT:g})"
    return _finding(trace, call, "log-probabilities", said, (smallest, LOG_SUM_LIMIT))


def _bce(trace: Trace, call: Call) -> Finding | None:
    made, module = call.lineage[0] if call.lineage else {}, call.maker[1]
    operation = made.get("operation", "")
    mixes = operation in ("linear", "conv") and "out" not in made  # no weight of a layer: shares, averaged
    if mixes or (operation not in (*LAYERS, *UNBOUNDED) and not is_dropout(trace, module)):
        return None
    low, high = measured(trace, "output_min", call.place), measured(trace, "output_max", call.place)
    if not len(low):
        return None
    stopped = trace.run.status == "failed" and OUTSIDE in trace.run.error
    said = f"they ran from {low.min():.3g} to {high.max():.3g}" + (
        ", and then torch stopped the run" if stopped else ""
    )
    return _finding(trace, call, "probabilities", said, (float(high.max()), LARGEST))


def _kl(trace: Trace, call: Call) -> Finding | None:
    operation, _ = call.maker
    high = measured(trace, "output_max", call.place)
    if operation not in ("softmax", "linear", "conv") or not len(high) or call.mixed:
        return None
    highest = float(high.max())
    if operation != "softmax" and highest <= POSITIVE:
        return None
    return _finding(trace, call, "log-probabilities", f"they reach {highest:.3g}", (highest, POSITIVE))


_JUDGES = {"nll_loss": _nll, "binary_cross_entropy": _bce, "kl_div": _kl}


def _finding(trace: Trace, call: Call, wanted: str, said: str, measured: tuple[float, float]) -> Finding:
    operation, module = call.maker
    value, limit = measured
    return RULE.finding(
        where=[module or call.place],
        since_step=call.since,
        value=value,
        threshold=limit,
        unit="1",
        message=(
            f"{call.place} takes {wanted} and is fed the output of "
            f"{module or 'a layer'} ({operation.replace('_', '-')}): {said}"
        ),
        why="the loss is no measure of how probable the right answer is; it can fall without limit or break",
        strength=1.0,
        evidence=evidence_at(
            trace, ("log_sum_error", "output_min", "output_max", "criterion"), call.place, call.since
        ),
    )
