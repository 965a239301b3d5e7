"""Every loss with its published formula, written out with loops over one example at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from sklearn.datasets import load_iris
from torch import Tensor

Rows = list[list[float]]
WEIGHTS = (1.0, 2.0, 4.0)


@dataclass(frozen=True)
class Case:
    """A loss with settings, and its value by hand of (N, K) numbers and a target."""

    name: str
    target: str  # ids, labels, numbers
    by_hand: Callable[[Rows, Any], float]
    given: dict[str, Any] = field(default_factory=dict)
    features: bool = False

    def __str__(self) -> str:
        return f"{self.name}-{self.target}-{self.given}"


def log_softmax(row: list[float]) -> list[float]:
    top = max(row)
    total = top + math.log(sum(math.exp(z - top) for z in row))
    return [z - total for z in row]


def log_sigmoid(z: float) -> float:
    return -math.log1p(math.exp(-z)) if z > 0 else z - math.log1p(math.exp(z))


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def cross_entropy(smoothing: float = 0.0, weights: tuple[float, ...] | None = None):
    def loss(rows: Rows, ids: list[int]) -> float:
        total = divisor = 0.0
        for row, y in zip(rows, ids, strict=True):
            w = weights or [1.0] * len(row)
            for k, log_p in enumerate(log_softmax(row)):
                q = (1 - smoothing) * (k == y) + smoothing / len(row)
                total -= q * w[k] * log_p
            divisor += w[y]
        return total / divisor

    return loss


def bce(smoothing: float = 0.0, weights=(1.0, 1.0, 1.0)):
    def loss(rows: Rows, labels: Rows) -> float:
        each = []
        for row, truth in zip(rows, labels, strict=True):
            for z, t, w in zip(row, truth, weights, strict=True):
                t = t * (1 - smoothing) + smoothing / 2
                each.append(-w * t * log_sigmoid(z) - (1 - t) * log_sigmoid(-z))
        return mean(each)

    return loss


def focal(gamma: float = 2.0, weights=(1.0, 1.0, 1.0)):
    def loss(rows: Rows, ids: list[int]) -> float:
        total = 0.0
        for row, y in zip(rows, ids, strict=True):
            log_p = log_softmax(row)[y]
            total -= weights[y] * (1 - math.exp(log_p)) ** gamma * log_p
        return total / sum(weights[y] for y in ids)

    return loss


def focal_labels(gamma: float = 2.0, weights=(1.0, 1.0, 1.0)):
    def loss(rows: Rows, labels: Rows) -> float:
        each = []
        for row, truth in zip(rows, labels, strict=True):
            for z, t, w in zip(row, truth, weights, strict=True):
                log_p = log_sigmoid(z if t else -z)
                each.append(-(w if t else 1.0) * (1 - math.exp(log_p)) ** gamma * log_p)
        return mean(each)

    return loss


def hinge(margin: float = 1.0, power: int = 1, weights=(1.0, 1.0, 1.0)):
    def loss(rows: Rows, labels: Rows) -> float:
        each = []
        for row, truth in zip(rows, labels, strict=True):
            for z, t, w in zip(row, truth, weights, strict=True):
                each.append((w if t else 1.0) * max(0.0, margin - (2 * t - 1) * z) ** power)
        return mean(each)

    return loss


def multi_class_hinge(margin: float = 1.0, power: int = 1, weights=(1.0, 1.0, 1.0)):
    def loss(rows: Rows, ids: list[int]) -> float:
        total = 0.0
        for row, y in zip(rows, ids, strict=True):
            short = [max(0.0, margin - row[y] + z) ** power for k, z in enumerate(row) if k != y]
            total += weights[y] * sum(short) / len(row)
        return total / sum(weights[y] for y in ids)

    return loss


def distance(each: Callable[[float], float]):
    def loss(rows: Rows, truth: Rows) -> float:
        pairs = zip(rows, truth, strict=True)
        return mean([each(y - t) for row, true in pairs for y, t in zip(row, true, strict=True)])

    return loss


def huber(delta: float):
    return distance(lambda e: e * e / 2 if abs(e) <= delta else delta * (abs(e) - delta / 2))


def smooth_l1(beta: float):
    return distance(lambda e: e * e / (2 * beta) if abs(e) < beta else abs(e) - beta / 2)


def contrastive(margin: float = 1.0, strength: float = 1.0):
    def loss(rows: Rows, ids: list[int]) -> float:
        each = []
        for i in range(len(rows)):
            for j in range(i):
                d = math.dist(rows[i], rows[j])
                each.append(d * d / 2 if ids[i] == ids[j] else max(0.0, margin - d) ** 2 / 2)
        return strength * mean(each)

    return loss


def triplet(margin: float = 0.2, mining: str = "semi-hard", normalize: bool = True):
    def loss(rows: Rows, ids: list[int]) -> float:
        if normalize:
            rows = [[x / math.hypot(*row) for x in row] for row in rows]
        square = [[math.dist(a, b) ** 2 for b in rows] for a in rows]
        each = []
        for a, far in enumerate(square):
            positives = [far[p] for p in range(len(rows)) if ids[p] == ids[a] and p != a]
            negatives = [far[n] for n in range(len(rows)) if ids[n] != ids[a]]
            if not positives or not negatives:
                continue
            if mining == "hard":
                each.append(max(0.0, max(positives) - min(negatives) + margin))
                continue
            for p in positives:
                n = min([d for d in negatives if d > p], default=max(negatives))
                each.append(max(0.0, p - n + margin))
        return mean(each)

    return loss


def large_margin(m: int, ease: float = 0.0):
    """Of features only: the head is `HEAD`."""

    def loss(rows: Rows, ids: list[int]) -> float:
        logits = []
        for x, y in zip(rows, ids, strict=True):
            z = [sum(a * b for a, b in zip(w, x, strict=True)) + 0.25 for w in HEAD.tolist()]
            own = HEAD[y].tolist()
            length = math.hypot(*x) * math.hypot(*own)
            cosine = sum(a * b for a, b in zip(own, x, strict=True)) / length
            angle = math.acos(cosine)
            k = min(int(angle * m / math.pi), m - 1)
            psi = (-1) ** k * math.cos(m * angle) - 2 * k
            z[y] = (ease * length * cosine + length * psi) / (1 + ease) + 0.25
            logits.append(z)
        return cross_entropy()(logits, ids)

    return loss


def flower_rows() -> tuple[Tensor, Tensor]:
    """Twelve flowers of each kind as (36, 3) centred measurements and their kinds."""
    data = load_iris()
    rows = torch.tensor(data.data[:, :3] - data.data[:, :3].mean(0))
    some = torch.arange(0, 150, 4)
    return rows[some], torch.tensor(data.target)[some]


OUTPUTS, IDS = flower_rows()
LABELS = (OUTPUTS.roll(1, 0) > 0.2).double()
NUMBERS = OUTPUTS.roll(1, 0) * 1.5
TARGETS = {"ids": IDS, "labels": LABELS, "numbers": NUMBERS}
HEAD = torch.tensor([[0.5, -1.0, 0.25], [-0.75, 0.5, 1.0], [0.1, 0.9, -0.6]], dtype=torch.float64)

CASES = [
    Case("cross-entropy", "ids", cross_entropy()),
    Case("cross-entropy", "ids", cross_entropy(0.1), {"smoothing": 0.1}),
    Case("cross-entropy", "ids", cross_entropy(0.2, WEIGHTS), {"smoothing": 0.2, "weights": WEIGHTS}),
    Case("label-smoothing", "ids", cross_entropy(0.1)),
    Case("label-smoothing", "ids", cross_entropy(0.1, WEIGHTS), {"weights": WEIGHTS}),
    Case("bce", "labels", bce()),
    Case("bce", "labels", bce(0.2, WEIGHTS), {"smoothing": 0.2, "weights": WEIGHTS}),
    Case("focal", "ids", focal()),
    Case("focal", "ids", focal(0.5, WEIGHTS), {"gamma": 0.5, "weights": WEIGHTS}),
    Case("focal", "labels", focal_labels()),
    Case("focal", "labels", focal_labels(3.0, WEIGHTS), {"gamma": 3.0, "weights": WEIGHTS}),
    Case("hinge", "labels", hinge()),
    Case("hinge", "labels", hinge(0.5, 2, WEIGHTS), {"margin": 0.5, "power": 2, "weights": WEIGHTS}),
    Case("multi-class-hinge", "ids", multi_class_hinge()),
    Case("multi-class-hinge", "ids", multi_class_hinge(2.0, 2, WEIGHTS),
         {"margin": 2.0, "power": 2, "weights": WEIGHTS}),
    Case("mse", "numbers", distance(lambda e: e * e)),
    Case("mae", "numbers", distance(abs)),
    Case("huber", "numbers", huber(1.0)),
    Case("huber", "numbers", huber(0.3), {"delta": 0.3}),
    Case("smooth-l1", "numbers", smooth_l1(1.0)),
    Case("smooth-l1", "numbers", smooth_l1(0.3), {"beta": 0.3}),
    Case("contrastive", "ids", contrastive(), features=True),
    Case("contrastive", "ids", contrastive(2.5, 0.5), {"margin": 2.5, "strength": 0.5}, features=True),
    Case("triplet", "ids", triplet(), features=True),
    Case("triplet", "ids", triplet(1.0, "hard"), {"margin": 1.0, "mining": "hard"}, features=True),
    Case("triplet", "ids", triplet(normalize=False), {"normalize": False}, features=True),
    *(Case("large-margin", "ids", large_margin(m), {"margin": m, "ease": 0}, features=True) for m in (1, 2, 3, 4)),
    Case("large-margin", "ids", large_margin(4, 5.0), {"margin": 4, "ease": 5.0}, features=True),
]  # fmt: skip
