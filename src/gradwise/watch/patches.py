"""Where watching touches torch: a handful of functions are wrapped, and put back afterwards.

Each wrapper calls the original with the very same arguments and returns its
very result; what it tells the session is told beside that.  While a graph is
being compiled or scripted the wrappers step aside.
"""

from __future__ import annotations

import functools
import os
import types
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import torch
import torch.nn.functional as functional
import torch.utils.data.dataloader as dataloader
from torch import Tensor, nn
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook

from gradwise.watch.keras_calls import KerasCalls
from gradwise.watch.losses import LOSS_FUNCTIONS
from gradwise.watch.pulse import NAN
from gradwise.watch.session import Session
from gradwise.watch.wrapping import put


class Patches:
    """The wrappers of one session; `remove` restores torch as it was."""

    def __init__(self, session: Session) -> None:
        self.session: Session | None = session
        self.pulse = session.pulse
        session.sampler.phases.listen(session.evaluation, session.ungraphed, session.budget, session.pulse)
        self._undo: list[Callable[[], None]] = []
        _LIVE.add(self)
        self._losses()
        self._backward()
        self._optimizers()
        self._modules()
        self._data()
        self._compilation()
        self._scaler()
        self.connections = session.sampler.connections
        self.connections.attach(session, self._replace, self._after)

    def remove(self) -> None:
        """Put everything back."""
        if self.session is not None:
            self.connections.finish()
        self.session = None
        self.pulse.rest()
        while self._undo:
            self._undo.pop()()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nobody is told of what happens within: it is ours."""
        session = self.session
        if session is None:
            yield
            return
        armed = session.sampler.armed
        session.ungraphed.close()
        session.graphed.close()
        session.sampler.disarm()
        self.session = None
        self.pulse.stir()
        try:
            yield
        finally:
            self.session = session
            if armed:
                session.sampler.arm(session.step, session.stages.live())
            session.resume()

    def _replace(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        self._undo.append(put(owner, name, make(getattr(owner, name))))

    def _losses(self) -> None:
        for name in LOSS_FUNCTIONS:
            if hasattr(functional, name):
                self._replace(functional, name, functools.partial(self._loss, name))

    def _loss(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        pulse, compiling, tensor = self.pulse, torch.compiler.is_compiling, Tensor
        modes = torch._C._len_torch_function_stack

        def tell(out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            session = self.session
            if session is None or type(out) is not tensor or out.is_meta:
                return
            try:
                if not out.requires_grad:
                    self.connections.gradfree.loss()
                session.on_loss(name, out, args, kwargs)
            except Exception as error:  # noqa: BLE001  ours must not end theirs
                session.guard.contain("loss", error, session.step)

        def loss(*args: Any, **kwargs: Any) -> Any:
            out = original(*args, **kwargs)
            if pulse.quiet:  # never once anything is compiled
                try:
                    if out.requires_grad:
                        pulse.calls += not modes()
                        return out
                except AttributeError:  # whatever a subclass made of it
                    return out
            elif pulse.compiles and compiling():
                return out
            if not modes():  # such as of `torch.set_default_device`: it has called this wrapper again
                tell(out, args, kwargs)
            return out

        # TorchScript compiles the original's source with the names that the wrapper sees.
        wrapper = types.FunctionType(loss.__code__, original.__globals__, name, None, loss.__closure__)
        return functools.wraps(original)(wrapper)

    def _backward(self) -> None:
        pulse = self.pulse

        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(original)
            def backward(*args: Any, **kwargs: Any) -> Any:
                if pulse.plain and pulse.loss is None:
                    try:
                        number = args[0].item()
                    except Exception:  # noqa: BLE001  whatever this is, the long path knows
                        number = NAN
                    if number - number == 0.0:
                        pulse.loss = number
                        finder = pulse.finder
                        if finder is None:
                            return original(*args, **kwargs)
                        finder.before_backward(args[0], pulse.step)
                        result = original(*args, **kwargs)
                        finder.after_backward(pulse.step)
                        return result
                return self._long_backward(original, args, kwargs)

            return backward

        self._replace(torch.autograd, "backward", make)
        self._replace(torch.autograd, "grad", self._grad)

    def _grad(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Of leaves, in a script that has no optimizer: the backward of an update by hand."""

        @functools.wraps(original)
        def grad(*args: Any, **kwargs: Any) -> Any:
            session = self.session
            if session is None or not session.by_hand or session.stages.optimizers or len(args) < 2:
                return original(*args, **kwargs)
            given = None if kwargs.get("create_graph") else _leaves(args[1])
            updated = False
            with self._told("backward"):
                updated = given is not None and (session.hand is not None or session.asked.changed(given))
            if not updated:
                return original(*args, **kwargs)
            with self._told("backward"):
                session.on_backward(args[0])
            result = original(*args, **kwargs)
            with self._told("backward"):
                session.after_backward(args[0], given)
            return result

        return grad

    @contextmanager
    def _told(self, where: str) -> Iterator[None]:
        """Contain what goes wrong while the session is told of something; a stop is none of it."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  ours must not end theirs
            if self.session is not None:
                self.session.guard.contain(where, error, self.session.step)

    def _long_backward(
        self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        session = self.session
        if session is None or torch._C._current_graph_task_id() != -1:
            return original(*args, **kwargs)  # checkpointed blocks run backward inside backward
        try:
            root = args[0] if args else kwargs["tensors"]
            self.connections.clips.at_backward()
            session.on_backward(root)
        except Exception as error:  # noqa: BLE001
            session.guard.contain("backward", error, session.step)
        result = original(*args, **kwargs)
        if session.sampler.armed:
            session.sampler.after_backward()
        if session.finder.alert:
            session.finder.after_backward(session.step)
        if session.by_hand:
            session.after_backward(root)
        return result

    def _optimizers(self) -> None:
        pulse = self.pulse
        add = pulse.rows.append

        def after(optimizer: Any, _args: Any, _kwargs: Any) -> None:
            now = perf_counter()
            loss, step = pulse.loss, pulse.step
            if (
                loss is not None
                and step < pulse.wake
                and id(optimizer) == pulse.solo
                and now < pulse.deadline
                and pulse.calls <= pulse.usual
            ):
                add((loss, optimizer.param_groups[0]["lr"], now - pulse.last_end, pulse.data_wait))
                pulse.loss = None
                pulse.data_wait = 0.0
                pulse.calls = 0
                pulse.step = step + 1
                pulse.last_end = now
                return
            session = self.session
            if session is not None:
                self.connections.clips.at_step()
                session.after_step(optimizer, now)

        self._undo.append(register_optimizer_step_post_hook(after).remove)

        def note(optimizer: Any, session: Session) -> None:
            session.pulse.solo = 0
            session.stages.note_optimizer(optimizer, session.step)

        self._after(Optimizer, "__init__", note)
        self._after(Optimizer, "__setstate__", note)

    def _modules(self) -> None:
        keras = KerasCalls(lambda: self.session, self._replace)
        for model in self.session.stages.only_models or () if self.session is not None else ():
            keras.look(model)

        def note(module: nn.Module, session: Session) -> None:
            session.stages.modules.add(module)
            keras.look(module)

        self._after(nn.Module, "__init__", note)
        self._after(nn.Module, "__setstate__", note)

        def loaded(module: nn.Module, session: Session) -> None:
            session.stages.note_loaded(module, session.step)

        self._after(nn.Module, "load_state_dict", loaded)

        def parallel(module: nn.Module, session: Session) -> None:
            session.stages.note_parallel(module, session.step)

        self._after(nn.DataParallel, "__init__", parallel)

        def mode(module: nn.Module, session: Session) -> None:
            self.connections.gradfree.switched()
            session.note_mode(module)

        self._after(nn.Module, "train", mode)

    def _after(self, owner: Any, name: str, tell: Callable[[Any, Session], None]) -> None:
        """Wrap a method so that ``tell(self, session)`` is called when it has run."""

        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(original)
            def method(instance: Any, /, *args: Any, **kwargs: Any) -> Any:
                result = original(instance, *args, **kwargs)
                session = self.session
                if session is not None and not torch.compiler.is_compiling():
                    try:
                        tell(instance, session)
                    except Exception as error:  # noqa: BLE001
                        session.guard.contain(name, error, session.step)
                return result

            return method

        self._replace(owner, name, make)

    def _data(self) -> None:
        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(original)
            def next_batch(iterator: Any) -> Any:
                session = self.session
                if session is None:
                    return original(iterator)
                begin = perf_counter()
                try:
                    session.finder.batch = batch = original(iterator)
                    return batch
                except StopIteration:
                    with self._told("graphed"):
                        self.connections.graphed.expect()
                    raise
                finally:
                    session.pulse.data_wait += perf_counter() - begin
                    session.loader = session.sampler.rows.loader = iterator
                    session.sampler.rows.draws += 1

            return next_batch

        self._replace(dataloader._BaseDataLoaderIter, "__next__", make)

    def _compilation(self) -> None:
        def before(tell: Callable[[Session], None]) -> Callable[[Any], Any]:
            def make(original: Callable[..., Any]) -> Callable[..., Any]:
                @functools.wraps(original)
                def compile_(*args: Any, **kwargs: Any) -> Any:
                    if self.session is not None:
                        self.connections.gradfree.close()  # its hook would get into the graph
                        tell(self.session)
                    return original(*args, **kwargs)

                return compile_

            return make

        self._replace(torch, "compile", before(Session.compiled))
        self._replace(torch.export, "export", before(Session.exported))

    def _scaler(self) -> None:
        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(original)
            def scale(scaler: Any, outputs: Any) -> Any:
                result = original(scaler, outputs)
                session = self.session
                if session is not None and isinstance(outputs, Tensor):
                    session.scaled = (result, outputs)
                    session.pulse.stir()
                return result

            return scale

        self._replace(torch.amp.GradScaler, "scale", make)

        def make_step(original: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(original)
            def step(scaler: Any, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
                result = original(scaler, optimizer, *args, **kwargs)
                session = self.session
                if session is not None and session.scalers.stepped(scaler, optimizer, session.step):
                    session.backwards = 0  # what was skipped is no part of the next step
                return result

            return step

        self._replace(torch.amp.GradScaler, "step", make_step)


def _leaves(given: Any) -> list[Tensor] | None:
    """The leaf tensors that gradients are asked for; None where it is anything else."""
    tensors = [given] if isinstance(given, Tensor) else list(given) if type(given) in (list, tuple) else []
    whole = bool(tensors) and all(isinstance(one, Tensor) and one.is_leaf for one in tensors)
    return tensors if whole else None


_LIVE: weakref.WeakSet[Patches] = weakref.WeakSet()


def _silence() -> None:
    """A forked worker (DataLoader, multiprocessing) inherits the wrappers but must not record."""
    for patches in list(_LIVE):
        patches.session = None
        patches.pulse.rest()


os.register_at_fork(after_in_child=_silence)
