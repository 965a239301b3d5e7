"""The optimizers and losses of Keras 3 on torch, which are none of torch's.

`KerasCalls` wraps ``keras.optimizers.Optimizer.apply`` and the call of
``keras.losses.Loss``, once Keras layers appear in the process.  Losses that Keras computes
by functions of ``torch.nn.functional`` (binary and sparse cross-entropies) are
seen there and left alone here.
"""

from __future__ import annotations

import functools
import sys
import weakref
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from gradwise.watch.foreign import keras_layer

if TYPE_CHECKING:
    from gradwise.watch.session import Session

# Loss functions of Keras by the names of torch's.
LOSSES = {
    "mean_squared_error": "mse_loss",
    "mean_absolute_error": "l1_loss",
    "huber": "huber_loss",
    "categorical_crossentropy": "cross_entropy",
}
SMALLEST = 1e-7  # probability; Keras clips there as well (keras.config.epsilon)

Replace = Callable[[Any, str, Callable[[Any], Any]], None]


class ForeignOptimizer:
    """Stands for a Keras optimizer: its parameters and rate in torch's form."""

    def __init__(self, optimizer: Any, parameters: list[Tensor]) -> None:
        self._optimizer = weakref.ref(optimizer)
        self._parameters = parameters

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """One group, with the rate as it is now."""
        optimizer = self._optimizer()
        rate = float(optimizer.learning_rate) if optimizer is not None else float("nan")
        momentum = getattr(optimizer, "momentum", getattr(optimizer, "beta_1", 0.0))
        decay = getattr(optimizer, "weight_decay", None)
        group = {"lr": rate, "weight_decay": float(decay or 0.0), "params": self._parameters}
        return [{**group, "momentum": float(momentum or 0.0)}]


class KerasCalls:
    """Tells a session of Keras' steps and losses.

    Args:
        session: gives the session, None once the watch has ended.
        replace: replaces a method until the watch ends.
    """

    def __init__(self, session: Callable[[], Session | None], replace: Replace) -> None:
        self._session, self._replace = session, replace
        self._standing: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
        self._attached = False

    def look(self, module: Any) -> None:
        """A module was made; the first layer of Keras makes the wrappers."""
        layer = keras_layer()
        if self._attached or layer is None or not isinstance(module, layer):
            return
        optimizers, losses = sys.modules.get("keras.src.optimizers"), sys.modules.get("keras.src.losses")
        if optimizers is None or losses is None:
            return
        self._attached = True
        self._replace(optimizers.Optimizer, "apply", self._apply)
        self._replace(losses.Loss, "__call__", self._loss)
        session = self._session()
        if session is not None:
            session.by_hand = False  # whoever builds with Keras has its optimizers too

    def _apply(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def apply(optimizer: Any, grads: Any, trainable_variables: Any = None) -> Any:
            variables = list(trainable_variables) if trainable_variables is not None else None
            session = self._session()
            standing = None
            if session is not None and not torch.compiler.is_compiling():
                standing = self._before(session, optimizer, variables)
            result = original(optimizer, grads, variables)
            if session is not None and standing is not None:
                session.after_step(standing, perf_counter())
            return result

        return apply

    def _before(self, session: Session, optimizer: Any, variables: list[Any] | None) -> Any:
        try:
            standing = self._standing.get(optimizer)
            if standing is None:
                held = variables if variables is not None else optimizer._trainable_variables
                kind = type(type(optimizer).__name__, (ForeignOptimizer,), {})
                standing = kind(optimizer, [v.value for v in held])
                self._standing[optimizer] = standing
                session.stages.note_optimizer(standing, session.step)
            if session.sampler.armed and session.stages.watched(standing):
                session.sampler.before_step(standing)
            return standing
        except Exception as error:  # noqa: BLE001  ours must not end theirs
            session.guard.contain("keras", error, session.step)
            return None

    def _loss(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def call(loss: Any, y_true: Any, y_pred: Any, *args: Any, **kwargs: Any) -> Any:
            out = original(loss, y_true, y_pred, *args, **kwargs)
            session = self._session()
            if session is not None and not torch.compiler.is_compiling():
                try:
                    self._tell(session, loss, out, y_true, y_pred)
                except Exception as error:  # noqa: BLE001
                    session.guard.contain("keras", error, session.step)
            return out

        return call

    def _tell(self, session: Session, loss: Any, out: Any, target: Any, prediction: Any) -> None:
        function = LOSSES.get(getattr(getattr(loss, "fn", None), "__name__", ""))
        if function is None or type(out) is not Tensor or out.is_meta or not isinstance(prediction, Tensor):
            return
        if out.requires_grad and session.pulse.quiet:
            return
        options = getattr(loss, "_fn_kwargs", {})
        target = torch.as_tensor(target, device=prediction.device)
        if function == "cross_entropy":
            prediction, target = prediction.movedim(-1, 1), target.movedim(-1, 1)
            if not options.get("from_logits"):
                function, prediction = "nll_loss", prediction.clamp(min=SMALLEST).log()
        elif target.dim() == prediction.dim() - 1 and prediction.shape[-1] == 1:
            target = target.unsqueeze(-1)  # as Keras does
        session.on_loss(function, out, (prediction, target.to(prediction.dtype)), {})
