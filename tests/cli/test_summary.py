"""`gradwise summary`: nets by name, runs, scripts, and one sentence for every mistake."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.as_typed import write_iris
from tests.cli.made_runs import made_run
from tests.cli.verbs import call

MNIST = """
import sys
import torch
from torch import nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, 1)
        self.conv2 = nn.Conv2d(32, 64, 3, 1)
        self.fc1 = nn.Linear(9216, 128)
        self.fc2 = nn.Linear(128, 10)
        self.never = nn.Linear(3, 4)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv2(F.relu(self.conv1(x)))), 2)
        return F.log_softmax(self.fc2(F.relu(self.fc1(torch.flatten(x, 1)))), dim=1)

model = Net()
if "--compile" in sys.argv:
    model = torch.compile(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
with torch.no_grad():
    model(torch.randn(2, 1, 28, 28))  # a look before training
criterion = nn.CrossEntropyLoss()
for step in range(1000):
    loss = criterion(model(torch.randn(16, 1, 28, 28)), torch.randint(0, 10, (16,)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print("step", step, sys.argv[1:])
"""
GAN = """
import torch
from torch import nn
G = nn.Sequential(nn.Linear(8, 12), nn.Tanh())
D = nn.Sequential(nn.Linear(12, 1))
copies = [nn.Linear(12, 3) for _ in range(3)]
rates = [torch.optim.SGD(net.parameters(), lr=0.1) for net in (D, G)]
for step in range(1000):
    for rate, net in zip(rates, (D, G)):
        rate.zero_grad()
        fake = G(torch.randn(4, 8))
        (D(fake).mean() + sum(copy(fake).mean() for copy in copies)).backward()
        rate.step()
"""
ENDLESS = """
import torch
model = torch.nn.Sequential(torch.nn.Linear(3, 1))
while True:
    model(torch.zeros(2, 3))
"""
MISFIT = """
import torch
from torch import nn
model = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(5, 2))
model(torch.zeros(4, 8))
"""


def test_a_net_by_name(capsys, here):
    code, out, err = call(
        "summary", capsys, "resnet18", "--image", "3x32x32", "--classes", "10", "--json", "r.json"
    )
    assert (code, err) == (0, "")
    assert out.startswith("resnet18 (ResNet): N×3×32×32 uint8 → N×10, N = 32, in evaluation mode")
    assert "(32 + 2·1 − 3)/1 + 1 = 32" in out
    document = json.loads((here / "r.json").read_text())
    assert document["schema"] == 1
    (model,) = document["models"]
    assert model["weights"]["parameters"] == 11_173_962  # as widely given for the CIFAR ResNet-18
    assert "chosen" not in out  # everything was asked for


def test_what_was_not_asked_for_is_said(capsys):
    _, out, _ = call("summary", capsys, "lenet-5", "--depth", 1)
    assert "chosen       --image 1x28x28: what the net was published for" in out
    assert "chosen       --outputs 10" in out
    assert "61,706, all trainable" in out


def test_json_on_standard_output_leaves_the_table_to_standard_error(capsys):
    _, out, err = call(
        "summary", capsys, "mlp:units=8", "--inputs", 5, "--categories", "3,4", "--json", "-", "--batch", 7
    )
    (model,) = json.loads(out)["models"]
    assert model["inputs"] == [[[7, 5], "float32"], [[7, 2], "int64"]]
    assert model["layers"][0]["kind"] == "CategoryEmbeddings"
    assert err.startswith("mlp:units=8 (MLP): N×5, N×2 int64 → N×1, N = 7")


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        (["lstm", "--series", "3x20"], "N×20×3, N int64 → N×10"),
        (["gru", "--text", "50x20", "--outputs", 2], "N×20 int64, N int64 → N×2"),
        (["cnn1d", "--series", "3x20"], "N×20×3, N int64 → N×10"),
        (["cnn1d", "--text", "50x20"], "N×20 int64, N int64 → N×2"),
        (["mlp", "--image", "1x8x8", "--training"], "N×1×8×8 uint8 → N×10, N = 32, in training mode"),
    ],
)
def test_other_kinds_of_input(capsys, arguments, shape):
    code, out, _ = call("summary", capsys, *arguments)
    assert code == 0
    assert shape in out.splitlines()[0]


def test_a_fitted_network(capsys, here):
    write_iris(here)
    made_run(here / "run", here / "iris.csv", target="kind", options={"units": 16})
    code, out, _ = call("summary", capsys, "run", "--batch", 5)
    assert code == 0
    assert out.startswith("mlp (MLP): N×4 → N×3, N = 5")
    assert "403, all trainable" in out  # 4·16 + 16 + 16·16 + 16 + 16·3 + 3
    (here / ".gradwise/runs").mkdir(parents=True)
    (here / "run").rename(here / ".gradwise/runs/by-name")
    assert call("summary", capsys, "by-name")[1].startswith("mlp (MLP)")


@pytest.mark.parametrize(
    "arguments", [["train.py", "--lr", "1"], ["train.py", "--compile"], ["-m", "train", "--depth"]]
)
def test_a_script_runs_until_its_model_was_seen(server, tmp_path, arguments):
    (tmp_path / "train.py").write_text(MNIST)
    done = server.run("summary", "--json", "out.json", *arguments, cwd=tmp_path)
    assert done.code == 0, done.err
    own = [word for word in arguments if word not in ("train.py", "-m", "train")]
    assert done.out == f"step 0 {own}\nstep 1 {own}\n"  # the third step is the last
    assert "model (Net): N×1×28×28 → N×10, N = 16, in training mode" in done.err
    assert re.search(r"max_pool2d\(\) +function +N×64×12×12 +0 +6 +\(24 − 2\)/2 \+ 1 = 12", done.err)
    assert "not used     never (Linear, 16 parameters)" in done.err
    (model,) = json.loads((tmp_path / "out.json").read_text())["models"]
    assert model["weights"]["parameters"] == 1_199_898
    assert model["kept_bytes"] > 0


def test_every_model_of_a_script(server, tmp_path):
    (tmp_path / "gan.py").write_text(GAN)
    done = server.run("summary", "gan.py", cwd=tmp_path)
    assert done.code == 0, done.err
    titles = [line for line in done.err.splitlines() if "N = 4" in line]
    assert [title.split(":")[0] for title in titles] == [
        "G (Sequential)",
        "D (Sequential)",
        "Linear, 3 alike",
    ]


def test_a_script_that_never_steps_is_stopped(server, tmp_path):
    (tmp_path / "endless.py").write_text(ENDLESS)
    done = server.run("summary", "endless.py", cwd=tmp_path)
    assert done.code == 0
    assert "model (Sequential): N×3 → N×1" in done.err


def test_ctrl_c_keeps_what_was_seen(server, tmp_path):
    (tmp_path / "waits.py").write_text(
        "import time, torch\nnet = torch.nn.Linear(3, 1)\nnet(torch.zeros(2, 3))\n"
        "print('ready', flush=True)\ntime.sleep(60)\n"
    )
    done = server.run("summary", "waits.py", cwd=tmp_path, interrupt_when="ready")
    assert done.code == 130
    assert done.err.startswith("net (Linear): N×3 → N×1")
    assert "Traceback" not in done.err


def test_a_script_that_fails_says_which_layer_does_not_fit(server, tmp_path):
    (tmp_path / "misfit.py").write_text(MISFIT)
    done = server.run("summary", "misfit.py", cwd=tmp_path)
    assert done.code == 3
    assert done.err.count("Traceback") == 1
    assert "gradwise/src" not in done.err
    last = done.err.splitlines()[-1]
    assert last.startswith(
        "gradwise: the forward pass fails: 2 (Linear, 5 -> 2) takes (..., 5) and got (4, 6) after 1 (ReLU) gave (4, 6): "
    )


def test_a_script_without_a_model(server, tmp_path):
    (tmp_path / "none.py").write_text("print('hello')")
    done = server.run("summary", "none.py", cwd=tmp_path)
    assert (done.code, done.out) == (2, "hello\n")
    assert (
        done.err
        == "gradwise: the script ended, and it called no model with parameters; give one that does.\n"
    )
    (tmp_path / "none.py").write_text("def")
    assert server.run("summary", "none.py", cwd=tmp_path).code == 3


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "summary needs a net, a script or a run"),
        (["resnet51"], "did you mean 'resnet50'"),
        (["train"], "a script ends in .py, and a run is a directory"),
        (["resnet18", "foo"], "takes no argument 'foo'"),
        (["resnet18", "--image", "3x224"], "--image takes CHANNELSxHEIGHTxWIDTH, 3 whole numbers"),
        (["resnet18", "--image", "3x0x224"], "whole numbers from 1 on"),
        (["resnet18", "--inputs", "3"], "takes images, not table"),
        (["resnet18:bla=3"], "has no option bla"),
        (["lenet-5", "--image", "1x8x8"], "12 x 12 pixels or more"),
        (["mlp", "--inputs", "0"], "leaves no column"),
        (["mlp", "--categories", "3,a"], "--categories takes whole numbers"),
        (["mlp", "--inputs", "3", "--image", "3x8x8"], "one kind of input"),
        (["resnet18", "--batch", "0"], "'--batch'"),
        (["resnet18", "--json", "no/such/x.json"], "there is no directory"),
        (["nothere.py"], "there is no script nothere.py"),
        (["--inputs", "3", "nothere.py"], "--inputs belongs to a net by name"),
        (["./folder"], "holds no fitted network"),
        (["-m", "no.such.module"], "there is no module"),
    ],
)
def test_wrong_use_is_one_sentence(capsys, here, arguments, expected):
    (here / "folder").mkdir()
    code, out, err = call("summary", capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("gradwise: ")
    assert err.count("\n") == 1
    assert expected in err
