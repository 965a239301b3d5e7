"""scikit-learn estimators: `NetClassifier` and `NetRegressor`, for arrays, pipelines and searches.

>>> from sklearn.datasets import load_iris
>>> X, y = load_iris(return_X_y=True)
>>> net = NetClassifier(epochs=30, rate=0.01, random_state=0).fit(X, y)
>>> net.score(X, y) > 0.9
True
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MultiOutputMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

from gradwise.data.examples import Task
from gradwise.fitting import estimator_files
from gradwise.fitting.array_training import learn
from gradwise.fitting.network import activate
from gradwise.fitting.stream import Moments, Stream, known_classes
from gradwise.train.config import FitConfig

Array = NDArray[Any]

CHUNK_ROWS = 8192  # rows in one forward pass


class _Net(BaseEstimator):
    """What both share: settings, training, saving."""

    _stream: Stream | None = None  # of `partial_fit`
    _seen: Moments | None = None  # of all rows so far

    def __init__(
        self,
        *,
        net: str = "mlp",
        width: int | None = None,
        depth: int | None = None,
        dropout: float | None = None,
        activation: str | None = None,
        norm: str | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        rate: float | None = None,
        optimizer: str = "auto",
        schedule: str = "auto",
        loss: str = "auto",
        init: str | None = None,
        weight_decay: float | None = None,
        clip: float | None = None,
        augment: str = "none",
        regularize: str = "none",
        class_weights: str = "auto",
        resample: str = "none",
        balanced_batches: bool = False,
        patience: int | None = None,
        validation_fraction: float = 0.1,
        ema: float | None = None,
        device: str = "auto",
        random_state: Any = None,
    ) -> None:
        self.net = net
        self.width = width
        self.depth = depth
        self.dropout = dropout
        self.activation = activation
        self.norm = norm
        self.epochs = epochs
        self.batch_size = batch_size
        self.rate = rate
        self.optimizer = optimizer
        self.schedule = schedule
        self.loss = loss
        self.init = init
        self.weight_decay = weight_decay
        self.clip = clip
        self.augment = augment
        self.regularize = regularize
        self.class_weights = class_weights
        self.resample = resample
        self.balanced_batches = balanced_batches
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.ema = ema
        self.device = device
        self.random_state = random_state

    def _config(self) -> FitConfig:
        skipped = {"validation_fraction", "random_state"}
        settings = {name: value for name, value in self.get_params().items() if name not in skipped}
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        return FitConfig.make({**settings, "seed": seed, "valid": float(self.validation_fraction)})

    def _learn(self, X: Array, target: Array, task: Task) -> None:
        """Train on (N, D) numbers; global random states are put back."""
        self._task = task
        self._stream, self._seen = None, Moments().add(X)
        self.mean_, self.scale_ = self._seen.mean, self._seen.scale()
        learnt = learn(self._numbers(X), target, task, self._config())
        self.model_, self.rate_, self.plan_ = learnt.model, learnt.rate, learnt.plan
        self.n_iter_, self.loss_curve_ = learnt.epochs, learnt.curve

    def _go_on(self, X: Array, target: Array, task: Task) -> None:
        """Take (N, D) more numbers of a stream; all that came so far, these included, standardise them."""
        self._task = task
        self._seen = (self._seen or Moments()).add(X)
        self.mean_, self.scale_ = self._seen.mean, self._seen.scale()
        if self._stream is None:
            fitted = getattr(self, "model_", None)
            self._stream = Stream(self._config(), task, X.shape, fitted)
            self.rate_, self.plan_ = self._stream.recipe.rate, self._stream.plan
        loss = self._stream.learn(self._numbers(X), target)
        self.loss_curve_ = [loss]  # of this call alone: a stream has no end
        self.n_iter_ = self._stream.steps
        self.model_ = self._stream.predictor()

    def _numbers(self, X: Array) -> Array:
        return np.asarray((X - self.mean_) / self.scale_, np.float64)

    def _outputs(self, X: Any) -> Array:
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        numbers = self._numbers(X)
        with torch.inference_mode():
            parts = [
                activate(self._task, self.model_(torch.from_numpy(numbers[start : start + CHUNK_ROWS])))
                for start in range(0, len(numbers), CHUNK_ROWS)
            ]
        return np.asarray(torch.cat(parts).numpy(), np.float64)

    def save(self, directory: str | Path) -> None:
        """Write the fitted estimator as JSON and safetensors; nothing is pickled.

        Raises:
            UsageError: the directory cannot be written, or a setting is no plain value.
        """
        check_is_fitted(self)
        document = {
            "class": type(self).__name__,
            "settings": self.get_params(),
            "plan": self.plan_,
            "features": self.n_features_in_,
            "mean": self.mean_.tolist(),
            "scale": self.scale_.tolist(),
            "seen": self._seen.as_dict() if self._seen is not None else None,
            "task": {name: getattr(self._task, name) for name in self._task.__dataclass_fields__},
            "rate": self.rate_,
            "epochs": self.n_iter_,
            "loss_curve": self.loss_curve_,
            **self._extra(),
        }
        estimator_files.write(Path(directory), document, self.model_)

    @classmethod
    def load(cls, directory: str | Path) -> Self:
        """An estimator that `save` wrote.

        Raises:
            UsageError: there is none, or it is of the other kind.
        """
        document = estimator_files.read(Path(directory), cls.__name__)
        self = cls(**document["settings"])
        self._task = estimator_files.read_task(document)
        self.n_features_in_ = document["features"]
        self.mean_, self.scale_ = np.array(document["mean"]), np.array(document["scale"])
        self._stream, self._seen = None, Moments.of(document["seen"])
        self.plan_, self.rate_ = document["plan"], document["rate"]
        self.n_iter_, self.loss_curve_ = document["epochs"], document["loss_curve"]
        self.model_ = estimator_files.read_model(Path(directory), document)
        self._take_extra(document)
        return self

    def _extra(self) -> dict[str, Any]:
        return {}

    def _take_extra(self, document: dict[str, Any]) -> None:
        """Read back what `_extra` added."""


class NetClassifier(ClassifierMixin, _Net):
    """A network that classifies rows of numbers; settings as `gradwise fit` takes them.

    Inputs are standardised by the training rows.  With enough rows a tenth is
    kept to stop early by; ``validation_fraction=0`` trains on all of them.
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on (N, D) numbers and (N,) class labels.

        Raises:
            ValueError: as scikit-learn's estimators do.
        """
        checked: Any = validate_data(self, X, y, dtype=[np.float64, np.float32], ensure_min_samples=2)
        rows, y = checked
        check_classification_targets(y)
        self.classes_, ids = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"NetClassifier needs 2 classes at least, and y holds 1 class: {self.classes_[0]}."
            )
        task = Task("classes", ("y",), tuple(str(name) for name in self.classes_))
        self._learn(rows, ids.astype(np.int64), task)
        return self

    def partial_fit(self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None) -> Self:
        """Learn from (N, D) more numbers and (N,) class labels of a stream; after `fit`, go on from there.

        One step of the optimizer at a constant rate for each call, or for each ``batch_size`` rows of it, in
        their order; nothing of the rows is kept.  Columns are standardised by the running mean and deviation
        of all rows seen, because the first call may hold a single row.  ``n_iter_`` counts steps and
        ``loss_curve_`` holds the last call's loss alone, so that a stream without end takes no more memory.

        Args:
            X: numbers.
            y: labels, of ``classes``.
            classes: all there will ever be; needed by the first call, the same if given again.

        Raises:
            ValueError: as scikit-learn's estimators do; no classes, or a label that is none of them.
            UsageError: an optimizer that needs all rows at once.
        """
        first = self._seen is None
        checked: Any = validate_data(self, X, y, reset=first, dtype=[np.float64, np.float32])
        rows, y = checked
        check_classification_targets(y)
        self.classes_ = known_classes(y, classes, None if first else self.classes_)
        task = Task("classes", ("y",), tuple(str(name) for name in self.classes_))
        self._go_on(rows, np.searchsorted(self.classes_, y).astype(np.int64), task)
        return self

    def predict_proba(self, X: ArrayLike) -> Array:
        """(N, C) probabilities in the order of ``classes_``."""
        outputs = self._outputs(X)
        return outputs / outputs.sum(axis=1, keepdims=True)

    def predict(self, X: ArrayLike) -> Array:
        """(N,) class labels."""
        ids = self._outputs(X).argmax(axis=1)
        return self.classes_[ids]

    def _extra(self) -> dict[str, Any]:
        return {"classes": self.classes_.tolist()}

    def _take_extra(self, document: dict[str, Any]) -> None:
        self.classes_ = np.array(document["classes"])


class NetRegressor(MultiOutputMixin, RegressorMixin, _Net):
    """A network that predicts one or several numbers; settings as `gradwise fit` takes them.

    Inputs and targets are standardised by the training rows.
    """

    _aims: Moments | None = None  # of all targets so far

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on (N, D) numbers and (N,) or (N, K) numbers.

        Raises:
            ValueError: as scikit-learn's estimators do.
        """
        checked: Any = validate_data(
            self, X, y, dtype=[np.float64, np.float32], multi_output=True, y_numeric=True,
            ensure_min_samples=2,
        )  # fmt: skip
        rows, y = checked
        self._aims = None
        self._learn(rows, *self._aimed(rows, y))
        return self

    def partial_fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn from (N, D) and (N,) or (N, K) more numbers of a stream; after `fit`, go on from there.

        As `NetClassifier.partial_fit`; targets too are standardised by all rows seen.

        Raises:
            ValueError: as scikit-learn's estimators do.
            UsageError: an optimizer that needs all rows at once.
        """
        first = self._seen is None
        checked: Any = validate_data(
            self, X, y, reset=first, dtype=[np.float64, np.float32], multi_output=True, y_numeric=True
        )
        rows, y = checked
        if not first and np.size(y) != len(rows) * self._task.outputs:
            raise ValueError(
                f"y has shape {np.shape(y)}; the first call had {self._task.outputs} targets a row."
            )
        self._go_on(rows, *self._aimed(rows, y))
        return self

    def _aimed(self, rows: Array, y: Any) -> tuple[Array, Task]:
        """Targets standardised by all that were seen, these included, and the task that says how."""
        table = np.asarray(y, np.float64).reshape(len(rows), -1)
        self._flat = np.ndim(y) == 1
        self._aims = (self._aims or Moments()).add(table)
        shift, scale = self._aims.mean, self._aims.scale()
        names = tuple(f"y{at}" for at in range(table.shape[1]))
        task = Task("numbers", names, shift=tuple(shift.tolist()), scale=tuple(scale.tolist()))
        return ((table - shift) / scale).astype(np.float32), task

    def predict(self, X: ArrayLike) -> Array:
        """(N,) or (N, K) numbers, as the target was given."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._flat else outputs

    def _extra(self) -> dict[str, Any]:
        return {"flat": self._flat, "aims": self._aims.as_dict() if self._aims is not None else None}

    def _take_extra(self, document: dict[str, Any]) -> None:
        self._flat, self._aims = bool(document["flat"]), Moments.of(document["aims"])
