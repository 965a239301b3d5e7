"""Evaluations with gradients on, in training mode: passes and losses that no backward ever uses.

Nothing announces them.  So they are looked for where they can be expected: in
sampled steps, when a DataLoader is exhausted, and when a step has made more
losses than steps usually make.  From there to the end of the next step every
pass of a model and every loss gets a mark that its gradient would set; what is
left unmarked was no training.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor
from torch.nn.modules.module import register_module_forward_hook

from gradwise.watch.activations import first_tensor
from gradwise.watch.evaluation import Entry, EvaluationReader, Frames, Key, user_frames
from gradwise.watch.gradfree import GradFree, acts
from gradwise.watch.judging import Judging
from gradwise.watch.losses import argument
from gradwise.watch.phases import PhaseReader, place_of, traced
from gradwise.watch.pulse import Pulse
from gradwise.watch.rows import Seen
from gradwise.watch.wiring import MODE_MODULES

if TYPE_CHECKING:
    from gradwise.watch.structure import Structure

LEARNING = 6  # steps looked at before it is known how many losses one makes
SELDOM = 3  # steps between evaluations that are waited for; nearer ones are met in sampled steps
PATIENCE = 3  # steps for which an evaluation is waited for that was expected
MOST_MARKS = 1024  # of one stretch
MOST_SURPRISES = 8  # steps with more losses than usual and no evaluation found: then that many are usual


@dataclass(eq=False, slots=True)
class Mark:
    """Whether a gradient came to a tensor."""

    entry: Entry | None = None  # of a loss; None: a pass of a model
    behind: Mark | None = None  # the pass before the loss
    used: bool = False
    rows: tuple[Seen, int] | None = None  # what entered the pass, with the rows of the loader behind it
    sampled: Seen | None = None  # the same where a sampled step has read it
    place: str = ""  # of the pass, in the user's code

    @property
    def idle(self) -> bool:
        """Whether nobody trained on it, nor on the pass that a loss is of."""
        return not self.used and (self.entry is None or (self.behind is not None and not self.behind.used))

    def set(self, _gradient: Tensor) -> None:
        """The tensor's gradient was computed."""
        self.used = True


class Graphed:
    """Tells evaluations with gradients on from training."""

    def __init__(self, gradfree: GradFree, phases: PhaseReader) -> None:
        self.open = False  # every loss and pass is marked until the step ends
        self._gradfree, self._phases = gradfree, phases
        self._marks: list[Mark] = []
        self._trained: set[Key] = set()  # places whose losses were trained on
        self._hook: Any = None
        self._rounds = 0  # steps whose losses were all marked
        self._own = 0  # the most losses that one of them trained on
        self._event: int | None = None  # step of the last evaluation found or supposed
        self._expected: int | None = None  # step in which the next one is looked for
        self._patience = self._surprises = 0
        self._reached = False  # a gradient came to a model's output at some time
        self._evaluating = False  # the model was put into eval mode at some time
        self._judging = Judging()
        self._pass: Mark | None = None  # the latest
        self._often = 0  # steps looked at in which losses of evaluations were found
        self._pulse = Pulse(float("inf"), [])
        self._evaluation = EvaluationReader()
        self._structure: Callable[[], Structure | None] = lambda: None
        self._contain: Callable[[Exception], None] = lambda _: None
        self._sampling: Callable[[], bool] = lambda: False

    def attach(
        self,
        pulse: Pulse,
        evaluation: EvaluationReader,
        structure: Callable[[], Structure | None],
        sampling: Callable[[], bool],
        contain: Callable[[Exception], None],
    ) -> None:
        """What it needs to know, and who takes the losses.

        Args:
            pulse: counts steps and losses.
            evaluation: takes the losses of evaluations.
            structure: gives the models being trained, or None.
            sampling: whether a step is being sampled, whose own hooks tell of passes.
            contain: takes an error of ours.
        """
        self._pulse, self._evaluation = pulse, evaluation
        self._structure, self._sampling, self._contain = structure, sampling, contain
        self._judging.contain = contain

    @property
    def next(self) -> int:
        """The step that must be counted on the long path, so that the one after it is looked at."""
        return sys.maxsize if self._expected is None else self._expected - 1

    def expect(self, *, soon: bool = False) -> None:
        """An evaluation may follow: look until the next step has ended, or some more if it must come soon."""
        pulse = self._pulse
        self._patience = PATIENCE if soon else 0
        if self.open or pulse.compiles or pulse.step == 0 or self._structure() is None:
            return
        if self._evaluating and not soon:
            return  # its evaluations say what they are
        self.open = True
        pulse.stir()
        pulse.wake = pulse.step
        self._hook = register_module_forward_hook(self._ran)

    def close(self) -> None:
        """Look no longer; what was marked waits for `ended`."""
        self.open = False
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    def withdraw(self) -> None:
        """Something is compiled or exported: hooks and wrappers would get into the graph."""
        self.close()
        self._judging.close()

    def evaluating(self) -> None:
        """The model was put into eval mode: its author knows of modes, and losses are seen otherwise."""
        self._evaluating = True
        self._judging.close()
        self.close()

    def _ran(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        try:
            structure = self._structure()
            if structure is not None and id(module) in structure.root_ids and not self._sampling():
                self.passed(module, inputs, first_tensor(output))
        except Exception as error:  # noqa: BLE001  ours must not end theirs
            self._contain(error)

    def passed(
        self, module: nn.Module, inputs: tuple[Any, ...], output: Tensor | None, sampled: Seen | None = None
    ) -> None:
        """A watched model has run, in a stretch that is looked at.

        Args:
            module: the model.
            inputs: what it was given.
            output: what came out.
            sampled: what a sampled step has read of the inputs, if this is one.
        """
        if not module.training or not _markable(output):
            return
        self._pass = Mark(sampled=sampled)
        if sampled is not None:
            self._pass.place = place_of(user_frames())
        elif self.open:
            self._pass.rows = self._phases.hold(inputs, len(self._marks))
        self._mark(output, self._pass)

    def loss(
        self, function: str, out: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any], frames: Frames
    ) -> None:
        """A loss with a gradient was computed in training mode, in a stretch that is looked at."""
        prediction = argument(args, kwargs, 0, "input")
        tensor = prediction if isinstance(prediction, Tensor) and prediction.requires_grad else out
        if (function, frames) not in self._trained and _markable(tensor):
            entry = self._evaluation.score(function, out, args, kwargs, frames)
            self._mark(tensor, Mark(entry, self._pass))

    def _mark(self, tensor: Any, mark: Mark) -> None:
        if len(self._marks) < MOST_MARKS:
            tensor.register_hook(mark.set)
            self._marks.append(mark)

    def ended(self, step: int, *, looked: bool) -> bool:
        """A step has ended; whether losses of an evaluation were handed on.

        Args:
            step: the step.
            looked: whether all of its losses and passes were marked.
        """
        calls, self._pulse.calls = self._pulse.calls, 0
        try:
            return self._end(step, calls, looked=looked)
        except Exception as error:  # noqa: BLE001  the step must be counted all the same
            self._contain(error)
            self.close()
            return False

    def _end(self, step: int, calls: int, *, looked: bool) -> bool:
        if not looked and not self.open:
            if calls > self._pulse.usual:
                self._surprised(step, calls)
            self._look_ahead(step)
            return False
        losses = self._hand_on(step)
        self._learn(calls, losses)
        if losses:
            self._expect_after(step)
            self._surprises = 0
        if self.open and (losses or self._patience <= 0):
            self.close()
            self._expected = self._expected if losses else None
        self._patience -= 1
        self._look_ahead(step)
        return losses > 0

    def _learn(self, calls: int, losses: int) -> None:
        """How many losses a step makes; with those of an evaluation where there is one in most steps."""
        self._rounds += 1
        self._often += losses > 0
        every = 2 * self._often > self._rounds
        self._own = max(self._own, calls if every else calls - losses)
        if self._rounds >= LEARNING:
            self._pulse.usual = self._own
        if self._rounds == LEARNING:
            self._listen()

    def _listen(self) -> None:
        """Dropout or batch-norm, and nobody has called ``eval()`` yet: hear of predictions."""
        if not self._evaluating and not self._pulse.compiles and self._modes():
            self._judging.open(self._pulse)

    def _surprised(self, step: int, calls: int) -> None:
        """More losses than usual: an evaluation has passed, perhaps, and comes again after as many steps."""
        self._surprises += 1
        if self._surprises >= MOST_SURPRISES:
            self._own, self._surprises = calls, 0
            self._pulse.usual = calls
        self._expect_after(step)

    def _expect_after(self, step: int) -> None:
        gap = step - self._event if self._event is not None else 0
        self._expected = step + gap if gap >= SELDOM else None
        self._event = step

    def _look_ahead(self, step: int) -> None:
        if self._expected is not None and step + 1 >= self._expected and not self.open:
            self.expect(soon=True)
            self._expected = self._expected if self.open else None

    def _hand_on(self, step: int) -> int:
        """Sort out what was marked: losses of evaluations, their number, and modes."""
        marks, self._marks, self._pass = self._marks, [], None
        for mark in marks:
            if mark.used and mark.entry is not None:
                self._trained.add(mark.entry.key)
        # Where no output is ever trained on (the loss is of something else), an idle one tells nothing.
        self._reached = self._reached or any(mark.used for mark in marks if mark.entry is None)
        if not self._reached:
            return 0
        idle = [m for m in marks if m.idle and (m.entry is None or m.entry.key not in self._trained)]
        losses = [m.entry for m in idle if m.entry is not None] if self._trained else []
        for entry in losses:
            self._evaluation.put(entry)
        self._phases.take([m.rows for m in idle if m.rows is not None] if losses else [])
        for mark in idle:
            if mark.sampled is not None:  # no batch of training, whatever it was for
                mark.sampled.evaluated = mark.place if losses else ""
        if step > 0 and (losses or any(m.entry is None for m in idle)):
            self._count(by_loss=bool(losses))
        return len(losses)

    def _count(self, *, by_loss: bool) -> None:
        if not self._evaluating and self._structure() is not None:
            self._gradfree.evaluated(self._modes(), by_loss=by_loss)

    def _modes(self) -> set[str]:
        """Dropout and batch-norm modules in training mode."""
        structure = self._structure()
        parts = [(name, ref()) for name, ref in structure.modules.items()] if structure is not None else []
        return {n for n, m in parts if isinstance(m, MODE_MODULES) and m.training and acts(m)}

    def finish(self, step: int) -> None:
        """The script has ended by itself: what followed the last step was no training."""
        left, judged = self._pulse.calls, self._judging.step == step
        handed = self._hand_on(step)
        if (left or judged) and not handed and not self.open and step > 0:
            self._count(by_loss=left > 0)  # nobody has looked at the values
        self.close()
        self._judging.close()


def _markable(tensor: Tensor | None) -> bool:
    return (
        type(tensor) is Tensor
        and tensor.requires_grad
        and torch.is_grad_enabled()
        and not is_functorch_wrapped_tensor(tensor)
        and not traced()
    )
