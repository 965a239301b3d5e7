"""Walking a model to see which activation follows each layer: on a sample, else through torch.fx."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

from gradwise.errors import UsageError
from gradwise.init.following import Flow, Signal
from gradwise.init.gains import of_call, of_module


def on_sample(model: nn.Module, sample: Any, layers: Mapping[str, Sequence[Tensor]], flow: Flow) -> None:
    """Follow the signals of one forward pass, functions and methods included.

    Args:
        model: left as it is: buffers and random states are put back.
        sample: what it is called with, see `call`.
        layers: weights by the name of their layer.
        flow: told of everything.
    """
    owners = {id(weight): name for name, weights in layers.items() for weight in weights}
    with untouched(model), torch.no_grad(), _Follower(owners, flow):
        call(model, sample)


class _Follower(TorchFunctionMode):
    """Sees every function of torch that is called, with its tensors."""

    def __init__(self, owners: Mapping[int, str], flow: Flow) -> None:
        super().__init__()
        self.owners, self.flow = owners, flow
        self._signals: dict[int, Signal] = {}
        self._held: list[Tensor] = []  # so that no other tensor takes their place in memory

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call the function, and tell what became of the signals in its arguments."""
        del types
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        made = [value for value in pytree.tree_leaves(result) if isinstance(value, Tensor)]
        if made:
            given = [value for value in pytree.tree_leaves((args, kwargs)) if isinstance(value, Tensor)]
            names = list(dict.fromkeys(self.owners[id(value)] for value in given if id(value) in self.owners))
            signals = [self._signals[id(value)] for value in given if id(value) in self._signals]
            if names or signals:
                signal = _moved(self.flow, names, signals, of_call(func, args, kwargs) if not names else None)
                for value in made:
                    self._signals[id(value)] = signal
                    self._held.append(value)
        return result


def through_graph(model: nn.Module, layers: Mapping[str, Sequence[Tensor]], flow: Flow) -> bool:
    """Follow the signals through the model's torch.fx graph; False where it cannot be drawn."""
    try:
        with torch.random.fork_rng(devices=[]):
            graph = fx.Tracer().trace(model)
    except Exception:  # noqa: BLE001  the model's own code runs on stand-ins for tensors: anything may happen
        return False
    modules = dict(model.named_modules())
    parameters = dict(model.named_parameters(remove_duplicate=False))
    owners = {id(weight): name for name, weights in layers.items() for weight in weights}
    signals: dict[fx.Node, Signal] = {}
    for node in graph.nodes:
        if node.op in ("placeholder", "output", "get_attr"):
            continue
        given = [signals[source] for source in node.all_input_nodes if source in signals]
        names: list[str] = []
        activation = None
        if node.op == "call_module":
            module, target = modules[str(node.target)], str(node.target)
            inside = [name for name in layers if name == target or name.startswith(f"{target}.")]
            free = [name for name in inside if name not in flow.gated] or inside[:1]
            if len(free) > 1:  # a block of torch's own that the graph does not open
                continue
            names, activation = free, of_module(module)
        else:
            read = [parameters.get(str(s.target)) for s in node.all_input_nodes if s.op == "get_attr"]
            names = [owners[id(weight)] for weight in read if id(weight) in owners]
            function = node.target if node.op == "call_function" else getattr(Tensor, str(node.target), None)
            plain = () if names else tuple(None if isinstance(a, fx.Node) else a for a in node.args)
            activation = None if names else of_call(function, plain, _without_nodes(node.kwargs))
        signals[node] = _moved(flow, names, given, activation)
    return True


def call(model: nn.Module, sample: Any) -> Any:
    """The model's output for a sample: a tensor, a tuple of arguments, or a mapping of keyword arguments.

    Raises:
        UsageError: the model fails on it.
    """
    device = next((weight.device for weight in model.parameters()), torch.device("cpu"))
    moved = pytree.tree_map(
        lambda value: torch.as_tensor(value).to(device) if hasattr(value, "__array__") else value, sample
    )
    try:
        if isinstance(moved, Mapping):
            return model(**moved)
        return model(*moved) if isinstance(moved, tuple | list) else model(moved)
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UsageError(
            f"the model cannot take the sample ({reason}); give what it is called with: a batch, or a tuple."
        ) from error


@contextmanager
def untouched(model: nn.Module) -> Iterator[None]:
    """Buffers (running means) and random states are afterwards what they were before."""
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    devices = sorted({weight.device.index or 0 for weight in model.parameters() if weight.is_cuda})
    with torch.random.fork_rng(devices=devices):
        try:
            yield
        finally:
            with torch.no_grad():
                for buffer, before in buffers:
                    buffer.copy_(before)


def _moved(flow: Flow, names: Collection[str], signals: Sequence[Signal], activation: Any) -> Signal:
    if names:
        return flow.other([flow.layer(name, signals) for name in names])
    return flow.activation(activation, signals) if activation is not None else flow.other(signals)


def _without_nodes(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {word: value for word, value in kwargs.items() if not isinstance(value, fx.Node)}
