"""How other diagnosers are attached and what their alarms become, each by a stand-in of its package."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest
import torch
from torch import nn

from benchmarks.detection.peers.alarms import Alarm
from benchmarks.detection.peers.loss_watchers import Numbers, TrainingDoctor, Trainpulse
from benchmarks.detection.peers.watchers import PEERS, Beat, Enough, FirstLoss, Place


def fake(monkeypatch, name, **members):
    module = types.ModuleType(name)
    vars(module).update(members)
    monkeypatch.setitem(sys.modules, name, module)


class Level:
    def __init__(self, value):
        self.value = value


class TestAdapters:
    """Small fakes with the interface that each diagnoser documents."""

    def test_training_doctor_is_told_what_is_known(self, monkeypatch):
        logged = []

        class Doctor:
            diagnoses = (
                types.SimpleNamespace(
                    problem="P", severity=Level("critical"), explanation="e", evidence=["x"]
                ),
                types.SimpleNamespace(problem="P", severity=Level("info"), explanation="f", evidence=[]),
            )

            def log(self, step, **numbers):
                logged.append((step, numbers))

        fake(monkeypatch, "training_doctor", Doctor=Doctor)
        numbers = Numbers()
        numbers.after_step(Beat(0, 1.0, 0.5, 0.1))
        numbers.after_step(Beat(1, 2.0, 0.5, None, 3.0))
        assert numbers.told_to(TrainingDoctor()) == [Alarm("P", "critical", "e; x", 2)]
        assert logged == [
            (0, {"loss": 1.0, "lr": 0.1, "grad_norm": 0.5}),
            (1, {"loss": 2.0, "grad_norm": 0.5, "eval_loss": 3.0}),
        ]

    def test_trainpulse_alerts_lose_their_numbers(self, monkeypatch):
        class Monitor:
            def __init__(self):
                self.names = []

            def log(self, name, step, value):
                self.names.append(name)

            def report(self):
                assert self.names == ["loss", "grad_norm", "learning_rate"]
                alert = types.SimpleNamespace(message="Loss spike: 9.0 (6x)", severity=Level("warning"))
                return types.SimpleNamespace(alerts=[alert])

        fake(monkeypatch, "trainpulse", Monitor=Monitor)
        watcher = Trainpulse()
        watcher.attach_without_model()
        watcher.after_step(Beat(0, 1.0, 0.5, 0.1))
        assert [a.kind for a in watcher.alarms()] == ["loss spike"]

    def test_torchmortem_sets_insights_first(self, monkeypatch):
        calls = []

        class Autopsy:
            def __init__(self, model, optimizer):
                calls.append((model, optimizer))

            def attach(self):
                calls.append("attach")

            def step(self, loss):
                calls.append(loss)

            def detach(self):
                calls.append("detach")

            def get_report(self):
                finding = types.SimpleNamespace(
                    title="Dead units in net.0", summary="s", severity=types.SimpleNamespace(name="WARNING")
                )
                insight = types.SimpleNamespace(rule_name="gradient_starvation", title="t", summary="s")
                return types.SimpleNamespace(insights=[insight], findings=[finding])

        fake(monkeypatch, "torchmortem", Autopsy=Autopsy)
        watcher = PEERS["torchmortem"].load()()
        watcher.attach(Place("model", "whole", "optimizer"))
        watcher.after_step(Beat(0, 1.5))
        assert [a.kind for a in watcher.alarms()] == ["insight: gradient_starvation", "Dead units"]
        assert calls == [("whole", "optimizer"), "attach", 1.5, "detach"]

    def test_torch_audit_keeps_its_defaults_and_sorts_by_severity(self, monkeypatch):
        given = {}

        def autopatch(model, **options):
            given.update(options, model=model)
            rules = [("TA203", "INFO"), ("TA000", "FATAL"), ("TA100", "ERROR"), ("TA402", "WARN")]
            findings = [
                types.SimpleNamespace(rule_id=rule, severity=Level(level), message=rule)
                for rule, level in rules
            ]
            return types.SimpleNamespace(finish=lambda report: types.SimpleNamespace(findings=findings))

        fake(monkeypatch, "torch_audit", autopatch=autopatch)
        watcher = PEERS["torch-audit"].load()()
        watcher.attach(Place("model", "whole", "optimizer"))
        assert [(a.kind, a.level) for a in watcher.alarms()] == [
            ("TA100", "critical"),
            ("TA402", "warning"),
            ("TA203", "info"),
        ]
        assert given["model"] == "model" and given["every_n_steps"] == 1000

    def test_neuraldbg_complains_of_turns_for_the_worse_only(self, monkeypatch):
        def event(kind, state):
            return types.SimpleNamespace(
                event_type=Level(kind), to_state=state, from_state="x", layer_name="l", step=1
            )

        class NeuralDbg:
            step = 0

            def __init__(self, model):
                self.losses = []

            def __enter__(self):
                return self

            def __exit__(self, *exc):
                return None

            def record_loss(self, loss):
                self.losses.append((self.step, loss))

            def get_events(self):
                assert self.losses == [(4, 0.5)]
                return [event("g", "vanishing"), event("g", Level("healthy")), event("g", "vanishing")]

        fake(monkeypatch, "neuraldbg", NeuralDbg=NeuralDbg)
        watcher = PEERS["neuraldbg"].load()()
        watcher.attach(Place("model", "whole", None))
        watcher.after_backward(4, 0.5)
        assert [(a.kind, a.count) for a in watcher.alarms()] == [("g: vanishing", 2)]

    def test_observatory_names_the_step_before_the_pass(self, monkeypatch):
        steps = []

        class Observatory:
            def __init__(self, model):
                pass

            def watch(self):
                steps.append("watch")

            def step(self, step, epoch):
                steps.append(step)

            def stop(self):
                steps.append("stop")

            def report(self):
                result = types.SimpleNamespace(
                    analyzer_name="dead_neurons",
                    layer_name="0",
                    status=Level("critical"),
                    warnings=["97% of neurons are dead -- nothing"],
                )
                return types.SimpleNamespace(filtered=lambda include_healthy: [result])

        fake(monkeypatch, "neural_observatory", Observatory=Observatory)
        watcher = PEERS["neural-observatory"].load()()
        watcher.attach(Place("model", "whole", None))
        watcher.after_step(Beat(0, 1.0))
        assert [(a.kind, a.level) for a in watcher.alarms()] == [
            ("dead_neurons: of neurons are dead", "critical")
        ]
        assert steps == ["watch", 0, 1, "stop"]

    def test_torchtest2_checks_an_untouched_copy_of_the_first_batch(self, monkeypatch):
        given = {}

        def check_model(model, inputs, targets, *, loss_fn, optimizer):
            given.update(model=model, inputs=inputs, targets=targets, loss=loss_fn, optimizer=optimizer)
            return [
                types.SimpleNamespace(name="loss", status=Level("PASS"), message=""),
                types.SimpleNamespace(name="overfit_batch", status=Level("WARN"), message="m"),
            ]

        fake(monkeypatch, "torchtest2", check_model=check_model)
        net = nn.Linear(3, 2)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        before = net.weight.detach().clone()
        x, y = torch.randn(4, 3), torch.tensor([0, 1, 0, 1])
        watcher = PEERS["torchtest2"].load()()
        watcher.attach(Place(net, net, optimizer, (x,)))
        output = net(x)
        watcher.first_pass(output)
        watcher.first_loss(FirstLoss(nn.functional.cross_entropy, output.detach().clone(), y, {}))
        with torch.no_grad():
            net.weight.add_(1)
        with pytest.raises(Enough):
            watcher.after_step(Beat(0, 1.0))
        assert [a.kind for a in watcher.alarms()] == ["overfit_batch"]
        assert torch.equal(given["model"].weight, before) and given["inputs"] is x and given["targets"] is y
        assert given["optimizer"].param_groups[0]["params"][0] is given["model"].weight
        assert watcher.extra is not None and given["loss"] is not None

    def test_mldoct_is_read_from_its_own_file(self, monkeypatch, tmp_path):
        package = tmp_path / "mldoctor"
        package.mkdir()
        (package / "__init__.py").write_text("raise ImportError('the front door')", "utf-8")
        (package / "linter.py").write_text(
            "def lint_script(path):\n    return [{'type': 'missing_clip', 'severity': 'INFO', 'message': path}], None\n",
            "utf-8",
        )
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "mldoctor", raising=False)
        assert list(PEERS["mldoct"].load()(Path("s.py"))) == [Alarm("missing_clip", "info", "s.py")]
