"""A copy of model and optimizer that repeats captured training steps.

The user's own are never run and never written to: gradients are taken by `torch.autograd.grad`, and a
copy whose graph still leads to the user's weights (a closure kept them) is refused.
"""

from __future__ import annotations

import contextlib
import copy
import io
import math
import types
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from gradwise.probes import randomness
from gradwise.probes.probe import Abstain
from gradwise.probes.readout import ROUNDING, Readout, find
from gradwise.trace.captured import Captured, CapturedBatch, CapturedState

Start = Literal["captured", "initial", "present"]

SCALER_LEAST = 256.0  # a loss descended this many times its value, a power of two, went through a GradScaler
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
_STEP_HOOKS = ("_optimizer_step_pre_hooks", "_optimizer_step_post_hooks")
MAX_NODES = 100_000  # of the graph that are looked at for the user's own weights


class Replica:
    """The copy.

    Args:
        captured: what was kept of the run.

    Raises:
        Abstain: nothing was kept, or the model cannot be copied.
    """

    def __init__(self, captured: Captured) -> None:
        if captured.model is None or not captured.batches or captured.state is None:
            raise Abstain(captured.problem or "no training step was captured")
        if not hasattr(captured.optimizer, "state"):
            raise Abstain("the script updates its weights itself, and how is not known")
        self.captured = captured
        try:
            twin, self.optimizer = copy.deepcopy((captured.model, captured.optimizer))
        except Exception as error:
            raise Abstain(f"the model cannot be copied ({type(error).__name__})") from error
        self.model: nn.Module = twin
        _drop_hooks(self.model, self.optimizer)
        self.tensors = dict(self.model.named_parameters(remove_duplicate=False))
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.tensors.update(self.model.named_buffers(remove_duplicate=False))
        self.readout: Readout | None = None
        self.factor = 1.0
        self.frozen_dropout = False
        for parameter in self.model.parameters():
            parameter.grad = None

    @property
    def latest(self) -> CapturedBatch:
        """The batch before which the captured state was taken."""
        return self.captured.batches[-1]

    # ---- state ----------------------------------------------------------------------

    def load(self, start: Start) -> None:
        """Put weights, buffers and optimizer where they were.

        Raises:
            Abstain: that state was not kept.
        """
        if start == "present":
            self._load(_present(self.captured))
        elif start == "initial":
            if self.captured.initial is None:
                raise Abstain("the first weights were not kept")
            self._load(self.captured.initial)
        elif self.captured.state is not None:
            self._load(self.captured.state)

    def _load(self, state: CapturedState) -> None:
        with torch.no_grad():
            for name, kept in state.tensors.items():
                mine = self.tensors.get(name)
                if mine is None or mine.shape != kept.shape:
                    raise Abstain("the model's weights changed their shapes during the run")
                mine.copy_(kept)
        for parameter in self.model.parameters():
            parameter.grad = None
        if self.optimizer is not None:
            put_optimizer(self.optimizer, state)

    def buffers(self) -> dict[str, Tensor]:
        """The copy's own buffers, by name."""
        return dict(self.model.named_buffers())

    def draw(self, seed: int = 0) -> tuple[int, int]:
        """Draw all weights anew where modules know how; (tensors drawn, all trained tensors).

        Raises:
            Abstain: no module knows how.
        """
        drawn: set[int] = set()
        with randomness.kept():
            torch.manual_seed(seed)
            for module in self.model.modules():
                reset = getattr(module, "reset_parameters", None)
                own = [id(p) for p in module.parameters(recurse=False)]
                if callable(reset) and own:
                    reset()
                    drawn.update(own)
        if not drawn:
            raise Abstain("no module knows how to draw its weights anew")
        if self.optimizer is not None:
            self.optimizer.state.clear()
        return len(drawn), len(self.parameters)

    @property
    def finite(self) -> bool:
        """Whether all weights are finite."""
        return all(bool(torch.isfinite(p).all()) for p in self.model.parameters())

    # ---- running --------------------------------------------------------------------

    def output(self, batch: CapturedBatch, *, args: tuple[Any, ...] | None = None) -> Any:
        """What the model puts out for a batch, from the batch's random state and in its modes."""
        randomness.put(batch.random)
        given, named = _copied(batch.args) if args is None else args, _copied(dict(batch.kwargs))
        with autocast(batch):
            return self.model(*given, **named)

    def modes(self, batch: CapturedBatch) -> None:
        """Put every module into the mode in which it was."""
        for name, module in self.model.named_modules():
            module.training = batch.modes.get(name, module.training)
            if self.frozen_dropout and isinstance(module, nn.modules.dropout._DropoutNd):
                module.training = False

    def loss(self, batch: CapturedBatch, *, args: tuple[Any, ...] | None = None) -> Tensor:
        """The training loss of a batch, as the script's loss function returned it."""
        self.modes(batch)
        output = self.output(batch, args=args)
        if self.readout is None:
            self.readout = find(output, batch.prediction)
            if self.readout is None:
                raise Abstain("what enters the loss is not what the model puts out for the captured batch")
        rows = batch.prediction.shape
        with autocast(batch):
            return self.of_prediction(self.readout(output, rows), batch)

    def of_prediction(self, prediction: Tensor, batch: CapturedBatch) -> Tensor:
        """The loss function on a prediction with the batch's targets."""
        function = getattr(nn.functional, batch.function)
        loss: Tensor = function(prediction, *_copied(batch.loss_args), **_copied(dict(batch.loss_kwargs)))
        return loss

    def gradients(self, loss: Tensor) -> None:
        """Gradients of what the script descended, into the copy's parameters."""
        found = torch.autograd.grad(loss * self.factor, self.parameters, allow_unused=True)
        for parameter, gradient in zip(self.parameters, found, strict=True):
            parameter.grad = gradient

    # ---- admission ------------------------------------------------------------------

    def admit(self) -> str:
        """Repeat the captured step; how well that worked, ``to the last bit`` or ``to rounding``.

        Raises:
            Abstain: it comes to another loss, or the loss is only part of what was descended.
        """
        if not self.parameters:
            raise Abstain("the model has no weights to train")
        self.load("captured")
        batch = self.latest
        with own_weights_only(self.captured):
            try:
                loss = self.loss(batch)
            except Abstain:
                raise
            except Exception as error:
                raise Abstain(f"the step raises {type(error).__name__} on a copy") from error
        _refuse_foreign(loss, self.captured)
        got = float(loss.detach())
        same = got == batch.loss
        if not same and not abs(got - batch.loss) <= ROUNDING * max(abs(batch.loss), 1e-6):
            raise Abstain(f"on a copy the captured step has loss {got:.6g} and not {batch.loss:.6g}")
        self.factor = _factor(self.captured.batches)
        exact = same and self.readout is not None and self.readout.exact
        return "to the last bit" if exact else "to rounding"


@contextlib.contextmanager
def own_weights_only(captured: Captured) -> Iterator[None]:
    """The user's own buffers are afterwards what they were, even where a closure leads a copy to them."""
    kept = [(b, b.detach().clone()) for b in captured.model.buffers()]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, value in kept:  # batch norm writes without counting versions
                if not torch.equal(buffer, value):
                    buffer.copy_(value)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """What the user's model prints or warns of on a copy is not shown; gradients are on."""
    nowhere = io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(nowhere))
        stack.enter_context(contextlib.redirect_stderr(nowhere))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(torch.enable_grad())
        yield


def autocast(batch: CapturedBatch) -> contextlib.AbstractContextManager[Any]:
    """The autocast that was on when the batch was captured."""
    stack = contextlib.ExitStack()
    for kind, dtype in batch.autocast.items():
        stack.enter_context(torch.autocast(kind, dtype=dtype))
    return stack


def _copied(value: Any) -> Any:
    return tree_map(lambda t: t.detach().clone() if isinstance(t, Tensor) else t, value)


def _present(captured: Captured) -> CapturedState:
    model, optimizer = captured.model, captured.optimizer
    held = dict(model.named_parameters(remove_duplicate=False))
    held.update(model.named_buffers(remove_duplicate=False))
    if optimizer is None:
        return CapturedState(0, held)
    groups = tuple({k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups)
    moments: dict[tuple[int, int], Mapping[str, Any]] = {
        (g, i): optimizer.state[p]
        for g, group in enumerate(optimizer.param_groups)
        for i, p in enumerate(group["params"])
        if p in optimizer.state
    }
    return CapturedState(0, held, groups, moments)


def put_optimizer(optimizer: Any, state: CapturedState) -> None:
    """Settings and moments of a state into a copied optimizer; none where the state has none."""
    optimizer.state.clear()
    for g, group in enumerate(optimizer.param_groups):
        group.update(copy.deepcopy(dict(state.groups[g])) if g < len(state.groups) else {})
        for i, parameter in enumerate(group["params"]):
            moments = state.moments.get((g, i))
            if moments is not None:
                optimizer.state[parameter] = _copied(dict(moments))


def drop_step_hooks(optimizer: Any) -> None:
    """Leave out what a script hung on its optimizer: it would act on the script's own things."""
    for name in _STEP_HOOKS:
        getattr(optimizer, name, {}).clear()


def _drop_hooks(model: nn.Module, optimizer: Any) -> None:
    """Leave out functions that a script hung on its model: they would write into the script's own lists."""
    for module in model.modules():
        for name in _HOOKS:
            hooks = getattr(module, name, {})
            for key in [key for key, hook in hooks.items() if isinstance(hook, types.FunctionType)]:
                del hooks[key]
    drop_step_hooks(optimizer)


def _factor(batches: Iterable[CapturedBatch]) -> float:
    """What was descended over what the loss function returned, the same in all batches."""
    ratios = [b.descended / b.loss for b in batches if b.loss and math.isfinite(b.loss)]
    if not ratios:
        return 1.0
    first = ratios[-1]
    if any(abs(r - first) > ROUNDING * abs(first) for r in ratios) or not math.isfinite(first):
        raise Abstain("the script descends more than what the loss function returns")
    if len(ratios) == 1 and abs(first - 1) > ROUNDING:
        raise Abstain("the script does not descend what the loss function returns")
    scaled = first >= SCALER_LEAST and math.log2(first).is_integer()
    return 1.0 if scaled else first


def _refuse_foreign(loss: Tensor, captured: Captured) -> None:
    own = {id(p) for p in captured.model.parameters()}
    seen: set[Any] = set()
    queue = [loss.grad_fn]
    while queue and len(seen) < MAX_NODES:
        node = queue.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if id(getattr(node, "variable", None)) in own:
            raise Abstain("a copy of the model still uses the weights of the model itself")
        queue.extend(following for following, _ in node.next_functions)
