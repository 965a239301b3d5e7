"""An error inside gradwise leaves the user's run untouched and appears as a note in the report."""

import json

import pytest
import torch
from torch import nn

from gradwise.diagnosis import diagnose
from gradwise.errors import TraceError
from gradwise.report.terminal import render_text
from gradwise.rules.collection import find_rule
from gradwise.trace.read import read_run
from tests.watch.watching import watched

STEPS = 14


def train(after=lambda step: None):
    """A small run with everything that collectors look at; its final weights as bytes."""
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.2), nn.Linear(6, 3))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(STEPS):
        model.train()
        y = torch.randint(0, 3, (12,))
        x = torch.randn(12, 4) + y[:, None]
        for _ in range(2):
            criterion(model(x), y).backward()
        optimizer.step()
        optimizer.zero_grad()
        if step % 5 == 4:
            model.eval()
            with torch.no_grad():
                criterion(model(x), y)
        after(step)
    return b"".join(value.numpy().tobytes() for value in model.state_dict().values()), torch.get_rng_state()


@pytest.fixture(scope="module")
def untouched():
    return train()


def assert_untouched(outcome, expected):
    assert outcome[0] == expected[0]
    assert torch.equal(outcome[1], expected[1])


class Injected(Exception):
    pass


def fail(*args, **kwargs):
    raise Injected("planted here")


# What fails → the name of the collector that the note must give.
COLLECTORS = {
    "gradwise.watch.sample.measure": "activations",
    "gradwise.watch.sample.unit_dimension": "activations",
    "gradwise.watch.sample.measure_input": "activations",
    "gradwise.watch.sample.first_tensor": "activations",
    "gradwise.watch.sample.before_step": "parameters",
    "gradwise.watch.sample.after_step": "parameters",
    "gradwise.watch.sample.walk": "graph",
    "gradwise.watch.sample.looked_at": "graph",
    "gradwise.watch.sample.keep_row_spread": "sample",
    "gradwise.watch.losses.LossReader.read": "loss",
    "gradwise.watch.losses.TargetBook.classes": "sample",
    "gradwise.watch.evaluation.EvaluationReader.add": "evaluation",
    "gradwise.watch.evaluation.EvaluationReader.close": "evaluation",
    "gradwise.watch.pack.Pack.transfer": "sample",
    "gradwise.watch.pack.Pack.scalar": "activations",
    "gradwise.watch.wiring.ModesReader.fact": "sample",
    "gradwise.watch.wiring.StaleReader.at_step": "parameters",
    "gradwise.watch.stages.describe": "activations",
    "gradwise.watch.stages.find_roots": "activations",
    "gradwise.watch.stages.module_infos": "sample",
    "gradwise.watch.stages.Stages.begin_optimizer": "step",
    "gradwise.watch.stages.Stages.note_optimizer": "__init__",
    "gradwise.watch.stages.Stages.look_for_unowned": "sample",
    "gradwise.watch.session.Session.on_loss": "loss",
    "gradwise.watch.session.Session.on_backward": "backward",
    "gradwise.watch.session.Session._after_step": "step",
    "gradwise.watch.budget.Budget.due": "step",
    "gradwise.watch.budget.Budget.finish_sample": "step",
    "gradwise.watch.ledger.Ledger.take_loss": "step",
    "gradwise.trace.store.TraceWriter.sample": "sample",
    "gradwise.trace.store.TraceWriter.layout": "sample",
    "gradwise.trace.store.TraceWriter.evaluation": "evaluation",
    "gradwise.trace.store.TraceWriter.steps": "trace",
}


@pytest.mark.parametrize(
    ("target", "kind"),
    [*((target, Injected) for target in COLLECTORS), ("gradwise.watch.sample.measure", MemoryError)],
)
def test_a_failing_collector(target, kind, untouched, tmp_path, monkeypatch):
    def failing(*args, **kwargs):
        raise kind("planted here")

    with watched(tmp_path / "run") as session:
        monkeypatch.setattr(target, failing)
        outcome = train()
        session.flush()
        monkeypatch.undo()
    assert_untouched(outcome, untouched)
    run = read_run(tmp_path / "run")
    notes = [fact for fact in run.trace.facts_of("note") if "planted here" in fact.data["error"]]
    assert notes and notes[0].data["where"] == COLLECTORS[target]
    assert kind.__name__ in notes[0].data["error"]
    assert len(notes) <= 3 * len({fact.data["where"] for fact in notes})  # told at most three times each
    shown = render_text(diagnose(run.segments), run.info, run.trace)
    assert "notes" in shown and "planted here" in shown


def test_one_failing_collector_leaves_the_others_at_work(tmp_path, monkeypatch):
    with watched(tmp_path / "run"):
        monkeypatch.setattr("gradwise.watch.sample.measure", fail)
        train()
    trace = read_run(tmp_path / "run").trace
    assert trace.steps == STEPS
    assert len(trace.step_signal("loss")) == STEPS
    assert len(trace.sampled("grad_norm")) >= 10
    assert len(trace.sampled("accuracy")) >= 10
    assert len(trace.sampled("act_mean")) == 0


def test_the_first_nonfinite_loss_may_fail_to_be_described(tmp_path, monkeypatch):
    monkeypatch.setattr("gradwise.watch.finder.describe_nonfinite", fail)
    with watched(tmp_path / "run"):
        model = nn.Linear(2, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(4):
            (model(torch.ones(1, 2)).sum() * float("nan")).backward()
            optimizer.step()
    (note,) = read_run(tmp_path / "run").trace.facts_of("note")
    assert note.data["where"] == "nonfinite"


@pytest.mark.parametrize(
    "call", ["sample", "flush", "fact", "segment", "run", "steps", "evaluation", "layout"]
)
def test_a_disk_that_fails_ends_the_recording_only(call, untouched, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise TraceError("disk full")

    def break_it(step):
        if step == 6:
            monkeypatch.setattr(f"gradwise.trace.store.TraceWriter.{call}", full)
            session.flush()

    with watched(tmp_path / "run") as session:
        outcome = train(break_it)
    assert_untouched(outcome, untouched)
    assert session.step == STEPS
    monkeypatch.undo()
    run = read_run(tmp_path / "run")  # what was written before can be read
    notes = [note for note in run.trace.facts_of("note") if "disk full" in note.data["error"]]
    assert session.ledger.lost == "disk full" or notes or call == "fact"


def test_a_note_that_cannot_be_written_ends_nothing(untouched, tmp_path, monkeypatch):
    with watched(tmp_path / "run"):
        monkeypatch.setattr("gradwise.watch.sample.measure", fail)
        monkeypatch.setattr("gradwise.trace.store.TraceWriter.fact", fail)
        outcome = train()
        monkeypatch.undo()
    assert_untouched(outcome, untouched)


def test_a_failing_rule_is_a_note_and_hides_no_other(tmp_path):
    from dataclasses import replace

    with watched(tmp_path / "run"):
        train()
    run = read_run(tmp_path / "run")
    rules = [replace(find_rule("dead-relu"), check=fail), find_rule("missing-zero-grad")]
    diagnosis = diagnose(run.segments, rules)
    assert diagnosis.notes == ("rule dead-relu failed and was left out: Injected: planted here",)
    assert diagnosis.rules_run == 2
    shown = render_text(diagnosis, run.info, run.trace)
    assert "rule dead-relu failed and was left out" in " ".join(shown.split())


def test_through_the_command_notes_reach_screen_and_json(server, tmp_path):
    script = """
import torch, gradwise.watch.sample, gradwise.rules.dead_relu
def fail(*args): raise RuntimeError("planted here")
gradwise.watch.sample.measure = fail
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for _ in range(15):
    optimizer.zero_grad()
    torch.nn.functional.mse_loss(model(torch.ones(4, 2)), torch.zeros(4, 1)).backward()
    optimizer.step()
print("done")
"""
    (tmp_path / "script.py").write_text(script)
    done = server.check("--json", "found.json", "script.py", cwd=tmp_path)
    assert (done.code, done.out) == (0, "done\n"), done.err
    assert "planted here" in done.err and "Traceback" not in done.err
    notes = json.loads((tmp_path / "found.json").read_text())["notes"]
    assert any("planted here" in note for note in notes)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("target", ["gradwise.watch.sample.measure", "gradwise.watch.sample.before_step", "gradwise.watch.session.Session.on_loss", "gradwise.watch.pack.Pack.transfer"])  # fmt: skip
def test_an_interrupt_is_never_swallowed(target, kind, tmp_path, monkeypatch):
    """Ctrl-C may arrive while gradwise's own code runs."""

    def interrupted(*args, **kwargs):
        raise kind

    monkeypatch.setattr(target, interrupted)
    with pytest.raises(kind), watched(tmp_path / "run"):
        train()
    assert read_run(tmp_path / "run").trace.facts_of("note") == ()


def test_the_users_own_errors_pass_through_unchanged(tmp_path):
    class Mine(Exception):
        pass

    class Broken(nn.Linear):
        def forward(self, x):
            raise Mine("from the model")

    error = Mine("from a closure")

    def closure():
        raise error

    with watched(tmp_path / "run"):
        model = Broken(2, 2)
        with pytest.raises(Mine, match="from the model"):
            model(torch.ones(1, 2))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        with pytest.raises(Mine) as raised:
            optimizer.step(closure)
        assert raised.value is error
        with pytest.raises(RuntimeError, match="does not require grad"):
            torch.ones(1).sum().backward()
        with pytest.raises(TypeError):
            nn.functional.cross_entropy()
        # and the watch goes on
        good = nn.Linear(2, 2)
        optimizer = torch.optim.SGD(good.parameters(), lr=0.1)
        for _ in range(3):
            nn.functional.mse_loss(good(torch.ones(4, 2)), torch.zeros(4, 2)).backward()
            optimizer.step()
    trace = read_run(tmp_path / "run").trace
    assert trace.steps == 3
    assert trace.facts_of("note") == ()
    assert len(trace.sampled("grad_norm")) >= 2
