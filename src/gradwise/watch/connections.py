"""How the parts of a training loop are connected: modes, order of calls, reach of gradients, schedules."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import ChainedScheduler, LRScheduler, SequentialLR

from gradwise.trace.model import Fact
from gradwise.watch.answering import Answers
from gradwise.watch.evaluation import Entry
from gradwise.watch.gradfree import GradFree
from gradwise.watch.graphed import Graphed
from gradwise.watch.holding import stale_fact
from gradwise.watch.order import ClipReader, IdleReader, UnsteppedReader, clip_signals, clip_values
from gradwise.watch.phases import PhaseReader
from gradwise.watch.pulse import NAN
from gradwise.watch.reaching import ReachReader
from gradwise.watch.schedules import Schedules
from gradwise.watch.structure import Structure

if TYPE_CHECKING:
    from gradwise.watch.session import Session

Replace = Callable[[Any, str, Callable[[Any], Any]], None]
After = Callable[[Any, str, Callable[[Any, Any], None]], None]

HOLDING_SAMPLES = (1, 3, 6, 10)  # samples after which optimizers are compared with models, then every 20th
FROZEN_SAMPLES = (2, 6)  # samples after which frozen parameters are looked at, then every 8th


class Connections:
    """Readers of one run; `attach` puts the wrappers that they need in place.

    Args:
        phases: takes the rows that enter evaluations.
    """

    def __init__(self, phases: PhaseReader) -> None:
        self._session: Session | None = None
        self.clips, self.schedules, self.reach = ClipReader(), Schedules(), ReachReader()
        self.unstepped, self.idle = UnsteppedReader(), IdleReader()
        self.gradfree = GradFree()
        self.graphed = Graphed(self.gradfree, phases)
        self._stale_told: tuple[Any, ...] = ()

    # ---- wrappers -------------------------------------------------------------------

    def attach(self, session: Session, replace: Replace, after: After) -> None:
        """Wrap what tells of order, modes and schedules.

        Args:
            session: the run that is watched.
            replace: puts a wrapper in the place of a function, see `Patches`.
            after: has something called after a method.
        """
        self._session = session
        self.gradfree.attach(
            lambda: session.sampler.structure,
            lambda: session.step,
            lambda e: session.guard.contain("gradfree", e, session.step),
        )
        self.graphed.attach(
            session.pulse,
            session.evaluation,
            lambda: session.sampler.structure,
            lambda: session.sampler.armed,
            lambda e: session.guard.contain("graphed", e, session.step),
        )
        session.ungraphed.answers = Answers(
            self._counted, lambda e: session.guard.contain("evaluation", e, session.step)
        )
        utilities = torch.nn.utils
        for name in ("clip_grad_norm_", "clip_grad_value_"):
            for owner in (utilities.clip_grad, utilities):
                replace(owner, name, self._clip(name))
        for context in (torch.no_grad, torch.inference_mode):
            after(context, "__enter__", lambda c, _s: self.gradfree.entered(c))
            after(context, "__exit__", lambda c, _s: self.gradfree.left(c))
        for kind in (LRScheduler, SequentialLR, ChainedScheduler):
            after(kind, "__init__", lambda scheduler, s: self.schedules.note(scheduler, s.step))
        after(LRScheduler, "load_state_dict", lambda scheduler, s: self.schedules.note(scheduler, s.step))

    def _counted(self, entry: Entry) -> None:
        """Right answers were counted in an evaluation."""
        session = self._session
        if session is not None:
            session.pulse.last_end = session.pulse.data_wait = NAN
            session.pulse.stir()  # the next backward closes the phase
            session.evaluation.put(entry)

    def _clip(self, name: str) -> Callable[[Any], Any]:
        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(original)
            def clip(*args: Any, **kwargs: Any) -> Any:
                session = self._session
                values = session is not None and name == "clip_grad_value_" and session.sampler.armed
                before = self._norm(args, kwargs) if values else None
                norm = original(*args, **kwargs)
                if session is not None:
                    try:
                        self._clipped(session, name, norm, args, kwargs)
                        if before is not None:
                            clip_values(session.sampler.pack, before, self._norm(args, kwargs))
                    except Exception as error:  # noqa: BLE001  ours must not end theirs
                        session.guard.contain("clip", error, session.step)
                return norm

            return clip

        return make

    def _norm(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Tensor | None:
        """The norm of the gradients that a call is given; None where it has none."""
        try:
            given = args[0] if args else kwargs["parameters"]
            root = self._session.stages.root() if self._session is not None else None
            if isinstance(given, Tensor):
                given = [given]
            elif not isinstance(given, list | tuple):  # reading a generator would leave nothing for the call
                given = root.parameters() if root is not None else ()
            gradients = [p.grad for p in given if p.grad is not None]
            return torch.nn.utils.get_total_norm(gradients) if gradients else None
        except Exception:  # noqa: BLE001  whatever was given, the call itself will say
            return None

    def _clipped(
        self, session: Session, name: str, norm: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> None:
        pulse = session.pulse
        key = "max_norm" if name == "clip_grad_norm_" else "clip_value"
        limit = float(args[1] if len(args) > 1 else kwargs[key])
        # Where the script updates its weights itself a step ends with its backward, and clipping follows.
        fresh = (
            pulse.loss is not None or session.backwards > 0 or (session.by_hand and session.hand is not None)
        )
        if self.clips.call(name, limit, fresh, pulse.step):
            pulse.stir()  # the next backward and the next step are looked at
            pulse.wake = pulse.step
        if fresh and session.sampler.armed and name == "clip_grad_norm_":
            clip_signals(session.sampler.pack, norm, limit)

    # ---- told by the sampler --------------------------------------------------------

    def new_models(self) -> None:
        """Other models are trained from now on."""
        self.gradfree.new_models()
        self.reach = ReachReader(reached=self.reach.reached)
        self._stale_told = ()

    def without_gradient(self, module: nn.Module) -> None:
        """A module ran in a sampled step while gradients were switched off."""
        structure = self._session.sampler.structure if self._session is not None else None
        if structure is not None:
            self.reach.gradless.add(structure.module_names.get(id(module), ""))

    def at_backward(self, root: Tensor) -> None:
        """A backward begins, in a sampled step."""
        session = self._session
        if session is None:
            return
        graph = session.sampler.graph
        self.reach.at_backward(root, graph.leaves if graph is not None else None)
        stages = session.stages
        if session.step == 0 and not stages.stepped and stages.optimizers:
            model = stages.root()
            training = model is None or model.training
            self.unstepped.at_backward(stages.optimizers, training, self.reach.reached)

    def at_step(self, optimizer: Any) -> None:
        """An optimizer is about to step, in a sampled step."""
        sampler = self._session.sampler if self._session is not None else None
        structure = sampler.structure if sampler is not None and sampler.hooks_allowed else None
        if structure is not None:
            self.reach.at_step(optimizer, structure.parameter_names)

    def at_sample(self) -> list[Fact]:
        """Facts of a sampled step that ends."""
        session = self._session
        if session is None:
            return []
        self.gradfree.close()  # a stretch that was entered and never left
        sampler = session.sampler
        structure, step, index = sampler.structure, sampler.step, sampler.index + 1
        found: list[Fact | None] = [self.clips.fact(step), self.gradfree.fact(step)]
        found += self.schedules.facts(step + 1, _batches(session.loader))
        if structure is not None and sampler.hooks_allowed:
            look = index in FROZEN_SAMPLES or index % 8 == 0
            found += self.reach.facts(structure, sampler.records, session.stages.loaded, step, look)
        due = index in HOLDING_SAMPLES or index % 20 == 0 or self.reach.ungraded
        if structure is not None and due:
            found += self._holding(session, structure)
        return [fact for fact in found if fact is not None]

    def finish(self) -> None:
        """The run ends: tell what only its end can tell."""
        session = self._session
        if session is None:
            return
        self.gradfree.close()
        step = session.step
        if sys.exc_info()[0] in (None, SystemExit):
            self.graphed.finish(step)
        self.unstepped.stepped = step > 0 or bool(session.stages.stepped)
        found = [self.clips.fact(max(step - 1, 0), final=True), self.gradfree.fact(step, final=True)]
        found += self.schedules.facts(step, _batches(session.loader), final=True)
        if self.never_stepped:
            found.append(self.unstepped.fact())
        for fact in found:
            if fact is not None:
                session.ledger.fact(fact)
        self._session = None

    @property
    def never_stepped(self) -> bool:
        """Whether backwards ran beside an optimizer, and nothing ever stepped."""
        return self.unstepped.ailing and not self.unstepped.stepped

    def _holding(self, session: Session, structure: Structure) -> list[Fact | None]:
        stages, sampler = session.stages, session.sampler
        live = stages.live()
        taken = {id(p) for o in live.values() for group in o.param_groups for p in group["params"]}
        idle = [o for o in stages.optimizers if o not in stages.ever_stepped and stages.watched(o)]
        fact = self.idle.look(idle, structure.parameter_names, taken, sampler.step)
        if not sampler.hooks_allowed:
            return [fact]
        held = {*taken, *(id(p) for o in idle for group in o.param_groups for p in group["params"])}
        stale = stale_fact(
            live.values(), structure, sampler.records, sampler.strays, self.reach, held, sampler.step
        )
        state = tuple(stale.data.get("parameters", ())) if stale is not None else ()
        new, self._stale_told = state != self._stale_told, state
        return [fact, stale] if new else [fact]


def _batches(loader: Any) -> int:
    """Batches in an epoch of a DataLoader's iterator; 0 where that is not known."""
    batches = getattr(loader, "_index_sampler", None)
    try:
        return len(batches) if batches is not None else 0
    except TypeError:
        return 0
