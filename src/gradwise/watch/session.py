"""One watched run: counts steps, decides when to sample, writes the trace.

The methods that run at every step are written for speed: at most a few
microseconds together (see benchmarks/cost).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gradwise.errors import TraceError
from gradwise.trace.model import Fact, RunInfo, Segment
from gradwise.trace.store import TraceWriter
from gradwise.watch.budget import Budget
from gradwise.watch.evaluation import EvaluationReader
from gradwise.watch.graph import walk
from gradwise.watch.guard import Guard
from gradwise.watch.nonfinite import bad_leaf_inputs
from gradwise.watch.sample import Sampler
from gradwise.watch.structure import (
    Structure,
    describe,
    find_roots,
    module_infos,
    optimizer_parameters,
    parameter_infos,
)
from gradwise.watch.wiring import OwnershipReader, describe_nonfinite

BLOCK = 2048  # steps whose numbers are buffered before they go to the writer
FLUSH_SECONDS = 1.0  # shortest time between two transactions
FLUSH_SHARE = 0.005  # of wall time that transactions may take
UNOWNED_SAMPLES = (1, 3, 6, 10)  # samples after which ownership is looked at, then every 20th
NAN = float("nan")


class StopRun(BaseException):
    """Raised inside the user's loop when --max-steps or --max-seconds is reached."""


class Session:
    """Watches everything that trains in this process.

    Args:
        writer: where the trace goes.
        run: what is known of the run at its start.
        share: part of step time that watching may take.
        max_steps: stop after this many steps (None: never).
        max_seconds: stop after this much wall time (None: never).
        models: watch these models only; None finds them by itself.
        optimizers: watch these optimizers only; None watches all.
    """

    def __init__(
        self,
        writer: TraceWriter,
        run: RunInfo,
        *,
        share: float = 0.02,
        max_steps: int | None = None,
        max_seconds: float | None = None,
        models: Iterable[nn.Module] | None = None,
        optimizers: Iterable[Any] | None = None,
    ) -> None:
        self.writer: TraceWriter | None = writer
        self.info = run
        self.guard = Guard(self._fact)
        self.budget = Budget(share)
        self.evaluation = EvaluationReader()
        self.sampler = Sampler(self.guard, self.discover, self._watched)
        self.max_steps = max_steps
        self.only_models = list(models) if models is not None else None
        self.only_optimizers = {id(o) for o in optimizers} if optimizers is not None else None
        self.known_modules: weakref.WeakSet[nn.Module] = weakref.WeakSet()
        self.known_optimizers: weakref.WeakSet[Any] = weakref.WeakSet()
        self.created_at: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self.loaded: set[int] = set()
        self.step = 0
        self.in_backward = False
        self.scaled: tuple[Any, Any] | None = None
        self.last_target: Any = None
        self.data_wait = 0.0
        self.loader: Any = None
        self.started = perf_counter()
        self.stopping = False
        self.backwards = 0
        self.all_backwards = 0
        self._live: dict[int, weakref.ref[Any]] = {}  # optimizers that have stepped
        self._expected: set[int] = set()
        self._stepped: set[int] = set()
        self.pending: list[Any] = []
        self._maybe: tuple[Any, ...] | None = None
        self.last_end = NAN  # NaN: time since then was not (only) training
        self._train_seconds = 0.0
        self._nonfinite_told = False
        self.rows: list[tuple[float, float, float, float]] = []  # loss, rate, step and data seconds
        self._carried = NAN  # loss of the last step written
        self._counted = 0  # rows whose time is in _train_seconds
        self.solo: Any = None  # the only optimizer of a round, for the short path
        self.wake = 0  # step at which the long path is taken next
        self.deadline = self.started + max_seconds if max_seconds is not None else float("inf")
        self._device_losses: list[tuple[int, Tensor]] = []
        self._block_start = 0
        self._last_flush = perf_counter()
        self._flush_gap = FLUSH_SECONDS
        self._layouts: dict[tuple[Any, ...], int] = {}
        self._segments: list[int] = []
        self.ownership = OwnershipReader()
        self._told: set[Any] = set()
        self._told_loader: Any = None
        self.lost = ""
        self._root: Callable[[], nn.Module | None] = lambda: None
        self.sampler.arm(0, {})

    # ---- called at every step -------------------------------------------------------

    def on_loss(self, function: str, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A recognised loss function returned ``out``."""
        if not out.requires_grad:
            if self._maybe is not None:
                self._commit_maybe()
            self._evaluated(function, out, args, kwargs)
            return
        if len(args) > 1:
            self.last_target = args[1]
        root = self._root()
        if root is not None and not root.training:
            if self._maybe is not None:
                self._commit_maybe()
            self._maybe = (function, out.detach(), tuple(_detached(a) for a in args[:2]), kwargs)
        if self.sampler.armed:
            self.sampler.loss(function, out, args, kwargs)

    def on_backward(self, tensors: Any) -> None:
        """A backward pass from ``tensors`` is about to begin."""
        root = tensors if isinstance(tensors, Tensor) else next(iter(tensors), None)
        if not isinstance(root, Tensor):
            return
        self._maybe = None  # it was the training loss
        if self.evaluation.open:
            self._close_evaluation()
        self.backwards += 1
        self.all_backwards += 1
        value = root
        if self.scaled is not None:
            if self.scaled[0] is root:
                value = self.scaled[1]
            self.scaled = None
        if value.numel() == 1:
            if value.is_cpu:
                number = value.detach().item()
                self.pending.append(number)
                if number - number != 0.0 and not self._nonfinite_told:
                    self._nonfinite(root)
            else:
                self.pending.append(value.detach())
        if self.sampler.armed:
            self.sampler.backward(root)

    def after_step(self, optimizer: Any) -> None:
        """The step of an optimizer has run."""
        now = perf_counter()
        if optimizer is self.solo and self.step < self.wake and now < self.deadline:
            # the short path: one optimizer, nothing to sample, nothing to write
            pending = self.pending
            if len(pending) == 1 and type(pending[0]) is float:
                loss = pending[0]
                pending.clear()
            else:
                loss = self._several()
            self.rows.append((loss, optimizer.param_groups[0]["lr"], now - self.last_end, self.data_wait))
            self.data_wait = 0.0
            self.step += 1
            self.last_end = now
            return
        try:
            self._after_step(optimizer, now)
        except Exception as error:  # noqa: BLE001
            self.guard.contain("step", error, self.step)
        if self.stopping:
            raise StopRun

    def _after_step(self, optimizer: Any, now: float) -> None:
        if not self._watched(optimizer):
            return
        key = id(optimizer)
        if key not in self._live or self._live[key]() is not optimizer:
            self._new_optimizer(optimizer)
        if self.sampler.armed:
            self.sampler.after_step(optimizer)
        if key in self._stepped:  # a new round began before all expected had stepped
            self._expected = set(self._stepped)
            self._stepped = set()
            self._end_iteration(optimizer, now)
        self._stepped.add(key)
        if self._stepped >= self._expected:
            self.solo = optimizer if len(self._expected) == 1 and len(optimizer.param_groups) == 1 else None
            self._stepped = set()
            self._end_iteration(optimizer, now)

    def _end_iteration(self, optimizer: Any, now: float) -> None:
        pending = self.pending
        loss = pending[0] if len(pending) == 1 and type(pending[0]) is float else self._several()
        pending.clear()
        rate = max(group.get("lr", NAN) for group in optimizer.param_groups)
        self.rows.append((loss, rate, now - self.last_end, self.data_wait))
        self.data_wait = 0.0
        self._count_time()
        if self.sampler.armed:
            self._finish_sample()
        self.step = step = self.step + 1
        self.backwards = 0
        if step >= self.budget.next_step and self.budget.due(step, self._train_seconds):
            live = {key: o for key, ref in self._live.items() if (o := ref()) is not None}
            self.sampler.arm(step, live)
        if len(self.rows) >= BLOCK:
            self._write_block()
        if (self.max_steps is not None and step >= self.max_steps) or now >= self.deadline:
            self.stopping = True
        # The step that is sampled next, fills the block or is the last must take the long path.
        self.wake = step if self.sampler.armed else min(self.budget.next_step - 1, step + BLOCK - len(self.rows))
        if self.max_steps is not None:
            self.wake = min(self.wake, self.max_steps - 1)
        self.last_end = perf_counter()

    def _count_time(self) -> None:
        for row in self.rows[self._counted :]:
            if row[2] == row[2]:
                self._train_seconds += row[2]
        self._counted = len(self.rows)

    def _several(self) -> float:
        """Mean of the losses of a step with several backwards, or one on another device."""
        pending, self.pending = self.pending, []
        if not pending:  # a step without backward(): gradients came another way
            return self.rows[-1][0] if self.rows else self._carried
        numbers = [p for p in pending if type(p) is float]
        if len(numbers) == len(pending):
            return float(sum(numbers) / len(numbers))
        tensors = [p.float().reshape(()) for p in pending if isinstance(p, Tensor)]
        mean = tensors[0] if len(tensors) == 1 else torch.stack(tensors).mean()
        self._device_losses.append((len(self.rows), mean))
        return NAN

    def _watched(self, optimizer: Any) -> bool:
        return self.only_optimizers is None or id(optimizer) in self.only_optimizers

    def resume(self) -> None:
        """Begin timing afresh: what passed since the last step was not training."""
        self.last_end = NAN

    # ---- rarer ----------------------------------------------------------------------

    def _evaluated(self, function: str, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        begin = perf_counter()
        try:
            if self.guard.allows("evaluation") and not torch._C._functorch.is_functorch_wrapped_tensor(out):
                self.last_end = NAN
                self.evaluation.add(function, out, args, kwargs)
        except Exception as error:  # noqa: BLE001
            self.guard.contain("evaluation", error, self.step)
        self.budget.charge(perf_counter() - begin)

    def _commit_maybe(self) -> None:
        """The earlier loss with gradients on was never used for a backward: it was an evaluation."""
        maybe, self._maybe = self._maybe, None
        if maybe is not None:
            self._evaluated(*maybe)

    def _close_evaluation(self) -> None:
        try:
            self.evaluation.close(self.step, self._emit_evaluation)
        except Exception as error:  # noqa: BLE001
            self.guard.contain("evaluation", error, self.step)

    def _emit_evaluation(self, step: int, signal: str, place: str, value: float) -> None:
        if self.writer is not None:
            self.writer.evaluation(step, signal, place, value)

    def _nonfinite(self, root: Tensor) -> None:
        self._nonfinite_told = True
        try:
            structure = self.sampler.structure
            graph = walk(root, {}, {})
            target = self.last_target
            bad_target = isinstance(target, Tensor) and not bool(torch.isfinite(target).all())
            data = describe_nonfinite(
                root, structure, graph.operations, self.rows[-1][0] if self.rows else NAN, bad_leaf_inputs(root)
            )
            data["target_nonfinite"] = bad_target
            self._fact(Fact(self.step, "nonfinite", "", data))
        except Exception as error:  # noqa: BLE001
            self.guard.contain("nonfinite", error, self.step)

    def _new_optimizer(self, optimizer: Any) -> None:
        key = id(optimizer)
        self._live[key] = weakref.ref(optimizer)
        mine = optimizer_parameters([optimizer])
        structure = self.sampler.structure
        late = self.created_at.get(optimizer, 0) > (self._segments[-1] if self._segments else 0)
        fresh = structure is not None and not (mine & structure.trained_ids)
        if structure is None or not mine <= structure.trained_ids:
            self._live = {k: r for k, r in self._live.items() if r() is not None}
            if fresh and late:
                # other parameters, created after training began: a new stage, fold or trial
                self._end_segment()
                self._live = {key: self._live[key]}
                self._start_segment([optimizer])
            else:
                self.discover()
        if not self._segments:
            self._segments.append(self.step)
        self._expected = {
            id(o) for o in self.known_optimizers if self._watched(o) and self._shares(o)
        } or {key}
        group = optimizer.param_groups[0]
        momentum = group.get("momentum", group.get("betas", (0.0,))[0])
        data = {
            "class": type(optimizer).__name__,
            "lr": float(group.get("lr", NAN)),
            "momentum": float(momentum),
            "weight_decay": float(group.get("weight_decay", 0.0)),
            "groups": len(optimizer.param_groups),
        }
        self._fact(Fact(self.step, "optimizer", type(optimizer).__name__, data))
        self._tell_loader()

    def _shares(self, optimizer: Any) -> bool:
        """Whether an optimizer belongs to the current segment's models."""
        structure = self.sampler.structure
        return structure is not None and bool(optimizer_parameters([optimizer]) & structure.trained_ids)

    def _tell_loader(self) -> None:
        loader = self.loader
        if loader is None or self._told_loader is loader:
            return
        self._told_loader = loader
        batches = getattr(loader, "_index_sampler", None)
        order = getattr(batches, "sampler", batches)
        data = {
            "sampler": type(order).__name__,
            "batch_size": int(getattr(batches, "batch_size", 0) or 0),
            "samples": _length(order),
            "batches": _length(batches),
        }
        self._fact_once("sampler", data)

    def discover(self) -> None:
        """Find and name the models that the known optimizers train."""
        optimizers: list[Any] = [o for o in self.known_optimizers if self._watched(o)]
        optimizers += [o for ref in self._live.values() if (o := ref()) is not None and o not in optimizers]
        self._adopt(optimizers)

    def _start_segment(self, optimizers: list[Any]) -> None:
        self._segments.append(self.step)
        self.sampler.records, self.sampler.activation_after = {}, {}
        self.sampler.parameters = {}
        self.ownership = OwnershipReader()
        self._nonfinite_told = False
        self._adopt(optimizers)
        self.budget.restart(self.step)

    def _adopt(self, optimizers: list[Any]) -> None:
        trained = optimizer_parameters(optimizers)
        if not trained:
            return
        modules = self.only_models if self.only_models is not None else list(self.known_modules)
        roots = self.only_models or find_roots(modules, trained)
        if roots:
            structure = describe(list(roots), trained)
            self.sampler.structure = structure
            self._root = structure.roots[0]

    def _write_segment(self, stop: int | None = None) -> None:
        structure = self.sampler.structure
        if self.writer is None or structure is None or not self._segments:
            return
        modules = module_infos(structure, self.sampler.records, self.sampler.activation_after)
        parameters = parameter_infos(structure, modules)
        end = self.step + 1 if stop is None else stop
        self.writer.segment(len(self._segments) - 1, Segment(self._segments[-1], end, modules, parameters))

    def _end_segment(self) -> None:
        self._close_evaluation()
        self._write_segment(self.step)

    def _finish_sample(self) -> None:
        sampler = self.sampler
        values = sampler.finish()
        begin = perf_counter()
        facts, sampler.facts = sampler.facts, []
        for fact in facts:
            self._fact(fact)
        if self.backwards > 1:
            self._fact_once("accumulation", {"backwards_per_step": self.backwards})
        self._tell_loader()
        index = sampler.index
        if index in UNOWNED_SAMPLES or index % 20 == 0:
            self._look_for_unowned()
        if self.writer is not None and values:
            columns = tuple(values)
            layout = self._layouts.get(columns)
            if layout is None:
                layout = self._layouts[columns] = self.writer.layout(columns)
            self.writer.sample(self.step, layout, np.fromiter(values.values(), np.float32, len(values)))
        if index <= 3 or index % 20 == 0:
            self._write_segment()
        now = perf_counter()
        if now - self._last_flush >= self._flush_gap:
            self.flush()
        self.budget.finish_sample(sampler.spent + perf_counter() - begin, self.step)

    def _look_for_unowned(self) -> None:
        structure = self.sampler.structure
        if structure is None:
            return
        live = [o for ref in self._live.values() if (o := ref()) is not None]
        owned = optimizer_parameters([*self.known_optimizers, *live])
        fact = self.ownership.look(
            structure, self.sampler.strays, list(self.known_modules), owned, self.loaded, self.step
        )
        if fact is not None:
            self._fact(fact)

    def _fact_once(self, kind: str, data: dict[str, Any], where: str = "") -> None:
        key = (kind, where, tuple(sorted(data.items())))
        if key not in self._told:
            self._told.add(key)
            self._fact(Fact(self.step, kind, where, data))

    def _fact(self, fact: Fact) -> None:
        if self.writer is not None:
            self.writer.fact(fact)

    def _write_block(self) -> None:
        """Hand the buffered every-step numbers to the writer."""
        if not self.rows:
            return
        self._count_time()
        block = np.asarray(self.rows, np.float64)  # (steps, 4)
        if self._device_losses:
            indices = [index for index, _ in self._device_losses]
            block[indices, 0] = torch.stack([t for _, t in self._device_losses]).cpu().numpy()
            self._device_losses = []
        if self.writer is not None:
            for column, name in enumerate(("loss", "rate", "step_seconds", "data_seconds")):
                if name == "loss" and not self.all_backwards:
                    continue
                self.writer.steps(name, self._block_start, np.ascontiguousarray(block[:, column]))
        self._block_start += len(block)
        self._carried = float(block[-1, 0])
        self.rows, self._counted = [], 0

    def flush(self, *, with_segment: bool = False) -> None:
        """Write what is buffered in one transaction; a failing disk ends recording, not the run."""
        begin = perf_counter()
        try:
            if with_segment:
                self._write_segment()
            self._write_block()
            if self.writer is not None:
                self.writer.run(self._run_info("running", ""))
                self.writer.flush()
        except TraceError as error:
            self.lost = str(error)
            self.writer = None
        except Exception as error:  # noqa: BLE001
            self.guard.contain("trace", error, self.step)
        end = perf_counter()
        self._last_flush = end
        self._flush_gap = max(FLUSH_SECONDS, (end - begin) / FLUSH_SHARE)

    def _run_info(self, status: str, error: str) -> RunInfo:
        seconds = perf_counter() - self.started
        return replace(self.info, steps=self.step, seconds=seconds, status=status, error=error)

    def finish(self, status: str, error: str = "") -> None:
        """End the watch: close what is open and write everything."""
        try:
            self._commit_maybe()
            self._close_evaluation()
            self.sampler.disarm()
            self._write_segment(max(self.step, 1))
        except Exception as problem:  # noqa: BLE001
            self.guard.contain("finish", problem, self.step)
        self.flush()
        if self.writer is not None:
            try:
                self.writer.run(self._run_info(status, error))
                self.writer.close()
            except TraceError as problem:
                self.lost = str(problem)
                self.writer = None


def _detached(value: Any) -> Any:
    return value.detach() if isinstance(value, Tensor) else value


def _length(thing: Any) -> int:
    try:
        return len(thing)
    except TypeError:
        return 0


__all__ = ["Session", "StopRun", "Structure"]
