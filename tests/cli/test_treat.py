"""``gradwise check --treat``: the unmodified script is treated while it is watched, and all of it is said."""

import json

import pytest

from gradwise.trace.read import read_run

SCRIPT = """
import torch, sys
from torch import nn
from torch.nn.functional import cross_entropy, relu
torch.manual_seed(0)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.act, self.fc2, self.fc3 = nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.Linear(8, 3)

    def forward(self, x):
        return self.fc3(relu(self.fc2(self.act(self.fc1(x)))))

net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
for step in range(30):
    y = torch.randint(0, 3, (32,))
    x = torch.randn(32, 4) + y[:, None]
    loss = cross_entropy(net(x), y)
    loss.backward()
    optimizer.step()
print(torch.rand(1).item(), optimizer.param_groups[0]["lr"])
if "--fail" in sys.argv:
    raise ValueError("later")
"""
TREATMENT = """
version = 1
[[cure]]
name = "zero-grad"
why = "gradients piled up"
[[cure]]
name = "lower-lr"
[[cure]]
name = "leaky-relu"
where = ["act", "nowhere"]
[[cure]]
name = "raise-clip"
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "t.toml").write_text(TREATMENT)
    return tmp_path


def test_the_watch_sees_the_treated_run_and_all_is_said(server, folder):
    plain = server.check("--json", "plain.json", "train.py", cwd=folder)
    done = server.check("--treat", "t.toml", "--json", "found.json", "--out", "run", "train.py", cwd=folder)
    assert done.out == plain.out  # the script's random numbers and rate are its own
    section = done.err.partition("\ntreatments\n")[2].partition("\n\n")[0]
    assert " ".join(section.split()) == (
        "zero-grad gradients of SGD were cleared (29 times) "
        "lower-lr factor 0.1: rate of SGD 0.5 → 0.05 (30 times) "
        "leaky-relu slope 0.01, at act, nowhere: act (ReLU) → LeakyReLU(0.01); "
        "could not all be done: no module is called nowhere "
        "raise-clip times 10: found nothing to act on"
    )
    page = (folder / "run" / "report.html").read_text()
    assert "<td>lower-lr</td><td>factor 0.1: rate of SGD 0.5 → 0.05 (30 times)</td>" in page

    treated = json.loads((folder / "found.json").read_text())["treated"]
    assert [one["cure"] for one in treated] == ["zero-grad", "lower-lr", "leaky-relu", "raise-clip"]
    assert treated[0]["why"] == "gradients piled up"
    assert treated[1]["dose"] == {"factor": 0.1}
    assert json.loads((folder / "plain.json").read_text())["treated"] == []

    trace = read_run(folder / "run").trace
    assert [dict(fact.data) for fact in trace.facts_of("treated")] == treated
    assert trace.step_signal("rate").mean == pytest.approx([0.05] * 30)
    assert trace.module("act").type == "LeakyReLU"
    server.run("report", "run", "--json", "again.json", cwd=folder)
    assert json.loads((folder / "again.json").read_text())["treated"] == treated


def test_treatments_combine_and_the_later_one_counts(server, folder):
    (folder / "more.toml").write_text('version = 1\n[[cure]]\nname = "lower-lr"\nfactor = 0.2\n')
    done = server.check("--treat", "t.toml", "--treat", "more.toml", "train.py", cwd=folder)
    assert "rate of SGD 0.5 → 0.1 (30 times)" in done.err
    assert "0.05" not in done.err
    assert "gradients of SGD were cleared" in done.err


def test_a_script_that_fails_is_told_with_what_was_done(server, folder):
    done = server.check("--treat", "t.toml", "train.py", "--fail", cwd=folder)
    assert done.code == 3
    assert "ValueError: later" in done.err
    assert "gradwise/" not in done.err.split("ValueError")[0]
    assert "lower-lr  factor 0.1: rate of SGD" in done.err


def test_a_quiet_check_still_says_what_was_done(server, folder):
    done = server.check("--quiet", "--treat", "t.toml", "train.py", cwd=folder)
    assert "gradwise: treated with lower-lr (factor 0.1): rate of SGD 0.5 → 0.05 (30 times).\n" in done.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "treatment t.toml cannot be read (No such file or directory)"),
        ("version = 1\n[[cure]]\nname = 'clean-labels'", "clean-labels cannot be given to a running script"),
        ("version = 1\n[[cure]]\nname = 'zerograd'", "did you mean 'zero-grad'?"),
    ],
)
def test_a_wrong_treatment_is_one_sentence_and_nothing_runs(server, folder, text, words):
    file = folder / "t.toml"
    file.unlink() if text is None else file.write_text(text)
    done = server.check("--treat", "t.toml", "train.py", cwd=folder)
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert words in line
    assert not (folder / ".gradwise").exists()


def test_a_failure_inside_a_model_is_shown_as_without_a_treatment(server, folder):
    script = (folder / "train.py").read_text().replace("return self.fc3(", "return self.fc4(")
    (folder / "train.py").write_text(script)
    plain = server.check("train.py", cwd=folder)
    done = server.check("--treat", "t.toml", "train.py", cwd=folder)
    assert done.code == 3
    assert ", in forward\n" in done.err
    assert done.err.partition("gradwise:")[0] == plain.err.partition("gradwise:")[0]
