"""What a classifier answers: its classes beside the right ones, row by row and over the last samples."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

MAX_SCORED = 1024  # rows of a batch whose scores are looked at
WINDOW = 16  # sampled steps over which recall is counted
RARE_RATIO = 10.0  # a class is rare when the most frequent one is this many times as frequent
MAX_CLASSES = 65_536  # class ids above this are not counted
QUARTERS = 4  # parts of a run's rows of which answers are told apart; also the part that is surest
FEWEST_JUDGED = 100  # rows below which that is not done
HIGHEST = 1.001  # above this a "probability" is none


@dataclass(eq=False)
class Scored:
    """One classification loss call: its rows, and for the first of them label, answer and probabilities."""

    rows: int
    labels: NDArray[np.float32] | None = None
    own: NDArray[np.float32] | None = None  # probability of the label
    top: NDArray[np.float32] | None = None  # largest probability
    guess: NDArray[np.float32] | None = None

    def take(self, flat: NDArray[np.float32]) -> None:
        """What `class_scores` or `binary_scores` gave, transferred."""
        self.labels, self.own, self.top, self.guess = flat.reshape(4, -1).copy()


def class_scores(function: str, scores: Tensor, truth: Tensor, ignored: int) -> Tensor | None:
    """Labels, their probability, the largest one and the answers, flat, shape (4 * rows,).

    Labels to be ignored become -1.  None where there is not one label for each row.

    Args:
        function: ``cross_entropy`` or ``nll_loss``.
        scores: logits or log-probabilities, shape (B, C).
        truth: class ids, shape (B,).
        ignored: the class id that counts for nothing.
    """
    if scores.dim() != 2 or truth.shape != scores.shape[:1] or scores.shape[1] < 2:
        return None
    scores, truth = scores[:MAX_SCORED], truth[:MAX_SCORED]
    chances = scores.softmax(dim=1) if function == "cross_entropy" else scores.exp()
    known = (truth != ignored) & (truth >= 0) & (truth < scores.shape[1])
    own = chances.gather(1, torch.where(known, truth, 0).long()[:, None])[:, 0]
    top, guess = chances.max(dim=1)
    return torch.cat((torch.where(known, truth, -1).float(), own, top, guess.float()))


def binary_scores(function: str, scores: Tensor, truth: Tensor) -> Tensor | None:
    """The same for one score a row; targets above one half are class 1."""
    if scores.shape != truth.shape or scores.numel() != len(scores):
        return None
    scores, truth = scores.reshape(-1)[:MAX_SCORED], truth.reshape(-1)[:MAX_SCORED] > 0.5
    chance = scores if function == "binary_cross_entropy" else scores.sigmoid()
    own = torch.where(truth, chance, 1 - chance)
    return torch.cat((truth.float(), own, torch.maximum(chance, 1 - chance), (chance > 0.5).float()))


class GuessBook:
    """Running account of the answers to one loss."""

    def __init__(self) -> None:
        self._counts = np.zeros(0)  # rows of each class, over the run
        self._window: deque[NDArray[np.int64]] = deque(maxlen=WINDOW)  # (2, rows) label and answer

    def add(self, labels: NDArray[np.float32], guess: NDArray[np.float32]) -> dict[str, float]:
        """Describe the answers of one sampled step, and recall over the last ones."""
        kept = (labels >= 0) & (labels < MAX_CLASSES)
        if not kept.any():
            return {}
        batch = np.stack((labels[kept], guess[kept])).astype(np.int64)
        counts, answers = np.bincount(batch[0]), np.bincount(batch[1])
        if len(counts) > len(self._counts):
            self._counts = np.pad(self._counts, (0, len(counts) - len(self._counts)))
        self._counts[: len(counts)] += counts
        self._window.append(batch)
        told = {
            "guess_top": float(answers.argmax()),
            "guess_top_share": float(answers.max() / answers.sum()),
        }
        return told | self._recall()

    def _recall(self) -> dict[str, float]:
        common = self._counts.max()
        rare = (self._counts > 0) & (self._counts * RARE_RATIO <= common)
        label, guess = np.concatenate(self._window, axis=1)
        is_rare = rare[label]
        told = {
            "rare_share": float(self._counts[rare].sum() / self._counts.sum()),
            "rare_rows": float(is_rare.sum()),
        }
        if is_rare.any():
            told["rare_recall"] = float((label == guess)[is_rare].mean())
        if not is_rare.all():
            told["rest_recall"] = float((label == guess)[~is_rare].mean())
        return told


def quarters(
    labels: NDArray[np.float32], own: NDArray[np.float32], top: NDArray[np.float32]
) -> list[dict[str, Any]]:
    """How sure and how right the answers were in each quarter of the rows, met in this order.

    Nothing where there are fewer than 100 rows, or numbers that are no
    probabilities.  Cost: one sort of each quarter.

    Args:
        labels: class ids, shape (rows,); negative ones count for nothing.
        own: probability of the label, shape (rows,).
        top: largest probability, shape (rows,).
    """
    known = labels >= 0
    rows = np.stack((labels[known], own[known], top[known])).astype(np.float64)  # (3, rows)
    if rows.shape[1] < FEWEST_JUDGED or not (rows[1:] <= HIGHEST).all():  # NaN is not, either
        return []
    return [_answered(*part) for part in np.array_split(rows, QUARTERS, axis=1)]


def _answered(
    labels: NDArray[np.float64], own: NDArray[np.float64], top: NDArray[np.float64]
) -> dict[str, Any]:
    right = own >= top
    _, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
    missed = np.bincount(place, ~right)
    order = np.argsort(missed / counts, kind="stable")
    easier = order[: np.searchsorted(np.cumsum(counts[order]), len(labels) / 2) + 1]  # half of the rows
    surest = np.argsort(-top, kind="stable")[: len(top) // QUARTERS]
    left = own[~right] / np.maximum(1 - top[~right], 1e-6)
    return {
        "rows": len(labels),
        "right": int(right.sum()),
        "classes": len(counts),
        "common": int(counts.max()),
        "confidence": float(top.mean()),
        "surer": _surer(top, right),
        "surest": len(surest),
        "surest_right": int(right[surest].sum()),
        "easier": int(counts[easier].sum()),
        "easier_right": int((counts - missed)[easier].sum()),
        "left": float(np.minimum(left, 1).mean()) if len(left) else 0.0,
    }


def _surer(top: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Share of pairs of a right and a wrong answer in which the right one is surer; equal ones count half."""
    good, bad = int(right.sum()), int((~right).sum())
    if not good or not bad:
        return 1.0
    _, place, counts = np.unique(top, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]  # from 1; equal ones share theirs
    return float((ranks[right].sum() - good * (good + 1) / 2) / (good * bad))
