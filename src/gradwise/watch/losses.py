"""What enters a loss function: shapes, ranges, producer, targets, accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gradwise.trace.model import Fact
from gradwise.watch.entering import rows_alike, sums
from gradwise.watch.graph import producer
from gradwise.watch.guesses import GuessBook, Scored, binary_scores, class_scores
from gradwise.watch.lineage import lineage, softmax_width
from gradwise.watch.pack import Pack
from gradwise.watch.reach import Reach, reach
from gradwise.watch.targets import (
    BINARY_LOSSES,
    CLASS_LOSSES,
    DISTANCE_LOSSES,
    ID_LOSSES,
    MAX_TARGETS,
    SHARE_LOSSES,
    SIGN_LOSSES,
    YES_NO_LOSSES,
    TargetBook,
)

# Loss functions of torch.nn.functional that are recognised, and their (input, target) names.
LOSS_FUNCTIONS = (
    "cross_entropy", "nll_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits",
    "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div", "poisson_nll_loss",
    "gaussian_nll_loss", "soft_margin_loss", "multilabel_soft_margin_loss", "multi_margin_loss",
    "multilabel_margin_loss", "hinge_embedding_loss", "cosine_embedding_loss", "margin_ranking_loss",
    "triplet_margin_loss", "ctc_loss",
)  # fmt: skip

MOST_WEIGHTS = 64  # classes whose weights are told
MAX_PREDICTIONS = 1 << 16  # elements of a prediction that are looked at


def argument(args: tuple[Any, ...], kwargs: Mapping[str, Any], position: int, name: str) -> Any:
    """A call's argument, given by position or by name."""
    return args[position] if len(args) > position else kwargs.get(name)


class LossReader:
    """Reads recognised loss calls of training passes at sampled steps."""

    def __init__(self) -> None:
        self._books: dict[str, TargetBook] = {}
        self._facts: dict[str, tuple[Any, ...]] = {}
        self._reaches: dict[tuple[Any, ...], Reach] = {}
        self._guesses: dict[str, GuessBook] = {}
        self._scored: list[Scored] = []

    @property
    def functions(self) -> frozenset[str]:
        """The losses read so far."""
        return frozenset(self._facts)

    def take_scored(self) -> list[Scored]:
        """The classification losses of the sampled step, in order; forgotten afterwards."""
        scored, self._scored = self._scored, []
        return scored

    def read(
        self,
        function: str,
        out: Tensor,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        owners: Mapping[int, str],
        pack: Pack,
        step: int,
        source: Any = None,
    ) -> list[Fact]:
        """Describe one call; returns the facts that are new.  Cost: a few small reductions.

        ``source`` is the autograd node that made the prediction, where the
        prediction given does not know it itself.
        """
        prediction, target = argument(args, kwargs, 0, "input"), argument(args, kwargs, 1, "target")
        if not isinstance(prediction, Tensor) or not isinstance(target, Tensor):
            return []
        facts: list[Fact] = []
        node = prediction.grad_fn if source is None else source
        operation, module = producer(node, owners)
        classes = prediction.shape[1] if function in CLASS_LOSSES and prediction.dim() > 1 else None
        bounds = self._reach((function, operation, module, prediction.shape[1:]), node, prediction, owners)
        signature = (
            operation, module, prediction.dim(), target.dim(), target.dtype, classes,
            prediction.shape[1:], target.shape[1:], bounds,
        )  # fmt: skip
        if self._facts.get(function) != signature:
            self._facts[function] = signature
            facts.append(
                Fact(
                    step,
                    "loss-call",
                    function,
                    {
                        "function": function,
                        "input_shape": list(prediction.shape),
                        "target_shape": list(target.shape),
                        "target_dtype": str(target.dtype).removeprefix("torch."),
                        "producer": operation,
                        "producer_module": module,
                        "classes": classes,
                        "bounded_by": bounds.activation if bounds else "",
                        "bounding_module": bounds.module if bounds else "",
                        "reach": bounds.ends() if bounds else None,
                        "reduced": out.dim() == 0,
                        "weighted": argument(args, kwargs, 2, "weight") is not None,
                        "class_weights": _class_weights(function, args, kwargs),
                        "softmax_width": softmax_width(node),
                        "lineage": lineage(node, owners),
                    },
                )
            )
        if function in DISTANCE_LOSSES and prediction.shape != target.shape:
            facts.append(_broadcast(function, prediction, target, step))
        _criterion(function, out, kwargs, prediction, pack)
        seen = _rows(prediction, MAX_PREDICTIONS).detach().float()
        std, mean = torch.std_mean(seen) if seen.numel() > 1 else (seen.sum() * 0, seen.sum())
        low, high = torch.aminmax(seen)
        for name, value in (("mean", mean), ("std", std), ("min", low), ("max", high)):
            pack.scalar(f"output_{name}", function, value)
        rows_alike(function, seen, pack)
        if function in ID_LOSSES and prediction.dim() > 1:
            self._class_scores(function, seen, target, kwargs, pack)
        if function in YES_NO_LOSSES:
            truth = _rows(target.detach(), MAX_PREDICTIONS)
            if truth.shape == seen.shape:
                truth = (truth + 1) / 2 if function in SIGN_LOSSES else truth
                edge = 0.5 if function == "binary_cross_entropy" else 0.0
                right = (seen > edge) == (truth > 0.5)
                pack.scalar("accuracy", function, right.float().mean())
                self._score(function, len(prediction), binary_scores(function, seen, truth), pack)
        self._targets(function, prediction, target, kwargs, bounds, pack)
        return facts

    def _reach(
        self, key: tuple[Any, ...], node: Any, prediction: Tensor, owners: Mapping[int, str]
    ) -> Reach | None:
        """How far predictions reach; told once, since a saturated activation hides its scale."""
        known = self._reaches.get(key)
        if known is None:
            known = reach(node, prediction, owners)
            if known is not None:
                self._reaches[key] = known
        return known

    def _class_scores(
        self, function: str, seen: Tensor, target: Tensor, kwargs: Mapping[str, Any], pack: Pack
    ) -> None:
        if function == "cross_entropy":
            error = (seen.sum(dim=1) - 1).abs().amax()
            negative = seen.amin() < 0
            pack.scalar("row_sum_error", function, torch.where(negative, torch.inf, error))
        if function in CLASS_LOSSES:
            pack.scalar("log_sum_error", function, seen.logsumexp(dim=1).abs().amax())
        if target.is_floating_point():
            truth = _rows(target.detach(), MAX_PREDICTIONS)
            truth = truth.argmax(dim=1) if truth.shape == seen.shape else truth
        else:
            truth = target.detach()[: len(seen)]
        guess = seen.argmax(dim=1)
        if guess.shape == truth.shape:
            counted = truth != kwargs.get("ignore_index", -100)
            right = ((guess == truth) & counted).sum() / counted.sum().clamp(min=1)
            pack.scalar("accuracy", function, right)
            flat = class_scores(function, seen, truth, kwargs.get("ignore_index", -100))
            self._score(function, len(target), flat, pack)

    def _score(self, function: str, rows: int, flat: Tensor | None, pack: Pack) -> None:
        """Keep the scores of a call's rows, and count its answers."""
        scored = Scored(rows)
        self._scored.append(scored)
        book = self._guesses.setdefault(function, GuessBook())

        def take(host: NDArray[np.float32]) -> None:
            scored.take(host)
            if scored.labels is not None and scored.guess is not None:
                _put(pack, function, book.add(scored.labels, scored.guess))

        if flat is not None:
            pack.vector(flat, take)

    def _targets(
        self,
        function: str,
        prediction: Tensor,
        target: Tensor,
        kwargs: Mapping[str, Any],
        bounds: Reach | None,
        pack: Pack,
    ) -> None:
        truth = target.detach()
        book = self._book(function, kwargs, prediction)
        if function in ID_LOSSES and not truth.is_floating_point():
            flat = truth.reshape(-1)
            stride = max(len(flat) // MAX_TARGETS, 1)
            pack.vector(flat[::stride][:MAX_TARGETS], lambda ids: _put(pack, function, book.classes(ids)))
            return
        if truth.dtype == torch.bool or not truth.is_floating_point():
            truth = truth.float()
        if truth.numel() == 0:
            return
        rows = _rows(truth, MAX_TARGETS)
        sums(function, rows, pack, dim=1 if function in CLASS_LOSSES else -1)
        std, mean = torch.std_mean(rows.float()) if rows.numel() > 1 else (rows.sum() * 0, rows.sum())
        low, high = torch.aminmax(rows.float())
        for name, value in (("mean", mean), ("std", std), ("min", low), ("max", high)):
            pack.scalar(f"target_{name}", function, value)
        if function in DISTANCE_LOSSES and bounds is not None:
            beyond = (rows < bounds.low - bounds.margin) | (rows > bounds.high + bounds.margin)
            pack.scalar("outside_share", function, beyond.float().mean())
        if function in (*CLASS_LOSSES, *YES_NO_LOSSES, *DISTANCE_LOSSES, *SHARE_LOSSES):
            rows = rows.exp() if kwargs.get("log_target") else rows
            table = rows.reshape(len(rows), -1) if rows.dim() else rows.reshape(1, 1)
            width = table.shape[1]
            shares = function in CLASS_LOSSES or function in SHARE_LOSSES
            judge = book.distributions if shares else book.numbers
            pack.vector(table.reshape(-1), lambda flat: _put(pack, function, judge(flat.reshape(-1, width))))

    def _book(self, function: str, kwargs: Mapping[str, Any], prediction: Tensor) -> TargetBook:
        book = self._books.get(function)
        if book is None:
            options = {key: kwargs.get(key) for key in ("label_smoothing", "beta", "delta", "margin", "p")}
            options["pos_weight"] = _numbers(kwargs.get("pos_weight"))
            options["classes"] = prediction.shape[1] if prediction.dim() > 1 else 0
            book = self._books[function] = TargetBook(function, options, _numbers(kwargs.get("weight")))
        return book


def _numbers(value: Any) -> NDArray[np.float64] | None:
    """A tensor's numbers on the host; None where there is no tensor."""
    return value.detach().double().cpu().numpy() if isinstance(value, Tensor) else None


def _class_weights(function: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[float] | None:
    """What each class weighs in a loss; None where all weigh the same, or too many do not."""
    if function in CLASS_LOSSES:
        weights = _numbers(argument(args, kwargs, 2, "weight"))
        few = weights is not None and weights.ndim == 1 and 2 <= len(weights) <= MOST_WEIGHTS
        return [float(w) for w in weights] if few and weights is not None else None
    positive = _numbers(kwargs.get("pos_weight")) if function in BINARY_LOSSES else None
    return [1.0, float(positive.reshape(-1)[0])] if positive is not None and positive.size == 1 else None


def _put(pack: Pack, place: str, values: Mapping[str, float]) -> None:
    for signal, value in values.items():
        pack.number(signal, place, value)


def _rows(tensor: Tensor, limit: int) -> Tensor:
    """The first rows of a tensor, about ``limit`` numbers."""
    if tensor.numel() <= limit or tensor.dim() == 0:
        return tensor
    per_row = max(tensor.numel() // len(tensor), 1)
    return tensor[: max(limit // per_row, 1)]


def _criterion(function: str, out: Tensor, kwargs: Mapping[str, Any], prediction: Tensor, pack: Pack) -> None:
    """The loss value as a mean, whatever reduction the user chose."""
    value = out.detach()
    of_rows = function in (*ID_LOSSES, *SHARE_LOSSES, "multilabel_soft_margin_loss") and prediction.dim() > 0
    parts = max(len(prediction) if of_rows else prediction.numel(), 1)
    how = kwargs.get("reduction")
    if value.dim():
        value = value.float().sum() / parts if function in SHARE_LOSSES else value.float().mean()
    elif how == "sum":
        value = value / parts
    elif function in SHARE_LOSSES and how != "batchmean":
        value = value * prediction.numel() / parts
    pack.scalar("criterion", function, value)


def _broadcast(function: str, prediction: Tensor, target: Tensor, step: int) -> Fact:
    result = torch.broadcast_shapes(prediction.shape, target.shape)
    return Fact(
        step,
        "broadcast",
        function,
        {
            "prediction_shape": list(prediction.shape),
            "target_shape": list(target.shape),
            "result_shape": list(result),
            "share": 1.0,
        },
    )
