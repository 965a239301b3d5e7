"""`gradwise.watch(model, optimizer)`: the same watch inside one's own loop or notebook."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from gradwise.diagnosis import Diagnosis, choose_rules, diagnose
from gradwise.errors import UsageError
from gradwise.report.html import write_html
from gradwise.report.notebook import html_fragment
from gradwise.report.terminal import render_text
from gradwise.settings.locating import load_settings
from gradwise.settings.settings import Settings
from gradwise.trace.read import Run, read_run
from gradwise.trace.runs import DEFAULT_ROOT, new_run_directory

PROBE_SECONDS = 10.0  # that one probe may take, unless told otherwise
_current: list[Watcher] = []  # at most one: a new watch ends the one before


class Watcher:
    """A running watch.  Made by `gradwise.watch`; ends with `close`, ``with``, or the program.

    >>> import torch, tempfile, gradwise
    >>> model = torch.nn.Linear(3, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> with gradwise.watch(model, optimizer, out=tempfile.mkdtemp()) as watcher:
    ...     for _ in range(20):
    ...         optimizer.zero_grad()
    ...         loss = (model(torch.ones(4, 3)) ** 2).mean()
    ...         loss.backward()
    ...         optimizer.step()
    >>> watcher.steps
    20
    >>> watcher.diagnose().findings
    ()
    """

    def __init__(
        self,
        models: Sequence[Any],
        optimizers: Sequence[Any] | None,
        directory: Path,
        share: float,
        settings: Settings | None = None,
    ) -> None:
        from gradwise.trace.store import TraceWriter
        from gradwise.watch.patches import Patches
        from gradwise.watch.recording import run_info
        from gradwise.watch.session import Session

        script, *arguments = sys.argv or [""]
        info = run_info(script or "notebook", tuple(arguments))
        self._settings = settings or Settings()
        self.directory = directory.absolute()  # the program may change the current directory
        self._session = Session(
            TraceWriter(directory, info),
            info,
            share=share,
            models=models,
            optimizers=optimizers,
            probing=True,
        )
        for optimizer in optimizers or ():
            self._session.stages.optimizers.add(optimizer)
        self._patches = Patches(self._session)
        self._open = True
        atexit.register(self.close)

    @property
    def steps(self) -> int:
        """Training steps seen so far."""
        return self._session.step

    def close(self) -> None:
        """End the watch, put torch back as it was, write everything.  May be called twice."""
        if not self._open:
            return
        self._open = False
        self._patches.remove()
        self._session.finish("finished")
        atexit.unregister(self.close)
        if self in _current:
            _current.remove(self)

    def run(self) -> Run:
        """The run recorded so far, as rules read it."""
        if self._open:
            self._session.flush()
        return read_run(self.directory)

    def diagnose(self, only: Sequence[str] = (), skip: Sequence[str] = ()) -> Diagnosis:
        """Judge the run so far; any time, as often as wanted.

        Args:
            only: judge by these rules only (names, codes, letters of codes, groups).
            skip: leave these rules out.

        Raises:
            UnknownNameError: a word that stands for no rule.
            UsageError: no rule is left.
        """
        return self._judged(self.run(), only, skip)

    def _judged(self, run: Run, only: Sequence[str] = (), skip: Sequence[str] = ()) -> Diagnosis:
        rules = choose_rules(only, skip, self._settings)
        return diagnose(run.segments, rules, settings=self._settings)

    def probe(self, name: str, *, seconds: float = PROBE_SECONDS) -> Mapping[str, Any]:
        """Try something on a copy of the run; model, optimizer and random states are not touched.

        Args:
            name: a probe, e.g. ``"hessian"`` or ``"rate"``.
            seconds: time that it may take.

        Returns:
            ``status`` (``answered`` or ``abstained``), ``verdict``, ``text`` and the numbers ``measured``;
            the same is written to the run and shown in its report.

        Raises:
            UnknownNameError: there is no such probe.
            UsageError: the watch has ended.
        """
        from gradwise.probes.examining import run_probes
        from gradwise.watch.capturing import captured_by

        captured = captured_by(self._session)
        if not self._open or captured is None:
            raise UsageError("this watch has ended; probe before close(), or with `gradwise check --probe`.")
        with self._patches.paused():
            (fact,) = run_probes(captured, [name], seconds=seconds)
        self._session.ledger.fact(fact)
        return fact.data

    def report(self, path: str | Path | None = None) -> Path:
        """Write the one-file HTML report; in the run directory unless ``path`` is given.

        Raises:
            UsageError: the file cannot be written.
        """
        run = self.run()
        target = Path(path) if path is not None else self.directory / "report.html"
        return write_html(target, run.trace, self._judged(run))

    def __enter__(self) -> Watcher:
        """The watch itself; it has begun already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        """End the watch; the user's exception, if any, goes on."""
        self.close()

    def __str__(self) -> str:
        """The diagnosis so far, as the terminal shows it."""
        run = self.run()
        return render_text(self._judged(run), run.info, run.trace)

    def __repr__(self) -> str:
        """One line: where the run is recorded and how far it is."""
        state = "watching" if self._open else "ended"
        return f"<gradwise watch, {state}, {self.steps} steps, {self.directory}>"

    def _repr_html_(self) -> str:
        """The diagnosis so far, for notebooks."""
        run = self.run()
        return html_fragment(self._judged(run), run.info)


def watch(
    model: Any,
    optimizer: Any = None,
    *,
    out: str | Path | None = None,
    budget: str | float | None = None,
    config: str | Path | None = None,
) -> Watcher:
    """Watch a model from now on; no call per step is needed.

    Args:
        model: an ``nn.Module``, or a list of them (a GAN's two nets).
        optimizer: its optimizer, or a list of them; None watches every optimizer that steps.
        out: run directory; a new one under ``.gradwise/runs`` when None.
        budget: share of step time that watching may take, e.g. ``"2%"`` (the default) or ``0.02``.
        config: file of settings; by default the nearest ``gradwise.toml`` or ``pyproject.toml`` with
            ``[tool.gradwise]`` upwards from the program's directory.

    Returns:
        The watch: a context manager, but it works without ``with`` too.

    Raises:
        UsageError: not a module, not an optimizer, not a share, or settings that do not hold.
        TraceError: the run directory cannot be used.
    """
    import torch

    from gradwise.watch.budget import DEFAULT_BUDGET, parse_budget

    models = list(model) if isinstance(model, list | tuple) else [model]
    if not models:
        raise UsageError("gradwise.watch takes at least one nn.Module, not an empty list.")
    for item in models:
        if not isinstance(item, torch.nn.Module):
            raise UsageError(f"gradwise.watch takes an nn.Module first, not {type(item).__name__}.")
    optimizers = None
    if optimizer is not None:
        optimizers = list(optimizer) if isinstance(optimizer, list | tuple) else [optimizer]
        if not optimizers:
            raise UsageError(
                "gradwise.watch takes at least one optimizer, not an empty list; leave it out to watch all."
            )
        for item in optimizers:
            if not isinstance(item, torch.optim.Optimizer):
                raise UsageError(f"gradwise.watch takes a torch optimizer second, not {type(item).__name__}.")
    begun_by = Path(sys.argv[0]) if sys.argv and sys.argv[0] else Path("notebook")
    start = begun_by.parent if begun_by.is_file() else Path()
    settings = load_settings(start, None if config is None else Path(config))
    share = parse_budget(str((settings.budget or DEFAULT_BUDGET) if budget is None else budget))
    for before in _current:
        before.close()
    stem = Path(sys.argv[0]).stem if sys.argv and sys.argv[0] else "notebook"
    directory = Path(out) if out is not None else new_run_directory(DEFAULT_ROOT, stem, datetime.now())
    watcher = Watcher(models, optimizers, directory, share, settings)
    _current.append(watcher)
    return watcher
