"""What the targets say: class shares, spread, and the loss of the best constant prediction.

The trivial predictor answers the same for every input.  Its loss is what a
network must beat to have learnt anything; it is derived from the targets seen,
never from a number of the user's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

CLASS_LOSSES = ("cross_entropy", "nll_loss")
BINARY_LOSSES = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
DISTANCE_LOSSES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
SIGN_LOSSES = ("soft_margin_loss",)  # targets -1 and 1; the same loss as with logits and targets 0 and 1
YES_NO_LOSSES = (*BINARY_LOSSES, *SIGN_LOSSES, "multilabel_soft_margin_loss")  # one score for each yes or no
ID_LOSSES = (*CLASS_LOSSES, "multi_margin_loss")  # one score for each class
SHARE_LOSSES = ("kl_div",)  # log-probabilities against probabilities

MAX_TARGETS = 4096  # numbers of one batch's targets that are looked at
MAX_CLASSES = 65_536  # class ids above this are not counted one by one
KEPT_ROWS = 4096  # most recent target rows kept for medians
MAX_KINDS = 65  # different values of real targets that are counted one by one


class TargetBook:
    """Running account of the targets of one loss.

    Args:
        function: name of the loss function.
        options: the keyword arguments that change its value (label_smoothing, beta, delta).
    """

    def __init__(
        self, function: str, options: Mapping[str, Any], weights: NDArray[np.float64] | None
    ) -> None:
        self.function = function
        self.options = options
        self.weights = weights
        self.counts = np.zeros(0)
        self.rows = 0
        self.sums: NDArray[np.float64] | None = None
        self.squares: NDArray[np.float64] | None = None
        self.recent: list[NDArray[np.float64]] = []
        self.values: dict[float, int] = {}  # value of a real target → how often it was seen

    def classes(self, ids: NDArray[np.float32]) -> dict[str, float]:
        """Count class ids (B,) and describe the batch."""
        kept = ids[(ids >= 0) & (ids < MAX_CLASSES)].astype(np.int64)
        if not len(kept):
            return {}
        batch = np.bincount(kept)
        if len(batch) > len(self.counts):
            self.counts = np.pad(self.counts, (0, len(batch) - len(self.counts)))
        self.counts[: len(batch)] += batch
        shares = self.counts / self.counts.sum()
        best = self._margin if self.function == "multi_margin_loss" else self._class_entropy
        return {
            "label_top": float(batch.argmax()),
            "label_top_share": float(batch.max() / len(kept)),
            "label_kinds": float(np.count_nonzero(batch)),
            "label_kinds_expected": float((1 - (1 - shares) ** len(kept)).sum()),
            "majority": float(shares.max()),
            "trivial": best(shares),
        }

    def _margin(self, shares: NDArray[np.float64]) -> float:
        """The loss of the best constant: all classes alike, or the best one ahead by the margin.

        Exact for two classes; other constants are not looked at.
        """
        margin = self.options.get("margin")
        margin = 1.0 if margin is None else float(margin)
        power = float(self.options.get("p") or 1)
        classes = max(int(self.options.get("classes") or 0), len(shares))
        weights = np.ones(classes) if self.weights is None else self.weights
        weighed = np.pad(shares, (0, classes - len(shares))) * weights[:classes]
        alike = weighed.sum() * (classes - 1) * margin**power
        ahead = (weighed.sum() - weighed) * ((2 * margin) ** power + (classes - 2) * margin**power)
        return float(min(alike, ahead.min()) / classes)

    def _class_entropy(self, shares: NDArray[np.float64]) -> float:
        if self.weights is not None and len(self.weights) >= len(shares):
            weighted = shares * self.weights[: len(shares)]
            shares = weighted / max(weighted.sum(), 1e-30)
        smoothing = float(self.options.get("label_smoothing") or 0.0)
        classes = max(int(self.options.get("classes") or 0), len(shares))
        if smoothing:
            shares = (1 - smoothing) * np.pad(shares, (0, classes - len(shares))) + smoothing / classes
        positive = shares[shares > 0]
        return float(-(positive * np.log(positive)).sum())

    def distributions(self, rows: NDArray[np.float32]) -> dict[str, float]:
        """Targets that are class probabilities, shape (B, C)."""
        self._add(rows)
        assert self.sums is not None
        if self.function in SHARE_LOSSES:
            mean = np.clip(self.sums / self.rows, 1e-30, None)
            own = np.concatenate(self.recent)
            return {"trivial": float((own * np.log(np.clip(own, 1e-30, None) / mean)).sum(axis=1).mean())}
        shares = self.sums / max(self.sums.sum(), 1e-30)
        positive = shares[shares > 0]
        return {"trivial": float(-(positive * np.log(positive)).sum()), "majority": float(shares.max())}

    def numbers(self, rows: NDArray[np.float32]) -> dict[str, float]:
        """Real targets, shape (B, D)."""
        self._add(rows)
        return self._kinds(rows) | self._best_constant()

    def _kinds(self, rows: NDArray[np.float32]) -> dict[str, float]:
        """How many different values the targets have had, and the share of the most frequent one."""
        if len(self.values) < MAX_KINDS:
            for value, count in zip(*np.unique(rows, return_counts=True), strict=True):
                self.values[float(value)] = self.values.get(float(value), 0) + int(count)
                if len(self.values) >= MAX_KINDS:
                    break
        if len(self.values) >= MAX_KINDS:
            return {"target_kinds": float(MAX_KINDS)}
        top = max(self.values.values()) / sum(self.values.values())
        return {"target_kinds": float(len(self.values)), "target_top_share": top}

    def _best_constant(self) -> dict[str, float]:
        assert self.sums is not None and self.squares is not None
        mean = self.sums / self.rows
        if self.function in YES_NO_LOSSES:
            p = np.clip((mean + 1) / 2 if self.function in SIGN_LOSSES else mean, 1e-7, 1 - 1e-7)
            return {"trivial": self._binary_entropy(p), "majority": float(np.maximum(p, 1 - p).mean())}
        if self.function == "mse_loss":
            return {"trivial": float(np.maximum(self.squares / self.rows - mean**2, 0).mean())}
        return {"trivial": self._absolute(np.concatenate(self.recent))}

    def _binary_entropy(self, p: NDArray[np.float64]) -> float:
        """The loss of the best constant; where positives weigh w, it is w p / (w p + 1 - p)."""
        given = self.options.get("pos_weight")
        weight = given if given is not None and given.size in (1, p.size) else np.ones(1)
        weight = weight.reshape(p.shape) if weight.size == p.size else weight.reshape(-1)
        weighed = weight * p
        answer = np.clip(weighed / (weighed + 1 - p), 1e-7, 1 - 1e-7)
        entropy = -(weighed * np.log(answer) + (1 - p) * np.log(1 - answer))
        of_classes = self.function == "multilabel_soft_margin_loss" and self.weights is not None
        return float((self.weights * entropy if of_classes else entropy).mean())

    def _absolute(self, rows: NDArray[np.float64]) -> float:
        distance = np.abs(rows - np.median(rows, axis=0))
        if self.function == "l1_loss":
            return float(distance.mean())
        edge = float(self.options.get("delta" if self.function == "huber_loss" else "beta") or 1.0)
        inside = 0.5 * distance**2
        outside = edge * (distance - 0.5 * edge)
        value = np.where(distance < edge, inside, outside)
        return float(value.mean() if self.function == "huber_loss" else (value / edge).mean())

    def _add(self, rows: NDArray[np.float32]) -> None:
        block = rows.astype(np.float64)
        if self.sums is None or self.sums.shape[-1] != block.shape[-1]:
            self.rows, self.recent = 0, []
            self.sums, self.squares = np.zeros(block.shape[-1]), np.zeros(block.shape[-1])
        assert self.squares is not None
        self.rows += len(block)
        self.sums = self.sums + block.sum(axis=0)
        self.squares = self.squares + (block**2).sum(axis=0)
        self.recent.append(block)
        while len(self.recent) > 1 and sum(map(len, self.recent)) > KEPT_ROWS:
            self.recent.pop(0)
