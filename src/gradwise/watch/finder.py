"""The NaN finder: what was not finite first, where, in which batch, and what went in.

The every-step check is the loss, which is read anyway.  When it is not finite
the autograd graph of that very step is still there: its saved tensors show the
first operation, from the input to the loss, that made NaN or infinity out of
finite numbers.  Nothing is run again.

Gradients are checked at sampled steps, and at every step only where the graph
holds an operation whose slope can be infinite while its result is fine (a
square root, a guarded logarithm): there the ways to these operations are
remembered, what they saved is kept while backward runs, and one small gradient
near the input is summed afterwards (5 us together in a tight loop, up to 20 us
between large kernels).
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from gradwise.trace.model import Fact
from gradwise.watch.bad_inputs import bad_places
from gradwise.watch.breaking import FRAGILE, GUARDS, Broken, breaks_backward, breaks_forward, steep
from gradwise.watch.graph import operation, walk
from gradwise.watch.ledger import Ledger
from gradwise.watch.naming import Names, Place
from gradwise.watch.nonfinite import bad_leaf_inputs, bad_target, first_inputs, overflowed
from gradwise.watch.pack import Key
from gradwise.watch.replay import flattened, local_tensors, save_batch
from gradwise.watch.sample import Sampler
from gradwise.watch.saved import Kept, breadth_first, forward_order, keep, stem
from gradwise.watch.stages import Stages
from gradwise.watch.wiring import describe_nonfinite

MOST_PATHS = 4  # fragile operations that are held in every step
LONGEST_PATH = 40  # nodes from the loss; each costs about 0.1 us
SENTINEL_SIZE = 4096  # elements of the gradient that is summed
_HARMLESS = ("Mul", "LogSoftmax", "Softmax", "Std")  # never broken by a guard alone


class Finder:
    """Finds the first non-finite loss and the first non-finite gradient of a run.

    Args:
        ledger: takes the facts.
        stages: knows the models.
    """

    def __init__(self, ledger: Ledger, stages: Stages) -> None:
        self.ledger, self.stages = ledger, stages
        self.names = Names()
        self.batch: Any = None  # the last that a DataLoader gave; the loop holds it as well
        self.scaled = False  # a GradScaler is used: overflow is its daily bread
        self.paths: list[tuple[int, ...]] = []  # inputs to follow from the loss to fragile operations
        self.loss_told = self.gradient_told = self._skip_told = False
        self.suspicious = False  # a sampled loss was not finite, on a device whose losses are not read
        self._made: Tensor | None = None  # a loss that no backward has begun from yet
        self._held: list[tuple[Any, Kept]] = []
        self._root: Tensor | None = None
        self._inputs: dict[str, Tensor] = {}
        self._sentinel: weakref.ref[Tensor] | None = None

    def restart(self) -> None:
        """Another model is trained from now on."""
        self.loss_told = self.gradient_told = self._skip_told = False
        self.paths, self.names, self._sentinel, self._made = [], Names(), None, None

    @property
    def alert(self) -> bool:
        """Whether gradients are checked at every step."""
        return bool(self.paths) and not self.scaled and not self.gradient_told

    # ---- at sampled steps -----------------------------------------------------------

    def made(self, loss: Tensor, step: int) -> None:
        """A training loss was computed; the one before it, of a batch that was skipped, is looked at.

        On the CPU alone: on an accelerator reading it would wait for the device.
        """
        skipped, self._made = self._made, loss if loss.is_cpu else None
        if skipped is not None:
            self.loss(skipped, step, skipped=True)

    def learn(self, root: Tensor, sampler: Sampler) -> None:
        """Remember names and fragile operations where the graph was walked anyway."""
        self._made = None
        if sampler.graph is None:
            return
        begin = perf_counter()
        try:
            self._learn(root, sampler.owners)
        except Exception as error:  # noqa: BLE001
            self.ledger.guard.contain("graph", error, sampler.step)
        sampler.spent += perf_counter() - begin

    def _learn(self, root: Tensor, owners: Mapping[int, str]) -> None:
        """Cost: two walks."""
        self.names.learn(root.grad_fn, owners)
        rows = list(breadth_first(root.grad_fn))
        guarded = any(stem(node) in GUARDS for node, _, _ in rows)
        fragile = [
            at
            for at, (node, _, _) in enumerate(rows)
            if steep(node) or (guarded and stem(node) in FRAGILE and stem(node) not in _HARMLESS)
        ]
        paths = [_path(rows, at) for at in fragile]
        self.paths = [path for path in paths if len(path) <= LONGEST_PATH][:MOST_PATHS]
        leaves = [leaf for node, _, _ in rows if (leaf := getattr(node, "variable", None)) is not None]
        small = [leaf for leaf in leaves if leaf.numel() <= SENTINEL_SIZE and leaf.is_cpu]
        self._sentinel = weakref.ref(small[-1]) if small else None  # the last is nearest the input

    def sampled(self, values: dict[Key, float], step: int) -> None:
        """Look through the numbers of a sampled step; adds ``grad_nonfinite``."""
        norms = {place: value for (signal, place), value in values.items() if signal == "grad_norm"}
        bad = [place for place, value in norms.items() if value - value != 0.0]
        if norms:
            values["grad_nonfinite", "gradients"] = len(bad) / len(norms)
        losses = (value for (signal, _), value in values.items() if signal == "criterion")
        self.suspicious = self.suspicious or any(value - value != 0.0 for value in losses)
        if bad and not self.gradient_told and not self.scaled and not self.loss_told:
            self.gradient_told = True
            self._tell_gradient(bad, None, step, applied=True)

    # ---- at every step --------------------------------------------------------------

    def before_backward(self, root: Tensor, step: int) -> None:
        """Keep what fragile operations saved."""
        try:
            self._hold(root)
        except Exception as error:  # noqa: BLE001
            self.ledger.guard.contain("nonfinite", error, step)

    def _hold(self, root: Tensor) -> None:
        self._held.clear()
        for path in self.paths:
            node = root.grad_fn
            for index in path:
                following = node.next_functions if node is not None else ()
                node = following[index][0] if index < len(following) else None
            if node is not None and (known := FRAGILE.get(stem(node))) is not None:
                self._held.append((node, keep(node, known.reads)))
        self._root = root

    def after_backward(self, step: int) -> None:
        """After it: is the gradient nearest the input finite?"""
        try:
            self._look_back(step)
        except Exception as error:  # noqa: BLE001
            self.ledger.guard.contain("nonfinite", error, step)

    def _look_back(self, step: int) -> None:
        held, root, self._held, self._root = self._held, self._root, [], None
        leaf = self._sentinel() if self._sentinel is not None else None
        grad = leaf.grad if leaf is not None else None
        if root is None or grad is None or grad.is_sparse or self.loss_told or self.gradient_told:
            return
        total = grad.detach().sum().item()
        if total - total == 0.0:
            return
        bad = self._bad_gradients()
        if bad:
            self.gradient_told = True
            self._tell_gradient(bad, _first_steep(held, root, self.names, self.stages), step, applied=None)

    # ---- once -----------------------------------------------------------------------

    def loss(self, root: Tensor, step: int, *, skipped: bool = False) -> None:
        """A loss that is NaN or infinite: what was bad before it; told once.

        Args:
            root: the loss.
            step: the current step.
            skipped: whether no backward began from it.
        """
        if self.loss_told or (skipped and self._skip_told):
            return
        try:
            value = root.detach().float().sum().item()
            if value - value != 0.0:  # else it was suspected, and is finite again
                self.loss_told, self._skip_told = not skipped, True
                self._tell_loss(root, step, skipped=skipped)
        except Exception as error:  # noqa: BLE001
            self.ledger.guard.contain("nonfinite", error, step)

    def _tell_loss(self, root: Tensor, step: int, *, skipped: bool) -> None:
        operations = walk(root, {}, {}).operations
        structure = self.stages.sampler.structure
        previous = self.ledger.previous_loss
        data = describe_nonfinite(root, structure, operations, previous, bad_leaf_inputs(root))
        data["target_nonfinite"], data["skipped"] = bad_target(root), skipped
        if not data["bad_parameters"] and not data["input_nonfinite"]:
            data |= self._operation(root)
        if data["input_nonfinite"]:
            data |= bad_places(first_inputs(root))
        data["batch"] = {} if self.gradient_told else self._save(first_inputs(root), step, "loss")
        self.ledger.fact(Fact(step, "nonfinite", "", data))

    def _operation(self, root: Tensor) -> dict[str, Any]:
        """The first operation, from the input on, that broke."""
        order = forward_order(root.grad_fn)
        structure = self.stages.sampler.structure
        for node in order:
            broken = breaks_forward(node)
            if broken is not None:
                place = self.names.place(root.grad_fn, node, structure)
                return _described(broken, place, "forward")
        found = overflowed(order)
        if found is None:
            return {}
        node, name, tensor = found
        place = self.names.place(root.grad_fn, node, structure)
        what = operation(node)
        cause = (
            f"numbers too large for {_kind(tensor)} in {what}"
            if name.startswith("result")
            else (f"numbers too large for {_kind(tensor)} before {what}")
        )
        bad = ~torch.isfinite(tensor)
        return _described(Broken(what, cause, tensor, bad, "results"), place, "forward")

    def _tell_gradient(
        self, bad: list[str], found: dict[str, Any] | None, step: int, *, applied: bool | None
    ) -> None:
        infos = self.stages.sampler.structure
        modules = [name.rpartition(".")[0] for name in bad]
        data: dict[str, Any] = {
            "what": "gradient",
            "bad_parameters": bad,
            "input_nonfinite": False,
            "operations": [],
            "first_module": modules[-1] if modules else "",  # nearest the loss: first in backward order
            "previous_loss": None,
            "applied": applied,
            "parameters": len(infos.parameters) if infos is not None else len(bad),
        }
        data |= found or {}
        data["batch"] = self._save({}, step, "gradient") if applied is None else {}
        self.ledger.fact(Fact(step, "nonfinite", "", data))

    def _bad_gradients(self) -> list[str]:
        """Names of parameters whose gradient is not finite, from the input to the loss."""
        structure = self.stages.sampler.structure
        bad = []
        for name, ref in structure.parameters.items() if structure is not None else ():
            p = ref()
            grad = p.grad if p is not None else None
            if grad is not None and not grad.is_sparse and not bool(torch.isfinite(grad).all()):
                bad.append(name)
        return bad

    def _save(self, inputs: Mapping[str, Tensor], step: int, what: str) -> dict[str, Any]:
        """Keep the batch: what the loader gave or what the loop calls by name, and what the graph shows."""
        writer = self.ledger.writer
        if writer is None:
            return {}
        batch = dict(flattened(self.batch, "batch")) if self.batch is not None else {}
        if not batch:
            rows = next((len(t) for t in inputs.values() if t.dim()), None)
            batch = local_tensors(rows)
        try:
            return save_batch(writer.path.parent, {**batch, **inputs}, self.stages.root(), step, what)
        except OSError as error:
            return {"error": str(error)}


def _first_steep(
    held: list[tuple[Any, Kept]], root: Tensor, names: Names, stages: Stages
) -> dict[str, Any] | None:
    """The first held operation, from the loss on, whose slope is not finite."""
    for node, kept in held:
        broken = breaks_backward(kept)
        if broken is not None:
            place = names.place(root.grad_fn, node, stages.sampler.structure)
            return _described(broken, place, "backward")
    return None


def _described(broken: Broken, place: Place, direction: str) -> dict[str, Any]:
    """An operation that broke, as the fact has it."""
    values = broken.values.detach()
    finite = values[torch.isfinite(values)].float()
    low, high = (finite.min().item(), finite.max().item()) if finite.numel() else (None, None)
    size = max(values.numel(), 1)
    return {
        "operation": broken.operation,
        "cause": broken.cause,
        "direction": direction,
        "first_module": place.module or place.after,
        "place": place.words(),
        "values": {
            "are": broken.are,
            "min": low,
            "max": high,
            "nonfinite_share": 1 - finite.numel() / size,
            "bad_share": int(broken.bad.sum()) / size,
            "dtype": _kind(values),
        },
    }


def _kind(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _path(rows: list[tuple[Any, int, int]], at: int) -> tuple[int, ...]:
    """Which input to follow at each node on the way from the root to row ``at``."""
    path: list[int] = []
    while rows[at][1] >= 0:
        path.append(rows[at][2])
        at = rows[at][1]
    return tuple(reversed(path))
