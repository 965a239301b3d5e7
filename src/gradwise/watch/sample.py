"""One sampled step: hooks in the forward pass, a look at the loss, norms around the optimizer step."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor
from torch.nn.modules.module import register_module_forward_hook
from torch.optim.optimizer import register_optimizer_step_pre_hook

from gradwise.trace.model import Fact
from gradwise.watch.activations import CALLS_MEASURED, ModuleRecord, first_tensor, measure, unit_dimension
from gradwise.watch.bare_activations import measure_bare
from gradwise.watch.closures import look_once_made
from gradwise.watch.connections import Connections
from gradwise.watch.decay import decay_shares
from gradwise.watch.dynamics import Dynamics
from gradwise.watch.graph import LossGraph, walk
from gradwise.watch.guard import Guard
from gradwise.watch.handmade import recognise, value_of
from gradwise.watch.inputs import measure_input
from gradwise.watch.layers import LayersReader
from gradwise.watch.losses import LossReader, argument
from gradwise.watch.nonfinite import bare_input
from gradwise.watch.pack import Key, Pack
from gradwise.watch.parameters import ParameterRecord, after_step, before_step, keep_row_spread
from gradwise.watch.phases import PhaseReader, traced
from gradwise.watch.reference import ReferenceReader
from gradwise.watch.rows import RowsReader
from gradwise.watch.structure import Structure
from gradwise.watch.syncs import SyncCounter
from gradwise.watch.timing import PLACE, Part, StepClock
from gradwise.watch.wiring import MODE_MODULES, ModesReader, StaleReader, looked_at

GRAPH_SAMPLES = 4  # the graph is walked in this many first samples, then at every GRAPH_EVERY-th
GRAPH_EVERY = 8
BARE = "the network"  # where its parts are no modules
MAX_KEPT = 1 << 20  # elements; larger outputs are not kept for a hand-written loss


class Sampler:
    """Everything that happens only at sampled steps.

    Kept between samples: what modules looked like, which activation follows
    which module, how alike the rows of a matrix were.

    Args:
        guard: contains errors.
        discover: finds out what the models are called and sets ``structure``.
        watched: whether an optimizer is watched.
    """

    def __init__(self, guard: Guard, discover: Callable[[], None], watched: Callable[[Any], bool]) -> None:
        self.guard = guard
        self.discover = discover
        self.watched = watched
        self.armed = False
        self.spent = 0.0  # s in the current sample
        self.before = 0.0  # s of them before its step began
        self.step = 0
        self.index = 0  # samples taken
        self.structure: Structure | None = None
        self.records: dict[str, ModuleRecord] = {}
        self.activation_after: dict[str, str] = {}
        self.bare: dict[str, ModuleRecord] = {}  # ReLUs that are no modules, by place
        self.losses, self.modes, self.layers = LossReader(), ModesReader(), LayersReader()
        self.reference = ReferenceReader()
        self.rows = RowsReader()
        self.phases = PhaseReader(self.rows, lambda e: self.guard.contain("rows", e, self.step))
        self.parameters: dict[int, ParameterRecord] = {}
        self.stale: dict[int, StaleReader] = {}
        self.dynamics = Dynamics(guard)
        self.clock = StepClock()
        self.syncs = SyncCounter()
        self.facts: list[Fact] = []
        self.connections = Connections(self.phases)
        self.strays: dict[int, weakref.ref[Tensor]] = {}  # parameters behind the loss, in no known model
        self.graph: LossGraph | None = None
        self.pack = Pack()
        self.hooks_allowed = True  # off once anything was compiled
        self.owners: dict[int, str] = {}
        self._outputs: dict[int, str] = {}
        self._nodes: list[Any] = []
        self._values: dict[int, Tensor] = {}  # outputs that a hand-written loss may start from
        self._loss_seen = False
        self._backward = False  # one has begun in this step
        self._handles: list[Any] = []
        self._previous_unit = 1
        self._order = 0
        self._input: tuple[str, Tensor] | None = None
        self._measured: list[weakref.ref[Any]] = []  # optimizers whose parameters were measured in this step
        self._stepping: dict[int, weakref.ref[Any]] = {}  # weak: a sample that never ends keeps nothing alive

    def new_models(self) -> None:
        """Other models are trained from now on: forget what was remembered of the old ones."""
        self.records, self.bare, self.activation_after, self.parameters = {}, {}, {}, {}
        self.losses, self.modes, self.reference = LossReader(), ModesReader(), ReferenceReader()
        self.layers = LayersReader()
        self.rows.renew()
        self.connections.new_models()

    def arm(self, step: int, optimizers: Mapping[int, Any]) -> None:
        """Begin a sampled step.  ``optimizers``: those that have stepped before, by id."""
        begin = perf_counter()
        self.armed, self.step, self.spent, self._order = True, step, 0.0, 0
        self.pack = Pack()
        self.owners, self._outputs, self._nodes, self._values, self._measured = {}, {}, [], {}, []
        self._input, self._loss_seen, self._backward = None, False, False
        self.reference.begin()
        self.rows.begin()
        self._stepping = {key: weakref.ref(optimizer) for key, optimizer in optimizers.items()}
        self.stale = {key: StaleReader(cleared=False) for key in optimizers}
        self.dynamics.begin(step, self.index)
        self._handles.append(register_optimizer_step_pre_hook(self._pre_hook))
        if self.hooks_allowed and self.guard.allows("activations"):
            self._handles.append(register_module_forward_hook(self._forward_hook))
        self.clock.wait()
        self.syncs.open(self.clock.device if self.hooks_allowed else self.syncs.host)
        now = perf_counter()
        self.before = self.spent = now - begin
        self.clock.begin(begin)

    def disarm(self) -> None:
        """Remove hooks and forget the step."""
        self.syncs.close()
        while self._handles:
            self._handles.pop().remove()
        self.armed = False
        self.owners, self._outputs, self._nodes, self._values, self._input, self.graph = (
            {},
            {},
            [],
            {},
            None,
            None,
        )

    def _forward_hook(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if not torch.is_grad_enabled() or not self.armed:
            self.connections.without_gradient(module)
            if self.armed and self.structure is not None and id(module) in self.structure.root_ids:
                self.phases.meet(inputs, output)
            return
        begin = perf_counter()
        try:
            if self.structure is None:
                self.discover()
            if self.structure is not None:
                self._look(module, inputs, output, self.structure)
        except Exception as error:  # noqa: BLE001  contained by design
            self.guard.contain("activations", error, self.step)
        self.spent += perf_counter() - begin

    def _look(self, module: nn.Module, inputs: tuple[Any, ...], output: Any, structure: Structure) -> None:
        key = id(module)
        name = structure.module_names.get(key)
        if name is None:
            return
        tensor = first_tensor(output)
        if tensor is None or is_functorch_wrapped_tensor(tensor) or traced():
            return
        if tensor.grad_fn is not None:
            self._nodes.append(tensor.grad_fn)
            self.owners.setdefault(id(tensor.grad_fn), name)
            if tensor.numel() <= MAX_KEPT:
                self._values[id(tensor.grad_fn)] = tensor.detach()
        if key in structure.leaves:
            self.dynamics.see(name, module, inputs, output, self.pack)
            self._leaf(name, module, inputs, tensor)
        if key in structure.root_ids:
            self.modes.root_training = module.training
            if tensor.grad_fn is not None:
                self._outputs[id(tensor.grad_fn)] = name
            x = first_tensor(inputs)
            self.reference.note_input(inputs)
            if x is not None:
                self._measure_input(structure.root_ids[key], x)
                self._input = None
            self.connections.graphed.passed(
                module, inputs, tensor, self.rows.latest if x is not None else None
            )

    def _leaf(self, name: str, module: nn.Module, inputs: tuple[Any, ...], tensor: Tensor) -> None:
        record = self.records.get(name)
        if record is None:
            record = self.records[name] = ModuleRecord()
        if record.step != self.step:
            record.step, record.calls, record.order = self.step, 0, self._order
            self._order += 1
        record.calls += 1
        record.training = module.training
        if isinstance(module, MODE_MODULES):
            self.modes.note(name, module)
        self.layers.note(name, module, inputs, self.owners, self.pack)
        if record.calls > CALLS_MEASURED:
            return
        if self._order == 1 and self._input is None:
            x = first_tensor(inputs)
            self._input = (name, x) if x is not None else None
        if tensor.is_floating_point() and tensor.dim() and tensor.numel():
            unit = unit_dimension(module, tensor, self._previous_unit)
            self._previous_unit = 1 if unit == 1 and tensor.dim() > 2 else self._kind(tensor)
            measure(module, name, tensor, record, unit, self.pack)

    def _measure_input(self, place: str, x: Tensor, *, own: bool = True) -> None:
        measure_input(place, x, self.pack)
        if self.guard.allows("rows"):
            try:
                self.rows.input(place, x, self.pack, own=own)
            except Exception as error:  # noqa: BLE001
                self.guard.contain("rows", error, self.step)

    def _tell_rows(self) -> None:
        try:
            self.rows.finish(self.step, self.losses.take_scored())
            self.facts += self.rows.book.facts()
        except Exception as error:  # noqa: BLE001
            self.guard.contain("rows", error, self.step)

    def _kind(self, tensor: Tensor) -> int:
        return 1 if tensor.dim() == 2 and self._previous_unit == 1 else tensor.dim() - 1

    def loss(self, function: str, out: Tensor, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """A recognised loss function was called in a training pass."""
        begin = perf_counter()
        self._loss_seen = True
        try:
            if self.guard.allows("loss") and not is_functorch_wrapped_tensor(out):
                self.facts += self.losses.read(function, out, args, kwargs, self.owners, self.pack, self.step)
                pair = argument(args, kwargs, 0, "input"), argument(args, kwargs, 1, "target")
                self._compare(function, *pair, kwargs)
        except Exception as error:  # noqa: BLE001
            self.guard.contain("loss", error, self.step)
        self.spent += perf_counter() - begin

    def backward(self, root: Tensor) -> None:
        """A backward pass is about to begin."""
        self._backward = True
        self.clock.device = root.device.type
        self._passed("forward")
        begin = perf_counter()
        try:
            for key, reader in self.stale.items():
                optimizer = self._stepping[key]()
                if optimizer is not None:
                    reader.at_backward(looked_at(optimizer))
            seldom = self.index >= GRAPH_SAMPLES and self.index % GRAPH_EVERY
            due = not seldom or self.connections.reach.ungraded
            if due and root.grad_fn is not None and self.guard.allows("graph"):
                self._walk(root)
            if not (self.records or self.rows.met) and (x := bare_input(root)) is not None:
                self._measure_input(BARE, x, own=False)
            if not self._loss_seen and self.guard.allows("loss"):
                self._handmade(root)
            self.connections.at_backward(root)
        except Exception as error:  # noqa: BLE001
            self.guard.contain("graph", error, self.step)
        self.spent += perf_counter() - begin

    def after_backward(self) -> None:
        """That backward pass has run."""
        self._passed("backward")
        begin = perf_counter()
        self.dynamics.after_backward(self.pack)
        self.spent += perf_counter() - begin

    def _passed(self, part: Part) -> None:
        """A part of the step is over."""
        try:
            self.clock.wait()
            self.clock.mark(part, perf_counter() - self.spent)
        except Exception as error:  # noqa: BLE001
            self.guard.contain("clock", error, self.step)

    def _handmade(self, root: Tensor) -> None:
        """No loss function was called in this step: read a loss written out by hand."""
        found = recognise(root, self._values)
        self._values = {}
        if found is not None:
            pair, value = (found.prediction, found.target), value_of(found)
            self.facts += self.losses.read(
                found.function, value, pair, {}, self.owners, self.pack, self.step, found.source
            )
            self._compare(found.function, *pair, {})

    def _compare(self, function: str, prediction: Any, target: Any, kwargs: Mapping[str, Any]) -> None:
        if self.guard.allows("reference"):
            try:
                self.reference.note_loss(function, prediction, target, kwargs, self.pack)
            except Exception as error:  # noqa: BLE001
                self.guard.contain("reference", error, self.step)

    def _walk(self, root: Tensor) -> None:
        self.graph = walk(root, self.owners, self._outputs)
        if self.structure is not None:
            measure_bare(root, self.owners, self.structure.alive(self.records), self.bare, self.pack)
        self.pack.number("graph_nodes", "backward", float(self.graph.nodes))
        self.activation_after.update(self.graph.activation_after)
        known = self.structure.parameter_names if self.structure is not None else {}
        self.strays = self.graph.strays(known)
        self.facts += self.graph.facts(self.step)

    def _pre_hook(self, optimizer: Any, args: Any, kwargs: Any) -> Any:
        if not self.watched(optimizer):
            return None
        return look_once_made(args, kwargs, lambda: self.before_step(optimizer), made=self._backward)

    def by_hand(self, optimizer: Any) -> None:
        """Norms right after a backward whose gradients the script itself will apply."""
        self.before_step(optimizer)
        record = self.parameters.get(id(optimizer))
        if record is not None:
            record.before.clear()

    def before_step(self, optimizer: Any) -> None:
        """An optimizer is about to step."""
        self._passed("between")
        begin = perf_counter()
        try:
            key = id(optimizer)
            if self.structure is None:
                self.discover()
            reader = self.stale.get(key)
            if reader is not None:
                norm = reader.at_step()
                label = f"{type(optimizer).__name__}#{list(self.stale).index(key) + 1}"
                if norm is None:
                    self.pack.number("stale_grad_norm", label, 0.0)
                else:
                    self.pack.scalar("stale_grad_norm", label, norm)
            self.connections.at_step(optimizer)
            if self.structure is not None and self.guard.allows("parameters"):
                record = self.parameters.get(key)
                if record is None:
                    record = self.parameters[key] = ParameterRecord(tables=self.structure.tables)
                before_step(optimizer, self.structure.parameter_names, record, self.pack, self.index)
                self._measured.append(weakref.ref(optimizer))
                self.dynamics.before_step(optimizer, self.pack)
            self.clock.wait()  # for what was just measured
        except Exception as error:  # noqa: BLE001
            self.guard.contain("parameters", error, self.step)
        self.spent += perf_counter() - begin

    def after_step(self, optimizer: Any) -> None:
        """An optimizer has stepped."""
        self._passed("optimizer")
        begin = perf_counter()
        try:
            record = self.parameters.get(id(optimizer))
            if record is not None and record.before:
                after_step(record, self.pack)
        except Exception as error:  # noqa: BLE001
            self.guard.contain("parameters", error, self.step)
        self.spent += perf_counter() - begin

    def _decay(self, values: dict[Key, float]) -> None:
        names = self.structure.parameter_names if self.structure is not None else {}
        for ref in self._measured:
            optimizer = ref()
            if optimizer is not None:
                values.update(list(decay_shares(optimizer, names, values)))

    def finish(self) -> dict[Key, float]:
        """End the sampled step: one transfer, then all numbers by (signal, place)."""
        begin = perf_counter()
        values: dict[Key, float] = {}
        counted = self.syncs.opened
        self.syncs.close()
        try:
            if self._input is not None:
                self._measure_input(*self._input)
            values = self.pack.transfer()
            self._tell_rows()
            for (signal, place), value in list(values.items()):
                if signal == "act_mean":
                    values["act_nonfinite", place] = float(value - value != 0.0)
            for record in self.parameters.values():
                keep_row_spread(record, values)
            self._decay(values)
            if counted:
                values["sync_calls", PLACE] = float(self.syncs.calls)
            if self.guard.allows("reference"):
                values.update(self.reference.finish())
            if self.structure is not None:
                told = self.modes.fact(self.step, self.structure), self.layers.fact(self.step)
                self.facts += [f for f in (*told, self.dynamics.fact(self.step)) if f is not None]
            self.facts += self.connections.at_sample()
        except Exception as error:  # noqa: BLE001
            self.guard.contain("sample", error, self.step)
        self.disarm()
        self.index += 1
        self.spent += perf_counter() - begin
        return values
