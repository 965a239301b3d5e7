"""Diagnosers that hang on the model: hooks, or a patched forward."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib import import_module

from benchmarks.detection.peers.alarms import Alarm, gathered
from benchmarks.detection.peers.watchers import Beat, Place, Watcher

AUDIT_LEVELS = {"INFO": "info", "WARN": "warning", "ERROR": "critical", "FATAL": "critical"}
OBSERVED_LEVELS = {"healthy": "info", "info": "info", "warning": "warning", "critical": "critical"}


class Torchmortem(Watcher):
    """``with Autopsy(model, optimizer=optimizer) as autopsy`` and ``autopsy.step(loss=loss.item())``."""

    def attach(self, place: Place) -> None:
        """The first two lines of its quick start."""
        self.autopsy = import_module("torchmortem").Autopsy(place.whole, optimizer=place.optimizer)
        self.autopsy.attach()

    def after_step(self, beat: Beat) -> None:
        """Its line of the loop."""
        self.autopsy.step(loss=beat.loss)

    def alarms(self) -> Sequence[Alarm]:
        """Insights, which its report sets above all else, then findings by severity."""
        self.autopsy.detach()
        report = self.autopsy.get_report()
        said = [(f"insight: {i.rule_name}", "warning", f"{i.title}: {i.summary}") for i in report.insights]
        for finding in report.findings:
            kind = finding.title.split(" in ")[0]
            said.append((kind, finding.severity.name.lower(), f"{finding.title}: {finding.summary}"))
        return gathered(said)


class TorchAudit(Watcher):
    """``autopatch(model, optimizer=optimizer, every_n_steps=1000)``, its least invasive way and its defaults."""

    def attach(self, place: Place) -> None:
        """The call of its quick start, without the console."""
        self.auditor = import_module("torch_audit").autopatch(
            place.model, optimizer=place.optimizer, every_n_steps=1000, run_static=True, run_init=True
        )

    def alarms(self) -> Sequence[Alarm]:
        """Findings, the gravest first, as its console sorts them; its own failures are left out."""
        findings = [f for f in self.auditor.finish(report=False).findings if f.rule_id != "TA000"]
        findings.sort(key=lambda f: -list(AUDIT_LEVELS).index(f.severity.value))
        return gathered((f.rule_id, AUDIT_LEVELS[f.severity.value], f.message) for f in findings)


# States of neuraldbg's events that are no complaint.
WELL = ("healthy", "normal", "stable")


class Neuraldbg(Watcher):
    """``with NeuralDbg(model) as dbg`` and ``dbg.record_loss(loss.item())`` after the backward pass.

    What the free edition can explain is the events that it has seen; each turn for the worse counts.
    """

    def attach(self, place: Place) -> None:
        """Enter its context."""
        self.dbg = import_module("neuraldbg").NeuralDbg(place.whole)
        self.dbg.__enter__()

    def after_backward(self, step: int, loss: float) -> None:
        """Step and loss, in the order of its second example."""
        self.dbg.step = step
        self.dbg.record_loss(loss)

    def alarms(self) -> Sequence[Alarm]:
        """Kinds of events in the order they first came up."""
        self.dbg.__exit__(None, None, None)
        return gathered(self._events())

    def _events(self) -> Iterator[tuple[str, str, str]]:
        for event in self.dbg.get_events():
            state = str(getattr(event.to_state, "value", event.to_state))
            if state not in WELL:
                where = f"{event.layer_name}, step {event.step}, from {event.from_state}"
                yield f"{event.event_type.value}: {state}", "warning", where


class Observatory(Watcher):
    """``Observatory(model)``, ``watch()``, ``step()`` before every forward pass."""

    def attach(self, place: Place) -> None:
        """Watch, and name the first step."""
        self.theirs = import_module("neural_observatory").Observatory(place.whole)
        self.theirs.watch()
        self.theirs.step(step=0, epoch=0)

    def after_step(self, beat: Beat) -> None:
        """The next step begins."""
        self.theirs.step(step=beat.step + 1, epoch=0)

    def alarms(self) -> Sequence[Alarm]:
        """Warnings of all layers, the gravest first."""
        self.theirs.stop()
        results = self.theirs.report().filtered(include_healthy=False)
        said = []
        for result in results:
            for message in result.warnings:
                kind = f"{result.analyzer_name}: {_gist(message)}"
                said.append((kind, OBSERVED_LEVELS[result.status.value], f"{result.layer_name}: {message}"))
        return gathered(said)


def _gist(message: str) -> str:
    """A message up to its first number, quotation or dash.

    >>> _gist("25% of neurons are dead -- this layer contributes almost nothing")
    'of neurons are dead'
    >>> _gist("NaN in parameter 'net.0.weight' -- training is broken.")
    'NaN in parameter'
    """
    bare = re.sub(r"^[\d.,%]+ ", "", message)
    return re.split(r" --| —|[\d('.]", bare)[0].strip()
