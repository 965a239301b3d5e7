"""Weights for classes, from how often each was met in training."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from gradwise.remedies.patient.columns import Origins
from gradwise.remedies.patient.learning import learn_from

if TYPE_CHECKING:
    from gradwise.remedies.patient.handle import Patient

BINARY = "binary_cross_entropy_with_logits"
CLASSES = ("cross_entropy", "nll_loss")
# Correlation of log weights with those that balance the classes, below whose negative the script's weights
# were turned round; weights by the square root of the counts still have 1; ours.
AGAINST = 0.8


def weigh(patient: Patient, most: float) -> None:
    """Follow losses in which rare classes count more.

    Args:
        patient: the cure's hold.
        most: times the smallest weight that the largest may be.
    """
    origins = Origins(patient)
    counted: dict[tuple[str, int], _Counts] = {}

    def learn(name: str, given: Mapping[str, Any], function: Callable[..., Any]) -> Tensor | None:
        word = "pos_weight" if name == BINARY else "weight"
        logits, target = given["input"], given["target"]
        own = given.get(word)
        if given.get("weight") is not None and word != "weight":
            patient.could_not(f"{name} has weights of the script's, and is left")
            return None
        if target.is_floating_point() != (name == BINARY):
            patient.could_not(f"{name} of probabilities is left")
            return None
        number = logits.shape[1 if logits.dim() > 1 else 0] if name in CLASSES else _labels(logits)
        counts = counted.setdefault((name, number), _Counts(number))
        if not counts.whole:
            counts.add(name, target, origins.whole(target))
        if own is not None and not counts.turned(own, binary=name == BINARY):
            patient.could_not(f"{name} has weights of the script's, and is left")
            return None
        weights = counts.positive(most) if name == BINARY else counts.weights(most)
        learnt: Tensor = function(**{**given, word: weights.to(logits)})
        return learnt

    learn_from(patient, (*CLASSES, BINARY), learn, "a loss with weights for its classes was followed")


def _labels(logits: Tensor) -> int:
    """How many yes-or-no questions each sample is asked."""
    return logits.shape[-1] if logits.dim() > 1 else 1


class _Counts:
    """How often each class was met; of questions, the answers yes and all."""

    def __init__(self, number: int) -> None:
        self.counts = torch.zeros(number, dtype=torch.double)
        self.seen = 0.0
        self.whole = False

    def add(self, name: str, target: Tensor, everything: Tensor | None) -> None:
        self.whole = everything is not None
        values = target.detach() if everything is None else everything
        if self.whole:
            self.counts, self.seen = torch.zeros_like(self.counts), 0.0
        if name == BINARY:
            rows = values.double().reshape(-1, len(self.counts)).cpu()
            self.counts, self.seen = self.counts + rows.sum(0), self.seen + len(rows)
            return
        flat = values.flatten()
        flat = flat[(flat >= 0) & (flat < len(self.counts))].cpu()  # without those that are ignored
        self.counts = self.counts + torch.bincount(flat, minlength=len(self.counts))

    def weights(self, most: float) -> Tensor:
        """Inverse to the counts, on average 1 for a sample."""
        counts = self.counts.clamp(min=1)
        weights = self.counts.sum() / (len(counts) * counts)
        return weights.clamp(max=most * float(weights.min()))

    def turned(self, own: Tensor, *, binary: bool) -> bool:
        """Whether the script's weights grow with the counts, so that rare classes count even less."""
        given = own.detach().double().flatten().cpu()
        balance = self.positive(math.inf) if binary else 1 / self.counts
        if given.numel() != balance.numel():
            return False
        known = (given > 0) & (balance > 0) & balance.isfinite()  # a class of weight 0 is left out on purpose
        own_way, balanced = given[known].log(), balance[known].log()
        if not binary:
            own_way, balanced = own_way - own_way.mean(), balanced - balanced.mean()
        sizes = float(own_way.norm() * balanced.norm())
        return sizes > 0 and float(own_way @ balanced) < -AGAINST * sizes

    def positive(self, most: float) -> Tensor:
        """How many times each yes counts as much as a no."""
        return ((self.seen - self.counts) / self.counts.clamp(min=1)).clamp(1 / most, most)
