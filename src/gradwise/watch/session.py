"""One watched run: counts steps, decides when to sample, tells evaluation from training.

The methods that run at every step are written for speed: at most a few
microseconds together (see benchmarks/cost).
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable
from statistics import median
from threading import current_thread, main_thread
from time import perf_counter, thread_time
from typing import Any

from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor

from gradwise.trace.model import RunInfo
from gradwise.trace.store import TraceWriter
from gradwise.watch.budget import Budget
from gradwise.watch.byhand import Asked, HandWritten
from gradwise.watch.capturing import CapturingSampler
from gradwise.watch.evaluation import EvaluationReader, Frames, user_frames
from gradwise.watch.finder import Finder
from gradwise.watch.ledger import BLOCK, Ledger
from gradwise.watch.pack import Key
from gradwise.watch.pulse import NAN, Pulse
from gradwise.watch.sample import Sampler
from gradwise.watch.scaling import ScalerBook
from gradwise.watch.stages import Stages
from gradwise.watch.undecided import Undecided
from gradwise.watch.ungraphed import Ungraphed

UNOWNED_SAMPLES = (1, 3, 6, 10)  # samples after which ownership is looked at, then every 20th
NEIGHBOURS = 20  # steps before a sampled one that tell how long it would have been
FEWEST_NEIGHBOURS = 4
MODE_LOOKS = 8  # extra samples at most, taken where the model's mode changes


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
        probing: keep copies of a few steps for probes.
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
        probing: bool = False,
    ) -> None:
        self.ledger = Ledger(writer, run)
        self.guard = self.ledger.guard
        self.budget = Budget(share)
        self.evaluation = EvaluationReader()
        self.ungraphed = Ungraphed(self._evaluated, lambda e: self.guard.contain("evaluation", e, self.step))
        kind = CapturingSampler if probing else Sampler
        self.sampler: Sampler = kind(self.guard, self._discover, self._watched)
        self.stages = Stages(self.ledger, self.sampler, models, optimizers)
        self.graphed = self.sampler.connections.graphed
        self.finder = Finder(self.ledger, self.stages)
        self.scalers = ScalerBook(self.ledger)
        deadline = perf_counter() + max_seconds if max_seconds is not None else float("inf")
        self.pulse = Pulse(deadline, self.ledger.rows)
        self.backwards = self.all_backwards = 0  # in the current step; in the run
        self.loader: Any = None  # the DataLoader iterator that gave the last batch
        self.scaled: tuple[Any, Any] | None = None  # GradScaler's (scaled loss, loss)
        self._plain = False  # the last backward began from one number on the CPU
        self.stopping = False
        self._max_steps = sys.maxsize if max_steps is None else max_steps
        self._expected: set[int] = set()  # optimizers that step in a round
        self._stepped: set[int] = set()  # those that did in this round
        self._maybe = Undecided(self._evaluated)
        self._mode = True  # whether the model was in training mode at the last step
        self._mode_looks = 0
        self.by_hand = models is None  # until an optimizer is seen, the script may update its weights itself
        self.hand: HandWritten | None = None
        self.asked = Asked()
        self._sampled: deque[int] = deque(maxlen=NEIGHBOURS)  # the latest sampled steps
        self._wall, self._busy = perf_counter(), thread_time()  # at the last sample
        self.sampler.arm(0, {})

    # ---- called at every step -------------------------------------------------------

    def on_loss(self, function: str, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A recognised loss function returned ``out``."""
        if not out.requires_grad:
            self._maybe.commit()
            self._evaluated(function, out, args, kwargs, user_frames())
            return
        root = self.stages.root()
        if root is not None and not root.training:
            self._maybe.add(function, out, args, kwargs, user_frames())
            self.pulse.stir()
        else:
            self._maybe.commit()
            self.pulse.calls += 1
            if self.sampler.armed or self.graphed.open:
                self.graphed.loss(function, out, args, kwargs, user_frames())
        if self.sampler.armed:
            self.finder.made(out, self.step)
            self.sampler.loss(function, out, args, kwargs)

    def on_backward(self, tensors: Any) -> None:
        """A backward pass from ``tensors`` is about to begin."""
        root = tensors if isinstance(tensors, Tensor) else next(iter(tensors), None)
        if not isinstance(root, Tensor):
            return
        if self._maybe:
            model = self.stages.root()
            if model is not None and model.training:
                self._maybe.commit()  # made in eval mode, and what trains now is not
            self._maybe.drop()
        if self.evaluation.open:
            self._close_evaluation()
        self.ungraphed.close()
        self.backwards += 1
        self.all_backwards += 1
        self._collect()
        self._plain = type(root) is Tensor and root.is_cpu and root.dim() == 0 and self.scaled is None
        value = root
        if self.scaled is not None:
            if self.scaled[0] is root:
                value = self.scaled[1]
            self.scaled, self.finder.scaled = None, True
        if value.numel() == 1:
            self._note_loss(value, root)
        if self.sampler.armed:
            self.sampler.backward(root)
            self.finder.learn(root, self.sampler)
        if self.finder.alert:
            self.finder.before_backward(root, self.step)
        self._settle()

    def _note_loss(self, value: Tensor, root: Tensor) -> None:
        """The loss of a backward; on an accelerator it is read later."""
        number = value.detach().item() if value.is_cpu else value.detach()
        self.ledger.pending.append(number)
        if self.finder.suspicious if isinstance(number, Tensor) else number - number != 0.0:
            self.finder.loss(root, self.step)

    def after_step(self, optimizer: Any, now: float) -> None:
        """The step of an optimizer has run, at ``now`` (of ``perf_counter``)."""
        self._collect()
        root = self.stages.root()
        if root is not None and root.training is not self._mode:
            self._mode_changed(root.training)
        try:
            self._after_step(optimizer, now)
        except Exception as error:  # noqa: BLE001
            self.guard.contain("step", error, self.step)
        if self.stopping:
            # A thread that exits ends without a word; anything else it would show.
            raise StopRun if current_thread() is main_thread() else SystemExit

    def after_backward(self, tensors: Any, leaves: list[Tensor] | None = None) -> None:
        """A backward has run in a script that has no optimizer: its gradients, of ``leaves``, are a step."""
        root = tensors if isinstance(tensors, Tensor) else next(iter(tensors), None)
        try:
            if self.stages.optimizers or self.stages.stepped:
                self.by_hand = self.hand is not None and not self.stages.optimizers
            if self.hand is None and self.by_hand and isinstance(root, Tensor):
                self.hand = HandWritten(leaves) if leaves else HandWritten.behind(root)
            if self.hand is not None and self.by_hand:
                if self.sampler.armed and not leaves:  # leaves got their gradients elsewhere
                    self.sampler.by_hand(self.hand)
                self._after_step(self.hand, perf_counter())
        except Exception as error:  # noqa: BLE001
            self.guard.contain("by hand", error, self.step)
        if self.stopping:
            raise StopRun

    @property
    def step(self) -> int:
        """Training steps seen so far."""
        return self.pulse.step

    @property
    def trained_steps(self) -> int:
        """Steps seen; 0 when backwards ran by hand and nothing was ever changed."""
        return 0 if self.hand is not None and not self.hand.changed else self.step

    # ---- rarer ----------------------------------------------------------------------

    def _settle(self) -> None:
        """Take the short paths from here on when nothing needs the long ones."""
        busy = self.sampler.armed or self.by_hand or self.evaluation.open or self._maybe or self.graphed.open
        root = self.stages.root()
        quiet = not busy and not self.pulse.compiles and (root is None or root.training)
        self.pulse.quiet = quiet
        self.pulse.plain = quiet and self._plain
        self.pulse.finder = self.finder if self.finder.alert else None

    def _collect(self) -> None:
        """The loss that the short path has read in this step."""
        if self.pulse.loss is not None:
            self.ledger.pending.append(self.pulse.loss)
            self.pulse.loss = None

    def note_mode(self, module: nn.Module) -> None:
        """``train()`` or ``eval()`` was called: the next loss and the next step are looked at."""
        if module is not self.stages.root():
            return
        if module.training is not self._mode:
            self.pulse.stir()
            self.pulse.wake = self.step
        self.ungraphed.close()
        structure = self.sampler.structure
        if not module.training:
            self.graphed.evaluating()
        if not module.training and structure is not None and not self.pulse.compiles:
            self.ungraphed.open(structure.root_ids, self.sampler.losses.functions)

    def _mode_changed(self, training: bool) -> None:
        """The model trains in another mode than in the step before: look at the next steps."""
        self._mode = training
        if self._mode_looks < MODE_LOOKS:
            self._mode_looks += 1
            self.budget.wish(self.step + 1)
            self.pulse.wake = min(self.pulse.wake, self.step)

    def _after_step(self, optimizer: Any, now: float) -> None:
        if not self._watched(optimizer):
            return
        key = id(optimizer)
        if not self.stages.known(optimizer):
            stages = len(self.stages.starts)
            self._expected = self.stages.begin_optimizer(optimizer, self.step)
            if len(self.stages.starts) > max(stages, 1):
                self._stepped = set()
                self.finder.restart()
                self.budget.restart(self.step)
        if self.sampler.armed:
            self.sampler.after_step(optimizer)
        if key in self._stepped:  # a new round began before all expected had stepped
            self._expected = set(self._stepped)
            self._stepped = set()
            self._end_iteration(optimizer, now)
        self._stepped.add(key)
        if self._stepped >= self._expected:
            groups = optimizer.param_groups
            # The long path reads rates that are tensors (they change in place) and copes with none at all.
            plain = len(groups) == 1 and type(groups[0].get("lr")) in (float, int)
            alone = plain and len(self._expected) == 1
            self.pulse.solo = key if alone else 0
            self._stepped = set()
            self._end_iteration(optimizer, now)

    def _end_iteration(self, optimizer: Any, now: float) -> None:
        ledger = self.ledger
        rate = max(float(group.get("lr", NAN)) for group in optimizer.param_groups)
        ledger.rows.append((ledger.take_loss(), rate, now - self.pulse.last_end, self.pulse.data_wait))
        self.pulse.data_wait = 0.0
        ledger.count_time()
        if self.graphed.ended(self.step, looked=self.sampler.armed):
            self._close_evaluation()
        if self.sampler.armed:
            self._finish_sample()
        self.pulse.step = step = self.step + 1
        self.backwards = 0
        if step >= self.budget.next_step and self.budget.due(step, ledger.train_seconds):
            self.sampler.arm(step, self.stages.live())
        if len(ledger.rows) >= BLOCK:
            ledger.write_block()
        # The step before the next sample, and the one that fills the block, take the long path.
        due = (self.budget.next_step - 1, step + BLOCK - len(ledger.rows), self.graphed.next)
        self.pulse.wake = step if self.sampler.armed else min(*due, self._max_steps - 1)
        self.stopping = step >= self._max_steps or now >= self.pulse.deadline
        self._settle()
        self.pulse.last_end = perf_counter()

    def _finish_sample(self) -> None:
        sampler = self.sampler
        inside = sampler.spent - sampler.before
        longer = self._longer()
        begin = perf_counter()
        values = sampler.finish()
        self.finder.sampled(values, self.step)
        values.update(sampler.clock.seconds(*self.ledger.rows[-1][2:4]))
        try:
            self._write_sample(values)
        except Exception as error:  # noqa: BLE001  the step must be counted all the same
            self.guard.contain("sample", error, self.step)
        outside = sampler.before + perf_counter() - begin
        self.budget.finish_sample(inside, outside, longer, self.step, self._running())

    def _running(self) -> float:
        """Share of the time since it was asked last in which this thread had a processor."""
        (wall, busy), (self._wall, self._busy) = (self._wall, self._busy), (perf_counter(), thread_time())
        return (self._busy - busy) / max(self._wall - wall, 1e-9)

    def _longer(self) -> float:
        """By how much the step that ends was longer than its unsampled neighbours, s; NaN: not known."""
        rows, sampled = self.ledger.rows, self._sampled
        sampled.append(self.step)
        around = range(1, min(NEIGHBOURS, len(rows)))
        others = [rows[-1 - back][2] for back in around if self.step - back not in sampled]
        others = [seconds for seconds in others if seconds == seconds]
        return rows[-1][2] - median(others) if len(others) >= FEWEST_NEIGHBOURS else NAN

    def _write_sample(self, values: dict[Key, float]) -> None:
        sampler = self.sampler
        facts, sampler.facts = sampler.facts, []
        for fact in facts:
            self.ledger.fact(fact)
        if self.backwards > 1:
            self.ledger.fact_once(self.step, "accumulation", {"backwards_per_step": self.backwards})
        self.stages.tell_loader(self.loader, self.step)
        index = sampler.index
        if index in UNOWNED_SAMPLES or index % 20 == 0 or sampler.connections.reach.ungraded:
            self.stages.look_for_unowned(self.step)
        self.ledger.sample(self.step, values)
        if index <= 3 or index % 20 == 0:
            self.stages.write_segment(self.step + 1)
        self.ledger.flush_if_due(self.step + 1)

    def _watched(self, optimizer: Any) -> bool:
        return self.stages.watched(optimizer)

    def _discover(self) -> None:
        self.stages.discover()

    def _evaluated(
        self, function: str, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any], frames: Frames
    ) -> None:
        begin = perf_counter()
        try:
            if self.guard.allows("evaluation") and not is_functorch_wrapped_tensor(out):
                self.pulse.last_end = self.pulse.data_wait = NAN
                self.pulse.stir()  # the next backward closes the phase
                self.evaluation.add(function, out, args, kwargs, frames)
        except Exception as error:  # noqa: BLE001
            self.guard.contain("evaluation", error, self.step)
        self.budget.charge(perf_counter() - begin)

    def _close_evaluation(self) -> None:
        try:
            self.evaluation.close(self.step, self.ledger.evaluation)
        except Exception as error:  # noqa: BLE001
            self.guard.contain("evaluation", error, self.step)

    def compiled(self) -> None:
        """Something is compiled: forward hooks would be traced into the graph, so do without them."""
        self.pulse.compiles = True
        self.sampler.hooks_allowed = self.sampler.connections.gradfree.allowed = False
        self.exported()
        self.ledger.fact_once(self.step, "compiled", {"hidden": "activations"})

    def exported(self) -> None:
        """A model is about to be exported: hooks would get into that graph too, so remove those there are."""
        self.ungraphed.close()
        self.graphed.withdraw()
        self.sampler.disarm()

    def resume(self) -> None:
        """Begin timing afresh: what passed since the last step was not training."""
        self.pulse.last_end = NAN

    def flush(self) -> None:
        """Write all that is known so far, so that it can be read."""
        self.ledger.flush(self.step, lambda: self.stages.write_segment(max(self.step, 1)))

    def finish(self, status: str, error: str = "") -> None:
        """End the watch: close what is open and write everything."""
        self.ungraphed.close()
        try:
            self._maybe.commit()
            self._close_evaluation()
            self.sampler.disarm()
            self.scalers.tell(self.step)
            self.stages.write_segment(max(self.step, 1))
        except Exception as problem:  # noqa: BLE001
            self.guard.contain("finish", problem, self.step)
        self.ledger.close(self.step, status, error)


def _nobody() -> None:
    """Stands where a reference to an optimizer would."""
