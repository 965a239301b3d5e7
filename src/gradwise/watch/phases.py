"""What enters the models in evaluations: rows and columns of the first batches of some phases.

An evaluation is a pass without gradients between two training steps.  It is
seen where the model was put into eval mode, for then looking costs training
nothing, and at sampled steps, whose hooks are there already.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import torch
from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor
from torch.nn.modules.module import register_module_forward_hook

from gradwise.watch.activations import first_tensor
from gradwise.watch.budget import Budget
from gradwise.watch.evaluation import EvaluationReader, Frames, user_frames
from gradwise.watch.pack import Pack
from gradwise.watch.prints import printable
from gradwise.watch.pulse import Pulse
from gradwise.watch.rowbook import MOST_PLACES, Sighting
from gradwise.watch.rows import RowsReader, Seen
from gradwise.watch.spoken import spoken

MOST_ROWS = 4096  # of a place in one phase that are looked at
MOST_BATCHES = 40  # the same in batches
FEWEST_ROWS = 2  # in a batch; single rows are states, prompts and the like
GROWTH = 1.5  # after the first phases the next one looked at is this much later
FIRST_PHASES = 3  # phases that are all looked at
MOST_WISHES = 3  # samples that are asked for where no phase was seen yet
MOST_MET = 12  # phases that are looked at by the hooks of sampled steps


class PhaseReader:
    """Reads the inputs of evaluations.

    Args:
        rows: takes the rows, and knows the loader that gave them.
        contain: takes an error of ours.
    """

    def __init__(self, rows: RowsReader, contain: Callable[[Exception], None]) -> None:
        self._reader, self._contain = rows, contain
        self._roots: Collection[int] = ()
        self._hook: Any = None
        self._pack, self._held = Pack(), Pack()
        self._seen: list[tuple[Seen, int]] = []  # with the rows that the loader behind it has
        self._rows: dict[str, int] = {}  # looked at in this phase, by place
        self._named: dict[str, str] = {}  # what is said of its rows, by place
        self._phases = 0
        self._next = 0  # number of the phase that is looked at next
        self.looked = 0  # phases in which something was seen
        self._wished = 0
        self._by_loss = False  # in training mode only a loss tells an evaluation from other passes
        self._heard = 0  # evaluation losses when the phase was last closed
        self._evaluation: EvaluationReader | None = None

        self._budget: Budget | None = None
        self._pulse: Pulse | None = None
        self._ended = 0  # step at which the last phase with a loss ended
        self._told = 0  # evaluation losses until then

    def listen(self, evaluation: EvaluationReader, ungraphed: Any, budget: Budget, pulse: Pulse) -> None:
        """Learn which passes were evaluations and when the mode changes; wish for samples."""
        self._evaluation, ungraphed.phases = evaluation, self
        self._budget, self._pulse = budget, pulse

    def open(self, roots: Collection[int]) -> None:
        """The model was put into eval mode: look until it trains again.

        Args:
            roots: ids of the watched models.
        """
        self.drop()
        if self._phases < self._next:
            self._phases += 1
            return
        self._roots = roots
        self._hook = register_module_forward_hook(self._ran)

    def _ran(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if id(module) in self._roots:
            self.look(inputs, output)

    def meet(self, inputs: tuple[Any, ...], output: Any) -> None:
        """A watched model has run while a sampled step has hooks of its own."""
        if self._hook is None and self.looked < MOST_MET:
            self._by_loss = True
            self.look(inputs, output)

    def look(self, inputs: tuple[Any, ...], output: Any) -> None:
        """A watched model has run."""
        try:
            if recorded():
                return
            x, result = first_tensor(inputs), first_tensor(output)
            if x is None or result is None or not _plain(x) or not printable(x) or not _plain(result):
                return
            if torch.is_grad_enabled() and result.requires_grad:
                return
            if len(x) < FEWEST_ROWS:
                return
            place = self._place(user_frames())
            if self._rows.get(place, 0) < MOST_ROWS and len(self._seen) < MOST_BATCHES:
                self._rows[place] = self._rows.get(place, 0) + len(x)
                self._seen.append(self._read(place, x, self._pack))
        except Exception as error:  # noqa: BLE001  ours must not end theirs
            self._contain(error)

    def _read(self, place: str, x: Tensor, pack: Pack) -> tuple[Seen, int]:
        seen = Seen(place, len(x))
        seen.read(x, pack)
        return seen, self._reader.source(len(x))

    def hold(self, inputs: tuple[Any, ...], held: int) -> tuple[Seen, int] | None:
        """Read a batch of which it is not known yet whether an evaluation used it.

        Args:
            inputs: of the model.
            held: batches that wait like this.
        """
        x = first_tensor(inputs)
        if x is None or recorded() or not _plain(x) or not printable(x):
            return None
        if len(x) < FEWEST_ROWS or held >= MOST_BATCHES or self.looked >= MOST_MET:
            return None
        return self._read(self._place(user_frames()), x, self._held)

    def _place(self, frames: Frames) -> str:
        """The place of these frames, whose words are read when it is met first."""
        place = place_of(frames)
        if place not in self._named and len(self._named) < MOST_PLACES:
            self._named[place] = spoken(frames)
        return place

    def take(self, seen: list[tuple[Seen, int]]) -> None:
        """These were of an evaluation, whose losses were heard; what else was read is forgotten."""
        pack, self._held = self._held, Pack()
        if seen:
            pack.transfer()
            self.looked += 1
            self._book(seen)

    def drop(self) -> None:
        """Take the hook away; what was seen waits for `close`."""
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    def close(self) -> None:
        """The phase is over: one transfer, and the rows go to the book."""
        self.drop()
        if self._evaluation is not None and self._evaluation.heard > self._told:
            self._wish(self._evaluation.heard)
        if self._seen:
            try:
                self._settle()
            except Exception as error:  # noqa: BLE001
                self._contain(error)

    def _wish(self, heard: int) -> None:
        """Scripts that never call ``eval()`` are seen at sampled steps: sample after the next phase."""
        if self._budget is None or self._pulse is None:
            return
        step = self._pulse.step
        coming, self._ended, self._told = 2 * step - self._ended, step, heard
        if self.looked == 0 and self._wished < MOST_WISHES and coming > step:
            self._wished += 1
            self._budget.wish(coming)
            self._pulse.wake = min(self._pulse.wake, self._budget.next_step - 1)

    def _settle(self) -> None:
        self._phases += 1
        seen, self._seen = self._seen, []
        heard = self._evaluation.heard if self._evaluation is not None else 0
        known = heard > self._heard or not self._by_loss
        self._heard, self._by_loss = heard, False
        if not known:
            self._pack, self._rows = Pack(), {}
            return
        pack, self._pack, self._rows = self._pack, Pack(), {}
        pack.transfer()
        self.looked += 1
        if self.looked >= FIRST_PHASES:
            self._next = int(GROWTH * self._phases) + 1
        self._book(seen)

    def _book(self, seen: list[tuple[Seen, int]]) -> None:
        book = self._reader.book
        for batch, source in seen:
            if batch.prints is not None:
                account = book.evaluate(batch.place, Sighting(book.last_step, batch.prints), batch.rows)
                batch.settle(account)
                if account is not None:
                    account.source = max(account.source, source)
                    account.named = self._named.get(batch.place, "")


def place_of(frames: Frames) -> str:
    """The innermost lines of the user's code, as evaluations of losses name them."""
    return "line " + ", ".join(str(line) for _, line in frames[:2]) if frames else ""


def _plain(tensor: Tensor) -> bool:
    return type(tensor) is Tensor and not is_functorch_wrapped_tensor(tensor)


def recorded() -> bool:
    """Whether somebody else takes down what is computed: a compiler, a tracer, a dispatch mode."""
    return torch.compiler.is_compiling() or traced() or torch._C._len_torch_dispatch_stack() > 0


def traced() -> bool:
    """Whether torch.jit.trace takes down what is computed."""
    return torch._C._get_tracing_state() is not None
