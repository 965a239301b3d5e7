"""`Patient`: what a remedy's ``treat`` is given to act on a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from gradwise.remedies.patient import activations, inside, models, norming, weights
from gradwise.remedies.patient.chart import Chart, Line
from gradwise.remedies.patient.moments import Hook
from gradwise.remedies.patient.optimizers import Group, defaults_of, shown_kind, shown_number
from gradwise.remedies.patient.recalling import Recall

if TYPE_CHECKING:
    from torch.optim.optimizer import Optimizer

    from gradwise.remedies.patient.run import TreatedRun


class Patient:
    """One cure's hold on a treated run.

    `at` subscribes to moments; the other methods change something, and what
    they change is put back when the treatment ends, as far as it can be.  What
    was done is told to `did` and `could_not`.

    Moments, and what a call is given:

    - ``optimizer``: the optimizer, once it is made and before anything else happens to it
    - ``group``: optimizer and parameter group, when `add_param_group` has added one
    - ``scheduler``: the learning-rate scheduler that was made
    - ``schedule``: the scheduler that is about to step; False leaves this step out
    - ``root``: a model, before any of its weights is used: when the script first calls it or another one
    - ``mode``: module and training mode, after ``train()`` or ``eval()``
    - ``loss``: (args, kwargs) and the name of a loss of torch.nn.functional; may return another pair
    - ``loss-value``: what that loss came to, its (args, kwargs) and name; may return another tensor
    - ``enter``: (args, kwargs) and the module that the script calls; may return another pair
    - ``output``: what the module gives back, and the module; may return something else
    - ``left``: the module that the script called, before ``output`` and also where it failed
    - ``backward``: nothing; a backward pass begins
    - ``objective``: the tensor, or several, that a backward pass begins at
    - ``after-backward``: nothing; it is over
    - ``before-step``, ``after-step``: the optimizer
    - ``gradients``: the optimizer that will use them at once, after its closure where it has one
    - ``zero-grad``: the optimizer or module whose gradients the script clears
    - ``loader``: the DataLoader that was made
    - ``epoch``: the DataLoader that is about to be gone through
    - ``batch``: what a DataLoader gives, and its iterator; may return something else

    Args:
        run: the run as a whole.
        chart: this cure's record.
    """

    affine = inside.AFFINE

    def __init__(self, run: TreatedRun, chart: Chart) -> None:
        self.run, self.chart = run, chart
        self.where = chart.where
        self._lines: dict[tuple[int, int], Line] = {}

    # ---- moments and words ----------------------------------------------------------

    def at(self, moment: str, call: Callable[..., Any]) -> Callable[[], None]:
        """Have something called at a moment of the run, see the class; what is returned ends that."""
        return self.run.subscribe(Hook(self.chart, moment, call))

    @property
    def busy(self) -> bool:
        """Whether a cure is acting: what torch is asked for now, the script does not ask for."""
        return self.run.moments.busy > 0

    def around(self, owner: Any, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
        """Wrap a function of torch while the treatment lasts, see `wrapping.Wrappers.replace`."""
        self.run.wrap_later(owner, name, make)

    def did(self, text: str, times: int = 1) -> Line:
        """Note what was done; keep the line and raise ``times`` where it is done at every step."""
        return self.chart.did(text, times)

    def could_not(self, text: str) -> None:
        """Note what could not be done, and why."""
        self.chart.could_not(text)

    def later(self, undo: Callable[[], None]) -> None:
        """Have something called when the treatment ends."""
        self.run.later(undo)

    # ---- optimizers -----------------------------------------------------------------

    def lend(self, optimizer: Any, group: Group, option: str, value: Any) -> bool:
        """Give a parameter group another number for this step; see `Optimizers.lend`."""
        return self.run.optimizers.lend(optimizer, group, option, value)

    def lend_gradients(self, optimizer: Any, change: Callable[[Tensor], Tensor | None]) -> None:
        """Let an optimizer that is about to use its gradients use others; see `Optimizers.lend_gradients`."""
        self.run.optimizers.lend_gradients(optimizer, change)

    def leave_out(self, optimizer: Any) -> None:
        """Let an optimizer that is about to use its gradients find none, so that it changes nothing."""
        self.lend_gradients(optimizer, lambda _: None)

    def multiply(self, optimizer: Any, option: str, factor: float, word: str) -> None:
        """Lend every group of an optimizer that is about to step a multiple of its own number.

        Args:
            optimizer: that is about to step.
            option: of its groups; those without it are passed over.
            factor: times the script's own number.
            word: what the number is called in the record.
        """
        for number, group in enumerate(optimizer.param_groups):
            if option not in group:
                self.could_not(f"{shown_kind(optimizer)} has no {option}")
                continue
            value = group[option]
            if self.lend(optimizer, group, option, value * factor):
                self._line(optimizer, number, word, value, factor).times += 1

    def _line(self, optimizer: Any, number: int, word: str, value: Any, factor: float) -> Line:
        """The record's line for a group: how its number began, with as many steps as it was changed in."""
        key = (id(optimizer), number)
        if key not in self._lines:
            at_first = f"{shown_number(value)} → {shown_number(value * factor)}"
            group = f" (group {number})" if number else ""
            self._lines[key] = self.did(f"{word} of {shown_kind(optimizer)}{group} {at_first}", 0)
        return self._lines[key]

    def prepare(self, kind: type[Optimizer]) -> None:
        """Have what `become` and `has_sparse` need, before the run begins."""
        defaults_of(kind)
        self.run.models.noting = True

    def has_sparse(self, optimizer: Any) -> bool:
        """Whether an optimizer holds weights whose gradients will be sparse."""
        sparse = {id(weight) for weight in self.run.models.sparse()}
        return any(id(p) in sparse for group in optimizer.param_groups for p in group["params"])

    def become(self, optimizer: Any, kind: type[Optimizer], keeps: str = "") -> None:
        """Make an optimizer one of another kind; see `Optimizers.become`."""
        self.later(self.run.optimizers.become(optimizer, kind, keeps))

    def set_rate(self, optimizer: Any, rate: float) -> None:
        """Let an optimizer that was just made learn at another rate, along the script's own schedule.

        The script's rate may rise and fall; what counts is its share of the rate
        with which the optimizer was made, or of the peak that a cycle has.
        """
        made = _highest(optimizer, "lr")

        def before(stepping: Any) -> None:
            if stepping is not optimizer:
                return
            peak = _highest(stepping, "max_lr") or made
            for group in stepping.param_groups:
                share = float(group["lr"]) / peak if peak else 1.0
                self.lend(stepping, group, "lr", rate * share)

        self.at("before-step", before)

    def adopt(self, optimizer: Any, parameters: Sequence[Tensor], like: Tensor | None = None) -> None:
        """Hand parameters to an optimizer; see `Optimizers.adopt`."""
        self.later(self.run.optimizers.adopt(optimizer, parameters, like))

    # ---- models ---------------------------------------------------------------------

    def places(self, root: nn.Module) -> Iterator[tuple[str, nn.Module]]:
        """Modules of a root that this cure is meant for and that have not run before, by name."""
        return models.places(root, self.where, self.chart.met)

    def is_meant(self, root: nn.Module, inner: nn.Module) -> bool:
        """Whether the cure is meant for what a module in a root computes itself."""
        top = self.run.models.top(root)
        name = next((name for name, each in top.named_modules() if each is inner), "")
        fits = [each for each in self.where if models.meant(name, each, type(top).__name__)]
        self.chart.met.update(fits)
        return bool(fits) or not self.where

    def swap(self, root: nn.Module, name: str, module: nn.Module) -> None:
        """Put a module in the place of another one; its parameters go to the optimizer of the model.

        An optimizer that is made later takes them of the model itself.
        """
        device = next((p.device for p in root.parameters()), None)
        if device is not None:
            module.to(device)
        self.later(models.swap(root, name, module))
        vars(module)[models.MARK] = True
        self._hand_over(module, root.parameters())

    def _hand_over(self, module: nn.Module, beside: Iterable[Tensor]) -> None:
        """Give parameters that nobody trains to the optimizer that trains those beside them."""
        held = self.run.optimizers.held()
        fresh = [parameter for parameter in module.parameters() if id(parameter) not in held]
        like = next((p for p in beside if id(p) in held), None)
        if fresh and like is not None:
            self.adopt(held[id(like)], fresh, like)

    def contained(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same call for use in a wrapper: where it fails, that is noted, and it gives None."""
        return Hook(self.chart, "call", call)

    def acting(self, enter: inside.Enter | None = None, leave: inside.Leave | None = None) -> str:
        """A word for `mark`: what is done at modules that bear it.

        Args:
            enter: is given the module and its args; may return others.
            leave: is given the module and its result; may return another one.
        """
        hooks = (Hook(self.chart, "inside", call) if call is not None else None for call in (enter, leave))
        return self.run.inside.add(*hooks)

    def mark(self, module: nn.Module, word: str) -> None:
        """Have what a word stands for done whenever a module is called; copies of it keep the mark."""
        self.later(inside.mark(module, word))

    def add_part(self, root: nn.Module, layer: nn.Module, word: str, part: nn.Module) -> None:
        """Hang a part into a layer of a root; its parameters go to the optimizer of the layer.

        What calls it is marked by `mark`.
        """
        self.later(inside.add_part(layer, word, part))
        self._hand_over(part, [*layer.parameters(recurse=False), *root.parameters()])
        self.later(lambda: self.run.optimizers.release(part.parameters()))

    def meant_layers(self, root: nn.Module) -> Iterator[tuple[str, nn.Module]]:
        """Hidden layers of a root that this cure is meant for; see `inside.meant`."""
        return inside.meant(self, root)

    def meant_dense(self, root: nn.Module) -> Iterator[tuple[str, nn.Module]]:
        """Dense layers that follow hidden ones, of those that this cure is meant for; see `inside.dense`."""
        return inside.dense(self, root)

    @staticmethod
    def is_compiled(root: nn.Module) -> bool:
        """Whether a root is a model that torch.compile has wrapped."""
        return inside.compiled(root)

    @staticmethod
    def has_loaded_weights(module: nn.Module) -> bool:
        """Whether weights were loaded into a module before it ran."""
        return models.has_loaded_weights(module)

    def norm_behind(self, word: str, make: norming.MakeNorm) -> None:
        """Put norms behind hidden layers; see `norming.norm_behind`."""
        norming.norm_behind(self, word, make)

    def recall(self, names: Sequence[str]) -> Recall:
        """The latest results of some functions with what they were made of; see `Recall`."""
        return Recall(self, names)

    def keep(self, weights: list[Tensor]) -> None:
        """Keep weights as they are now, and put them back if the treatment ends before the first step."""
        self.run.keep(weights)

    def redraw(self, initialiser: str, scale: float = 1.0) -> None:
        """Draw the first weights of every model anew; see `weights.redraw`."""
        weights.redraw(self, initialiser, scale)

    def redraw_head(self, root: nn.Module, deviation: float) -> None:
        """Draw the last layer's weights anew, or those of ``where``; see `weights.redraw_head`."""
        weights.redraw_head(self, root, deviation)

    def exchange(
        self,
        kinds: Sequence[str],
        name: str,
        module: Callable[[], nn.Module],
        function: Callable[[Tensor], Tensor],
        *,
        hidden: bool = False,
    ) -> None:
        """Compute another activation in the place of some; see `activations.exchange`.

        Args:
            kinds: relu, sigmoid, tanh.
            name: of what is computed instead, for the record.
            module: makes the module for it.
            function: the same as a function.
            hidden: leave activations that only outputs follow, and gates.
        """
        activations.exchange(self, kinds, activations.Exchange(name, module, function), hidden=hidden)

    def collect(self) -> dict[int, nn.Module]:
        """Every module that is called from now on, by id; clear `collecting` to end it."""
        self.run.models.collecting = True
        return self.run.models.called


def _highest(optimizer: Any, option: str) -> float:
    return max((float(group.get(option, 0.0)) for group in optimizer.param_groups), default=0.0)
