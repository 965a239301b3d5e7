"""``gradwise check``: exit codes, options, JSON, and one clear sentence for every mistake."""

import json
import signal
import subprocess
import sys

import pytest

import gradwise
from tests.watch.processes import environment

HEALTHY = """
import torch
torch.manual_seed(0)
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
import sys
for step in range(int(sys.argv[1]) if len(sys.argv) > 1 else 20):
    x = torch.randn(8, 3)
    loss = torch.nn.functional.mse_loss(model(x), x[:, :1])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("done")
"""
SICK = """
import torch
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.ReLU(), torch.nn.Linear(8, 4), torch.nn.Softmax(dim=1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for step in range(40):
    y = torch.randint(0, 4, (32,))
    x = torch.randn(32, 3) + y[:, None]
    loss = torch.nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("done")
"""
FOREVER = """
import sys, torch
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
step = 0
while True:
    x = torch.ones(8, 3)
    loss = torch.nn.functional.mse_loss(model(x), x[:, :1])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    step += 1
    if step == 30:
        print("thirty", flush=True)
"""
FINDING_KEYS = {
    "rule", "code", "group", "where", "since_step", "value", "threshold", "unit", "message", "why", "cures", "symptoms",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    for name, text in (("healthy.py", HEALTHY), ("sick.py", SICK), ("forever.py", FOREVER)):
        (tmp_path / name).write_text(text)
    return tmp_path


def sentence(done):
    """What gradwise said, which must be one line, without a traceback."""
    assert "Traceback" not in done.err, done.err
    lines = done.err.splitlines()
    assert len(lines) == 1, done.err
    assert lines[0].startswith("gradwise: ")
    return lines[0].removeprefix("gradwise: ")


def test_healthy_is_0(server, folder):
    done = server.check("healthy.py", cwd=folder)
    assert (done.code, done.out) == (0, "done\n")
    assert "no ailment found in 20 steps" in done.err
    (page,) = folder.glob(".gradwise/runs/*-healthy/report.html")
    assert str(page.relative_to(folder)) in done.err


def test_sick_is_1_and_the_json_is_as_documented(server, folder):
    done = server.check("--json", "found.json", "--out", "run", "sick.py", "--lr", "1", cwd=folder)
    assert (done.code, done.out) == (1, "done\n")
    assert "C05 softmax-twice  3" in done.err and "gradwise explain softmax-twice" in done.err

    document = json.loads((folder / "found.json").read_text(), parse_constant=pytest.fail)
    assert document["schema"] == 1
    run = document["run"]
    assert (run["script"], run["argv"], run["steps"], run["status"]) == (
        "sick.py",
        ["--lr", "1"],
        40,
        "finished",
    )
    first = document["findings"][0]
    assert set(first) == FINDING_KEYS
    assert (first["rule"], first["code"], first["group"]) == ("softmax-twice", "C05", "broken")
    assert first["where"] == ["3"] and first["cures"][0] == "drop-activation"
    assert isinstance(first["since_step"], int) and isinstance(first["value"], int | float)

    def walked(findings):
        for finding in findings:
            yield finding
            yield from walked(finding["symptoms"])

    assert all(set(finding) == FINDING_KEYS for finding in walked(document["findings"]))
    again = server.run("report", "run", "--json", "again.json", cwd=folder)
    assert again.code == 1
    assert json.loads((folder / "again.json").read_text()) == document


def test_json_on_standard_output(server, folder):
    done = server.check("--json", "-", "--quiet", "sick.py", cwd=folder)
    assert done.code == 1
    assert done.out.startswith("done\n")
    assert json.loads(done.out.removeprefix("done\n"))["findings"][0]["rule"] == "softmax-twice"


@pytest.mark.parametrize(("group", "code"), [("broken", 1), ("trial", 1), ("SICK", 1)])
def test_fail_on(group, code, server, folder):
    assert server.check("--fail-on", group, "--only", "softmax-twice", "sick.py", cwd=folder).code == code


def test_fail_on_a_worse_group_than_was_found(server, folder):
    text = HEALTHY.replace("torch.randn(8, 3)", "torch.randn(8, 3) * torch.tensor([1.0, 1e4, 1.0])").replace(
        "0.01", "1e-12"
    )
    (folder / "wide.py").write_text(text)
    options = ("--only", "unnormalized-input", "wide.py", "60")
    found = server.check(*options, cwd=folder)
    assert found.code == 1, found.err
    passed = server.check("--fail-on", "broken", *options, cwd=folder)
    assert passed.code == 0
    assert "unnormalized-input" in passed.err  # shown all the same


def test_only_and_skip(server, folder):
    assert server.check("--skip", "C05", "--only", "softmax-twice,loss-nan", "sick.py", cwd=folder).code == 0
    assert server.check("--only", "loss-nan dead-relu", "--only", "A01", "sick.py", cwd=folder).code == 0
    assert server.check("--only", "c05", "sick.py", cwd=folder).code == 1


@pytest.mark.parametrize("script", ["healthy.py", "sick.py"])
def test_quiet(script, server, folder):
    done = server.check("--quiet", script, cwd=folder)
    if script == "healthy.py":
        assert (done.code, done.err) == (0, "")
    else:
        assert done.code == 1 and "softmax-twice" in done.err and "report.html" not in done.err


def test_max_steps(server, folder):
    done = server.check("--max-steps", "7", "--out", "run", "forever.py", cwd=folder)
    assert done.code == 0, done.err
    info = gradwise.read_run(folder / "run").info
    assert (info.steps, info.status, info.error) == (7, "stopped", "")


@pytest.mark.parametrize("steps", [1, 2, 11, 40])
def test_max_steps_is_exact_wherever_sampling_stands(steps, server, folder):
    server.check("--max-steps", steps, "--out", "run", "forever.py", cwd=folder)
    run = gradwise.read_run(folder / "run")
    assert run.info.steps == steps
    assert list(run.trace.step_signal("loss").steps) == list(range(steps))


def test_max_steps_beyond_the_end_changes_nothing(server, folder):
    done = server.check("--max-steps", "500", "--out", "run", "healthy.py", cwd=folder)
    assert done.out == "done\n"
    assert gradwise.read_run(folder / "run").info.status == "finished"


def test_max_seconds(server, folder):
    done = server.check("--max-seconds", "0.5", "--out", "run", "forever.py", cwd=folder)
    assert done.code == 0, done.err
    info = gradwise.read_run(folder / "run").info
    assert info.status == "stopped"
    assert 0.5 <= info.seconds < 10


def test_a_stopped_script_cleans_up(server, folder):
    text = FOREVER.replace("while True:", "try:\n  while True:").replace("\n    ", "\n      ")
    (folder / "tidy.py").write_text(
        text + "\nexcept Exception:\n    print('swallowed')\nfinally:\n    print('tidied')\n"
    )
    done = server.check("--max-steps", "5", "tidy.py", cwd=folder)
    assert (done.code, done.out) == (0, "tidied\n"), done.err


@pytest.mark.parametrize(("script", "code"), [("forever.py", 0), ("sick_forever.py", 1)])
def test_ctrl_c_judges_what_was_seen(script, code, folder):
    endless = SICK.replace("for step in range(40):", "import itertools\nfor step in itertools.count():")
    (folder / "sick_forever.py").write_text(
        endless.replace('print("done")', "") + "    if step == 40:\n        print('thirty', flush=True)\n"
    )
    command = [sys.executable, "-m", "gradwise", "check", "--out", "run", script]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )
    next(line for line in process.stdout if "thirty" in line)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert "Traceback" not in err and "interrupted" in err
    info = gradwise.read_run(folder / "run").info
    assert info.status == "interrupted" and info.steps >= 30


def test_ctrl_c_before_the_first_step(server, folder):
    (folder / "slow.py").write_text("import time\nprint('begun', flush=True)\ntime.sleep(50)\n")
    done = server.check("slow.py", cwd=folder, interrupt_when="begun")
    assert (
        sentence(done)
        == "the script was interrupted before its first training step; there is nothing to judge."
    )
    assert done.code == 2


def test_a_failure_before_the_first_step_is_named_where_a_rule_knows_it(server, folder):
    (folder / "cut.py").write_text(HEALTHY.replace("model(x), x[:, :1]", "model(x).detach(), x[:, :1]"))
    done = server.check("--out", "cut", "--json", "cut.json", "cut.py", cwd=folder)
    assert done.code == 3 and "does not require grad" in done.err
    (finding,) = json.loads((folder / "cut.json").read_text())["findings"]
    assert (finding["rule"], finding["since_step"]) == ("detached-graph", 0)
    assert (folder / "cut" / "report.html").exists()


def test_a_script_that_handles_ctrl_c_goes_on(server, folder):
    text = (
        HEALTHY
        + "import time\ntry:\n    print('wait', flush=True)\n    time.sleep(50)\nexcept KeyboardInterrupt:\n    print('handled')\n"
    )
    (folder / "handles.py").write_text(text)
    done = server.check("--out", "run", "handles.py", cwd=folder, interrupt_when="wait")
    assert done.out.endswith("handled\n")
    assert done.code == 0 and gradwise.read_run(folder / "run").info.status == "finished"


def test_out_holds_the_run(server, folder):
    assert server.check("--out", "deep/er/run", "healthy.py", cwd=folder).code == 0
    assert {file.name for file in (folder / "deep/er/run").iterdir()} == {"trace.sqlite", "report.html"}
    assert not (folder / ".gradwise").exists()


# ---- wrong use: one sentence, exit 2, nothing run, nothing left behind ------------------

NO_TRAINING = (
    "the script ended without any training step (no optimizer.step() was seen); give a script that trains."
)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "no script was given; try `gradwise check train.py`."),
        (["missing.py"], "there is no script missing.py; check the name and the current directory."),
        (["sub"], "sub is a directory; give the training script itself, e.g. sub/train.py."),
        (["binary.py"], "binary.py is not Python source text; give a .py file."),
        (["-m", "no_such_module"], "there is no module no_such_module to run; check the name as for `python -m no_such_module`."),
        (["-m", "no.such.module"], "there is no module no.such.module to run; check the name as for `python -m no.such.module`."),
        (["-m", "sub"], "there is no module sub to run; check the name as for `python -m sub`."),
        (["--only", "dead-rely", "healthy.py"], "no rule is called 'dead-rely' (did you mean 'dead-relu'?); `gradwise rules` lists all."),
        (["--skip", "softmax_twise", "healthy.py"], "no rule is called 'softmax_twise' (did you mean 'softmax-twice'?); `gradwise rules` lists all."),
        (["--fail-on", "brokn", "healthy.py"], "--fail-on takes broken, sick, slow, habit, trial, not 'brokn' (did you mean 'broken'?)."),
        (["--budget", "lots", "healthy.py"], "--budget takes a share of step time such as 2% or 0.02, not 'lots'."),
        (["--budget", "0", "healthy.py"], "--budget takes a share of step time such as 2% or 0.02, not '0'."),
        (["--budget", "-1%", "healthy.py"], "--budget takes a share of step time such as 2% or 0.02, not '-1%'."),
        (["--budget", "101%", "healthy.py"], "--budget takes a share of step time such as 2% or 0.02, not '101%'."),
        (["--budget", "nan", "healthy.py"], "--budget takes a share of step time such as 2% or 0.02, not 'nan'."),
        (["--json", "sub", "healthy.py"], "--json takes a file name, and sub is a directory; give e.g. sub/diagnosis.json."),
        (["--json", "none/f.json", "healthy.py"], "--json none/f.json: there is no directory none; create it first."),
    ],
)  # fmt: skip
def test_wrong_use(argv, message, server, folder):
    (folder / "sub").mkdir()
    (folder / "binary.py").write_bytes(b"\x7fELF\x00\x01\x02\xff" * 50)
    before = {file.name for file in folder.iterdir()}
    done = server.check(*argv, cwd=folder)
    assert sentence(done) == message
    assert (done.code, done.out) == (2, "")
    assert {file.name for file in folder.iterdir()} == before


@pytest.mark.parametrize(
    "argv",
    [
        ["--max-steps", "0"],
        ["--max-steps", "ten"],
        ["--max-seconds", "-1"],
        ["--max-seconds", "nan"],
        ["--ot", "x"],
    ],
)
def test_wrong_options_name_the_option(argv, server, folder):
    done = server.check(*argv, "healthy.py", cwd=folder)
    assert argv[0] in sentence(done) and "gradwise check --help" in sentence(done)
    assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize("bytes_", [b"\xff\xfe\x00\x01 binary", b"x = '\xff'\n", b"\x89PNG\r\n\x1a\n\x00"])
def test_files_that_are_no_text(bytes_, server, folder):
    (folder / "odd.py").write_bytes(bytes_)
    done = server.check("odd.py", cwd=folder)
    assert done.code in (2, 3) and done.out == ""
    assert done.err.splitlines()[-1].startswith("gradwise: ") and "src/gradwise" not in done.err


@pytest.mark.parametrize("text", ["def f(:\n", "if x:\npass\n", "print 'old'\n", "x = (\n", "\tx = 1\n  y\n"])
def test_syntax_error_is_pythons_and_3(text, server, folder):
    (folder / "broken.py").write_text(text)
    plain = subprocess.run(
        [sys.executable, "broken.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    done = server.check("broken.py", cwd=folder)
    assert done.code == 3
    *python, ours = done.err.splitlines()
    assert python == plain.stderr.splitlines()
    assert ours.startswith("gradwise: broken.py, line ") and ours.endswith("nothing was run.")
    assert not (folder / ".gradwise").exists()


def test_no_torch_in_the_script(server, folder):
    (folder / "plain.py").write_text("print('hello')\n")
    done = server.check("plain.py", cwd=folder)
    assert (done.code, done.out, sentence(done)) == (2, "hello\n", NO_TRAINING)
    assert list(folder.glob(".gradwise/runs/*")) == []


def test_torch_without_training(server, folder):
    (folder / "infer.py").write_text("import torch\nprint(torch.nn.Linear(2, 1)(torch.ones(1, 2)).shape)\n")
    done = server.check("infer.py", cwd=folder)
    assert (done.code, sentence(done)) == (2, NO_TRAINING)


def test_backward_without_a_step(server, folder):
    (folder / "forgot.py").write_text(HEALTHY.replace("optimizer.step()", "pass"))
    done = server.check("forgot.py", cwd=folder)
    assert "C02 optimizer-never-steps" in done.err
    assert "backward() ran 20 times and SGD never stepped" in done.err
    assert done.code == 1


def test_a_few_backwards_without_a_step(server, folder):
    (folder / "look.py").write_text(HEALTHY.replace("optimizer.step()", "pass").replace("else 20", "else 5"))
    done = server.check("look.py", cwd=folder)
    assert sentence(done) == (
        "backward() ran 5 times but no torch.optim optimizer ever stepped; call optimizer.step() after each backward."
    )
    assert done.code == 2
