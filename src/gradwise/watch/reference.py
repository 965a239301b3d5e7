"""What simple models make of the same rows: a yardstick for what there is to learn.

At sampled steps a few rows of the model's first input and their targets are
kept, distinct ones only.  Ridge regression and nearest neighbours are judged on
each of these rows from all others.  It abstains where the model sees more than
one input or more than once in a step, where inputs are ids, and where targets are large.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gradwise.watch.left_out import (
    Array,
    Loss,
    lift,
    neighbours_left_out,
    ridge_left_out,
    skill,
    standardised,
)
from gradwise.watch.pack import Key, Pack
from gradwise.watch.targets import BINARY_LOSSES, CLASS_LOSSES, DISTANCE_LOSSES

FEATURES = 64  # projections at most
MAX_COLUMNS = 1024  # of a flattened input; of longer ones every k-th is taken
MAX_ROWS = 64  # of one batch
KEPT_ROWS = 512  # distinct rows
MAX_KNOWN = 1 << 16  # rows ever told apart; later ones are not looked at
MAX_CLASSES = 64
MAX_TARGETS = 16  # numbers per row
MIN_ROWS = 64  # fewer are not judged
GROWN = 1.4  # judged again when this many times the rows have come


@dataclass
class _Store:
    """Distinct rows of one loss function and their targets; every row as likely to be kept as another."""

    x: list[NDArray[np.float32]] = field(default_factory=list)
    y: list[NDArray[np.float32]] = field(default_factory=list)
    known: set[int] = field(default_factory=set)
    judged: int = 0  # rows known when last judged
    options: dict[str, float] = field(default_factory=dict)

    def add(self, x: NDArray[np.float32], y: NDArray[np.float32], random: np.random.Generator) -> None:
        if not (np.isfinite(x).all() and np.isfinite(y).all()) or len(self.known) > MAX_KNOWN:
            return
        if self.x and (self.x[0].shape != x[0].shape or self.y[0].shape != y[0].shape):
            return
        for row, target in zip(x, y, strict=True):
            key = hash(row.tobytes())
            if key in self.known:
                continue
            self.known.add(key)
            place = len(self.x) if len(self.x) < KEPT_ROWS else int(random.integers(len(self.known)))
            if place == len(self.x):
                self.x.append(row)
                self.y.append(target)
            elif place < KEPT_ROWS:
                self.x[place], self.y[place] = row, target

    @property
    def due(self) -> bool:
        return len(self.known) >= max(MIN_ROWS, GROWN * self.judged) and len(self.x) >= MIN_ROWS


class ReferenceReader:
    """Keeps rows at sampled steps and judges simple models on them."""

    def __init__(self) -> None:
        self._stores: dict[str, _Store] = {}
        self._random = np.random.default_rng(0)  # ours: the script's random states are not touched
        self._projections: dict[tuple[int, torch.device], Tensor] = {}
        self._input: Tensor | None = None
        self._forwards = 0
        self._arrived: list[tuple[str, list[NDArray[np.float32]]]] = []

    def begin(self) -> None:
        """A sampled step begins."""
        self._input, self._forwards, self._arrived = None, 0, []

    def note_input(self, inputs: tuple[Any, ...]) -> None:
        """A model was called in a training pass."""
        tensors = [value for value in inputs if value is not None]
        alone = len(tensors) == 1 and type(tensors[0]) is Tensor
        self._forwards += 1
        if self._forwards > 1:  # parts of one model, an attack, accumulation: which input belongs to what?
            self._arrived = []
        self._input = tensors[0] if alone and self._forwards == 1 else None

    def note_loss(
        self, function: str, prediction: Any, target: Any, kwargs: Mapping[str, Any], pack: Pack
    ) -> None:
        """The first loss after it was computed.  Cost: one small product on the device."""
        x, self._input = self._input, None
        if x is None or self._arrived or not _fits(function, x, prediction, target, kwargs):
            return
        truth = target.detach()[:MAX_ROWS].reshape(min(len(target), MAX_ROWS), -1)
        if 1 < truth.shape[1] == x[0].numel():
            return  # an autoencoder, perhaps
        features = self._features(x.detach()[:MAX_ROWS])
        store = self._stores.setdefault(function, _Store())
        for name in ("beta", "delta"):
            if isinstance(kwargs.get(name), float | int):
                store.options[name] = float(kwargs[name])
        parts: list[NDArray[np.float32]] = []
        self._arrived.append((function, parts))
        pack.vector(features.reshape(-1), lambda flat: parts.append(flat.reshape(features.shape)))
        pack.vector(truth.reshape(-1).clone(), lambda flat: parts.append(flat.reshape(truth.shape)))

    def finish(self) -> dict[Key, float]:
        """Take in the rows that were transferred; the signals where there are enough new ones."""
        values: dict[Key, float] = {}
        for function, parts in self._arrived:
            store = self._stores[function]
            if len(parts) == 2:
                store.add(parts[0].copy(), parts[1].copy(), self._random)
            if store.due:
                store.judged = len(store.known)
                for signal, value in _judge(function, store).items():
                    values[signal, function] = value
        self._arrived = []
        return values

    def _features(self, x: Tensor) -> Tensor:
        """Rows as at most FEATURES numbers, a copy, shape (N, F)."""
        flat = x.reshape(len(x), -1).float()
        flat = flat[:, :: -(-flat.shape[1] // MAX_COLUMNS)]
        width = flat.shape[1]
        if width <= FEATURES:
            return flat.clone()
        key = (width, flat.device)
        if key not in self._projections:
            drawn = np.random.default_rng(width).standard_normal((width, FEATURES)) / width**0.5
            self._projections[key] = torch.from_numpy(drawn.astype(np.float32)).to(flat.device)
        with torch.no_grad(), torch.autocast(flat.device.type, enabled=False):
            return flat @ self._projections[key]


def _fits(function: str, x: Tensor, prediction: Any, target: Any, kwargs: Mapping[str, Any]) -> bool:
    """Whether simple models can be put in the place of this one."""
    if not isinstance(prediction, Tensor) or not isinstance(target, Tensor) or target.requires_grad:
        return False
    if not x.is_floating_point() or x.is_sparse or x.dim() < 2 or not x[0].numel() or not target.dim():
        return False
    if not len(x) == len(prediction) == len(target) or any(
        kwargs.get(name) is not None for name in ("weight", "pos_weight")
    ):
        return False
    if function in CLASS_LOSSES:
        ids = target.dim() == 1 and not target.is_floating_point()
        return ids and prediction.dim() == 2 and prediction.shape[1] <= MAX_CLASSES
    known = function in BINARY_LOSSES or function in DISTANCE_LOSSES
    return known and prediction.shape == target.shape and target[0].numel() <= MAX_TARGETS


def _judge(function: str, store: _Store) -> dict[str, float]:
    x = standardised(np.stack(store.x).astype(np.float64))
    y = np.stack(store.y).astype(np.float64)
    if not x.shape[1]:
        return {}
    if function in CLASS_LOSSES:
        ids = y[:, 0].astype(np.int64)
        y = (ids[:, None] == np.unique(ids)).astype(np.float64)
    ridge = max((_scored(function, p, y, store.options) for p in ridge_left_out(x, y)), key=_first)
    near = _scored(function, neighbours_left_out(x, y), y, store.options)
    return {
        "reference_skill": ridge[0],
        "reference_error": ridge[1],
        "neighbour_skill": near[0],
        "neighbour_error": near[1],
        "reference_rows": float(len(x)),
    }


def _first(pair: tuple[float, float]) -> float:
    return pair[0] if pair[0] == pair[0] else -np.inf


def _scored(function: str, predicted: Array, y: Array, options: Mapping[str, float]) -> tuple[float, float]:
    if function in CLASS_LOSSES:
        right = (predicted.argmax(axis=1) == y.argmax(axis=1)).astype(np.float64)
        return lift(right, float(y.mean(axis=0).max()))
    if function in BINARY_LOSSES:
        shares = (y > 0.5).mean(axis=0)
        right = ((predicted > 0.5) == (y > 0.5)).mean(axis=1)
        return lift(right, float(np.maximum(shares, 1 - shares).mean()))
    constant = y.mean(axis=0) if function == "mse_loss" else np.median(y, axis=0)
    return skill(predicted, y, constant, _loss(function, options))


def _loss(function: str, options: Mapping[str, float]) -> Loss:
    if function == "mse_loss":
        return np.square
    if function == "l1_loss":
        return np.abs
    edge = options.get("delta" if function == "huber_loss" else "beta", 1.0)

    def huber(residual: Array) -> Array:
        distance = np.abs(residual)
        within: Array = np.where(distance < edge, 0.5 * distance**2, edge * (distance - 0.5 * edge))
        return within

    return huber
