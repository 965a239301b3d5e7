"""Whether the net can learn one captured batch by heart, from the present and from new weights.

What it is
    A net that cannot drive the loss of a single batch to near zero cannot learn the task either: wiring,
    capacity or gradients are at fault, and no amount of data helps.  One that can from new weights but not
    from the present ones has lost its units on the way.

Also called
    single-batch

Formula
    share left = lowest loss reached ÷ loss of the best constant prediction for that batch (its label shares,
    its mean, its median; the first loss for other losses).  *can* below 0.1 from both, *lost* from new
    weights only, *cannot* from neither.

Defaults
    Adam at 0.01 and 0.001, up to 150 steps each, dropout off, batch norm as in training

When
    - underfitting and a fault in the wiring are both possible

When not
    - losses without a floor (policy gradients, likelihoods of densities): it abstains below zero
    - the same input with different targets in one batch cannot be learnt by heart by any net

Confused with
    - `underfitting`: judges the whole run

Example
    The two rates that are tried.

    >>> from gradwise.probes.overfit_one_batch import RATES
    >>> RATES
    (0.01, 0.001)

Claims
    - an MLP learns 16 digits by heart, a linear net cannot learn XOR

References
    Karpathy, "A Recipe for Training Neural Networks", 2019; Goodfellow and others, "Deep Learning", 11.5.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gradwise.probes import randomness
from gradwise.probes.bench import Bench
from gradwise.probes.probe import Abstain, Answer, Probe
from gradwise.probes.replica import Replica
from gradwise.probes.stopwatch import Stopwatch
from gradwise.probes.taped import TapedReplica
from gradwise.trace.captured import CapturedBatch

RATES = (0.01, 0.001)  # of Adam
STEPS = 150  # with each rate, at most
LEAST_STEPS = 20  # with each rate, whatever the time; fewer tell nothing
NEAR_ZERO = 0.1  # of the constant prediction's loss; ours

PROBE = Probe(
    name="overfit-one-batch",
    summary="whether the net can learn one captured batch by heart",
    needs=("batch", "weights"),
    since="0.1.0",
)


def run(bench: Bench) -> Answer:
    """Learn the last batch from the present weights and from new ones."""
    replica, batch = bench.replica, bench.batches[-1]
    if isinstance(replica, TapedReplica):
        raise Abstain(replica.refusal)
    if not replica.parameters:
        raise Abstain("the model has no weights to train")
    if batch.loss < 0:
        raise Abstain("the loss goes below zero, so that there is no near zero to reach")
    floor = constant_loss(replica, batch)
    shares: dict[str, Any] = {"constant": floor}
    replica.load("captured")
    if replica.finite:
        shares["present"] = learn(replica, batch, bench.watch.part(2)) / floor
    try:
        replica.load("captured")
        drawn, trained = replica.draw()
        shares["new"] = learn(replica, batch, bench.watch) / floor
        shares["drawn"], shares["trained"] = drawn, trained
    except Abstain:
        shares["new"] = None
    return Answer(_told(shares), _verdict(shares), shares)


def learn(replica: Replica, batch: CapturedBatch, watch: Stopwatch) -> float:
    """Lowest loss reached from where the copy stands."""
    begin = {name: tensor.detach().clone() for name, tensor in replica.tensors.items()}
    lowest = float("inf")
    replica.frozen_dropout = True
    try:
        for rate in RATES:
            with torch.no_grad():
                for name, tensor in replica.tensors.items():
                    tensor.copy_(begin[name])
            optimizer = torch.optim.Adam(replica.parameters, lr=rate)
            part = watch.part(len(RATES))
            for step in range(STEPS + 1):
                loss = replica.loss(batch)
                value = float(loss.detach())
                lowest = min(lowest, value) if value == value else lowest
                if not torch.isfinite(loss) or (step >= LEAST_STEPS and part.over):
                    break
                replica.gradients(loss)
                optimizer.step()
    finally:
        replica.frozen_dropout = False
    return lowest


def constant_loss(replica: Replica, batch: CapturedBatch) -> float:
    """The batch's loss for the best constant prediction; its first loss where that is not known."""
    target = batch.loss_args[0] if batch.loss_args else batch.loss_kwargs.get("target")
    prediction = batch.prediction
    if not isinstance(target, Tensor):
        return max(batch.loss, 1e-12)
    constant: Tensor | None = None
    if batch.function in ("cross_entropy", "nll_loss") and not target.is_floating_point():
        kept = target[target >= 0].reshape(-1)
        shares = torch.bincount(kept, minlength=prediction.shape[1]).to(prediction) / max(len(kept), 1)
        shape = [1, -1] + [1] * (prediction.dim() - 2)
        constant = shares.clamp(min=1e-6).log().reshape(shape).expand_as(prediction)
    elif batch.function in ("mse_loss", "smooth_l1_loss", "huber_loss") and target.shape == prediction.shape:
        constant = target.to(prediction).mean(0, keepdim=True).expand_as(prediction)
    elif batch.function == "l1_loss" and target.shape == prediction.shape:
        constant = target.to(prediction).median(0, keepdim=True).values.expand_as(prediction)
    elif batch.function.startswith("binary_cross_entropy") and target.shape == prediction.shape:
        share = target.to(prediction).mean(0, keepdim=True).clamp(1e-6, 1 - 1e-6)
        constant = (share.logit() if batch.function.endswith("logits") else share).expand_as(prediction)
    if constant is None:
        return max(batch.loss, 1e-12)
    with torch.no_grad(), randomness.kept():
        return max(float(replica.of_prediction(constant.contiguous(), batch)), 1e-12)


def _verdict(shares: dict[str, Any]) -> str:
    present, new = shares.get("present"), shares.get("new")
    if present is not None and present < NEAR_ZERO:
        return "can"
    if new is None:
        return "cannot" if present is not None else "unknown"
    return "lost" if new < NEAR_ZERO else "cannot"


def _told(shares: dict[str, Any]) -> str:
    parts = []
    if shares.get("present") is not None:
        parts.append(f"from the present weights {shares['present']:.2g} of a constant's loss is left")
    if shares.get("new") is not None:
        some = "" if shares["drawn"] >= shares["trained"] else " (some kept)"
        parts.append(f"from new weights{some} {shares['new']:.2g}")
    return "learning one batch by heart, " + (" and ".join(parts) if parts else "nothing could be tried")
