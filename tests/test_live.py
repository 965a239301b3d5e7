"""``gradwise.watch(model, optimizer)`` in one's own loop or notebook."""

import contextlib
import subprocess
import sys

import pytest
import torch
from torch import nn

import gradwise
from gradwise.errors import GradwiseError, TraceError, UsageError
from tests.watch.processes import environment, shared


def make(softmax=False):
    torch.manual_seed(0)
    layers = [nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 4)]
    model = nn.Sequential(*layers, *([nn.Softmax(dim=1)] if softmax else []))
    return model, torch.optim.SGD(model.parameters(), lr=0.05)


def train(model, optimizer, steps=40):
    for _ in range(steps):
        y = torch.randint(0, 4, (32,))
        x = torch.randn(32, 3) + y[:, None]
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()


@pytest.fixture
def watch(tmp_path, monkeypatch):
    """`gradwise.watch` in an empty directory; whatever is still open is closed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["train.py"])
    made = []

    def begin(*args, **options):
        made.append(gradwise.watch(*args, **options))
        return made[-1]

    yield begin
    for watcher in made:
        watcher.close()


@pytest.fixture
def server():
    return shared()


def is_restored():
    return not hasattr(torch.autograd.backward, "__wrapped__") and not hasattr(
        nn.functional.cross_entropy, "__wrapped__"
    )


def test_as_a_context_manager(watch):
    model, optimizer = make(softmax=True)
    with watch(model, optimizer) as watcher:
        train(model, optimizer)
        assert not is_restored()
    assert is_restored()
    assert watcher.steps == 40
    first = watcher.diagnose().findings[0]
    assert (first.rule, first.where) == ("softmax-twice", ("3",))
    assert watcher.run().info.status == "finished"


def test_without_with_and_without_a_call_per_step(watch):
    model, optimizer = make(softmax=True)
    watcher = watch(model, optimizer)
    train(model, optimizer)
    assert watcher.diagnose().findings[0].rule == "softmax-twice"
    watcher.close()
    assert is_restored()


def test_diagnose_again_and_again(watch):
    model, optimizer = make()
    watcher = watch(model, optimizer)
    assert watcher.diagnose().findings == ()  # before the first step
    for step in range(1, 13):
        train(model, optimizer, 1)
        assert watcher.steps == step
        assert watcher.diagnose().findings == ()
        assert watcher.run().trace.steps == step
        assert len(watcher.run().trace.step_signal("loss")) == step
    assert watcher.run().info.status == "running"
    assert watcher.run().trace.module("0").activation == "relu"
    watcher.close()
    assert watcher.run().info.status == "finished"
    assert watcher.diagnose().findings == ()


def test_only_and_skip(watch):
    model, optimizer = make(softmax=True)
    with watch(model, optimizer) as watcher:
        train(model, optimizer)
    assert watcher.diagnose(skip=["softmax-twice"], only=["C05", "loss-nan"]).findings == ()
    assert [f.rule for f in watcher.diagnose(only=["softmax-twice"]).findings] == ["softmax-twice"]
    with pytest.raises(GradwiseError, match="did you mean 'dead-relu'"):
        watcher.diagnose(only=["dead-rely"])


def test_shows_itself(watch, tmp_path):
    model, optimizer = make(softmax=True)
    watcher = watch(model, optimizer, out="here")
    train(model, optimizer)
    assert repr(watcher) == f"<gradwise watch, watching, 40 steps, {tmp_path / 'here'}>"
    html = watcher._repr_html_()
    assert "softmax-twice" in html and html.lstrip().startswith("<")
    assert "<script" not in html  # a notebook may not run it
    assert "C05 softmax-twice  3" in str(watcher)
    watcher.close()
    assert repr(watcher) == f"<gradwise watch, ended, 40 steps, {tmp_path / 'here'}>"
    assert "softmax-twice" in watcher._repr_html_()


def test_report(watch, tmp_path):
    model, optimizer = make()
    with watch(model, optimizer, out="run") as watcher:
        train(model, optimizer)
        assert watcher.report() == watcher.directory / "report.html"
    other = watcher.report(tmp_path / "other.html")
    assert other.stat().st_size > 10_000
    with pytest.raises(UsageError):
        watcher.report(tmp_path / "other.html" / "below.html")


def test_a_second_watch_ends_the_first(watch):
    first_model, first_optimizer = make()
    second_model, second_optimizer = make()
    first = watch(first_model, first_optimizer, out="first")
    train(first_model, first_optimizer, 5)
    second = watch(second_model, second_optimizer, out="second")
    train(first_model, first_optimizer, 7)
    train(second_model, second_optimizer, 3)
    assert (first.steps, second.steps) == (5, 3)
    assert first.run().info.status == "finished" and second.run().info.status == "running"
    second.close()
    assert is_restored()


def test_close_twice(watch):
    model, optimizer = make()
    watcher = watch(model, optimizer)
    train(model, optimizer, 2)
    watcher.close()
    watcher.close()
    with watcher:
        pass
    assert (watcher.steps, is_restored()) == (2, True)


def test_an_exception_in_the_block_goes_on_and_ends_the_watch(watch):
    model, optimizer = make()

    def divide():
        with watcher:
            train(model, optimizer, 4)
            raise ZeroDivisionError

    watcher = watch(model, optimizer)
    with pytest.raises(ZeroDivisionError):
        divide()
    assert is_restored()
    assert watcher.steps == 4 and watcher.run().info.steps == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("model",), r"gradwise\.watch takes an nn\.Module first, not str\."),
        ((None,), r"takes an nn\.Module first, not NoneType"),
        (([nn.Linear(1, 1), 3],), r"takes an nn\.Module first, not int"),
        ((nn.Linear, None), r"takes an nn\.Module first, not type"),
        ((nn.Linear(1, 1), "adam"), r"takes a torch optimizer second, not str\."),
        ((nn.Linear(1, 1), [0.1]), r"takes a torch optimizer second, not float"),
        ((torch.optim.SGD([torch.ones(1)], lr=1), nn.Linear(1, 1)), r"takes an nn\.Module first, not SGD"),
    ],
)
def test_bad_arguments(arguments, message, watch, tmp_path):
    with pytest.raises(UsageError, match=message):
        watch(*arguments)
    assert is_restored() and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("budget", ["much", 0, -0.1, 2, "0%", float("nan")])
def test_bad_budget(budget, watch, tmp_path):
    with pytest.raises(UsageError, match="budget takes a share"):
        watch(nn.Linear(1, 1), budget=budget)
    assert is_restored() and list(tmp_path.iterdir()) == []


def test_an_empty_list_of_models(watch):
    with pytest.raises(UsageError):
        watch([])


def test_a_directory_that_holds_a_run(watch):
    model, optimizer = make()
    with watch(model, optimizer, out="run"):
        train(model, optimizer, 2)
    with pytest.raises(TraceError, match="already holds a run"):
        watch(model, optimizer, out="run")
    assert is_restored()


def test_the_default_directory(watch, tmp_path):
    model, optimizer = make()
    with watch(model, optimizer) as watcher:
        train(model, optimizer, 2)
    assert watcher.directory.parent.resolve() == tmp_path / ".gradwise" / "runs"
    assert watcher.directory.name.endswith("-train")
    with watch(model, optimizer) as again:
        train(model, optimizer, 2)
    assert again.directory != watcher.directory


@pytest.mark.parametrize("argv", [[""], []])
def test_in_a_notebook_or_shell(argv, watch, monkeypatch):
    """There sys.argv[0] is empty (python -c: "-c"; embedded: no argv at all)."""
    monkeypatch.setattr(sys, "argv", argv)
    model, optimizer = make()
    with watch(model, optimizer) as watcher:
        train(model, optimizer, 3)
    assert watcher.run().info.script == "notebook"
    assert watcher.directory.name.endswith("-notebook")


def test_several_models_are_told_apart(watch):
    class Encoder(nn.Linear):
        pass

    class Decoder(nn.Linear):
        pass

    encoder, decoder, twin = Encoder(4, 2), Decoder(2, 4), Decoder(2, 4)
    optimizer = torch.optim.SGD([*encoder.parameters(), *decoder.parameters(), *twin.parameters()], lr=0.1)
    with watch([encoder, decoder, twin], optimizer) as watcher:
        for _ in range(3):
            x = torch.randn(8, 4)
            code = encoder(x)
            optimizer.zero_grad()
            nn.functional.mse_loss(decoder(code) + twin(code), x).backward()
            optimizer.step()
    names = {parameter.name for parameter in watcher.run().trace.parameters}
    assert names == {
        f"{model}.{name}" for model in ("Encoder", "Decoder#1", "Decoder#2") for name in ("weight", "bias")
    }
    assert set(watcher.run().trace.sampled("act_mean").places) == {"Encoder", "Decoder#1", "Decoder#2"}


def test_one_model_keeps_its_own_names_and_others_are_left_out(watch):
    model, optimizer = make()
    other, other_optimizer = make()
    with watch(model, optimizer) as watcher:
        for _ in range(4):
            train(model, optimizer, 1)
            train(other, other_optimizer, 2)
    trace = watcher.run().trace
    assert watcher.steps == 4
    assert {p.name for p in trace.parameters} == {"0.weight", "0.bias", "2.weight", "2.bias"}
    assert len(trace.step_signal("loss")) == 4


def test_no_optimizer_given_watches_those_that_step(watch):
    model, optimizer = make()
    with watch(model) as watcher:
        train(model, optimizer, 6)
    assert watcher.steps == 6
    assert len(watcher.run().trace.sampled("grad_norm")) >= 3


def test_begun_in_the_middle_of_training(watch):
    model, optimizer = make()
    train(model, optimizer, 30)
    with watch(model, optimizer) as watcher:
        train(model, optimizer, 10)
    assert watcher.steps == 10
    assert set(watcher.run().trace.sampled("grad_norm").places) == {
        "0.weight",
        "0.bias",
        "2.weight",
        "2.bias",
    }


def test_weights_are_the_same_with_and_without(watch):
    plain, plain_optimizer = make()
    train(plain, plain_optimizer, 25)
    state = torch.get_rng_state()
    watched, optimizer = make()
    with watch(watched, optimizer, budget=1.0) as watcher:
        train(watched, optimizer, 20)
        watcher.diagnose()
        train(watched, optimizer, 5)
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), watched.parameters(), strict=True))
    assert torch.equal(torch.get_rng_state(), state)


ORDERS = [
    "import gradwise; gradwise.watch",
    "import gradwise.watch.session, gradwise; gradwise.watch.session.Session",
    "from gradwise.watch.session import Session; import gradwise",
    "from gradwise import watch; import gradwise.watch.session; import gradwise",
    "import gradwise.live; import gradwise; gradwise.live.watch",
    "import gradwise.watch; from gradwise.watch.patches import Patches",
]


def test_whatever_is_imported_first_watch_can_be_called(tmp_path):
    """Each order in a module cache of its own, in one process (torch is loaded once)."""
    code = f"""
import sys, torch
for number, order in enumerate({ORDERS!r}):
    for name in [n for n in sys.modules if n.split(".")[0] == "gradwise"]:
        del sys.modules[name]
    exec(order)
    import gradwise
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with gradwise.watch(model, optimizer, out=f"run{{number}}") as watcher:
        for _ in range(3):
            model(torch.ones(1, 2)).sum().backward()
            optimizer.step()
    assert watcher.steps == 3, order
    from gradwise import watch
    from gradwise.watch.session import Session
    assert callable(watch) and Session.__name__ == "Session"
print("all")
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "all\n", done.stderr


def test_a_program_that_never_closes_writes_everything_at_its_end(server, tmp_path):
    script = """
import torch, gradwise
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
watcher = gradwise.watch(model, optimizer, out="run")
for _ in range(17):
    torch.nn.functional.mse_loss(model(torch.ones(4, 2)), torch.zeros(4, 1)).backward()
    optimizer.step()
    optimizer.zero_grad()
"""
    (tmp_path / "script.py").write_text(script)
    assert server.python("script.py", cwd=tmp_path).code == 0
    run = gradwise.read_run(tmp_path / "run")
    assert (run.info.steps, run.info.status, run.info.script) == (17, "finished", "script.py")


def test_inside_gradwise_check_both_record(server, tmp_path):
    """A script that uses gradwise.watch may itself be checked."""
    script = """
import torch, gradwise
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
with gradwise.watch(model, optimizer, out="inner"):
    for _ in range(12):
        torch.nn.functional.mse_loss(model(torch.ones(4, 2)), torch.zeros(4, 1)).backward()
        optimizer.step()
        optimizer.zero_grad()
"""
    (tmp_path / "script.py").write_text(script)
    done = server.check("--out", "outer", "script.py", cwd=tmp_path)
    assert done.code == 0, done.err
    for name in ("inner", "outer"):
        run = gradwise.read_run(tmp_path / name)
        assert (run.info.steps, len(run.trace.step_signal("loss"))) == (12, 12)


def test_an_error_of_the_disk_does_not_reach_the_loop(watch, monkeypatch):
    model, optimizer = make()
    with contextlib.ExitStack() as stack:
        watcher = stack.enter_context(watch(model, optimizer))
        train(model, optimizer, 3)

        def full(*args):
            raise TraceError("disk full")

        monkeypatch.setattr("gradwise.trace.store.TraceWriter.flush", full)
        train(model, optimizer, 3)
        watcher.run()
        train(model, optimizer, 3)
    assert watcher.steps == 9
