"""Layers and activations: in a Sequential, in a module's forward, as functions."""

import pytest

from gradwise.heal.edits.script.facts import Facts
from tests.heal.edits.scripts import LOOP, NET, changes, left, script

DEEP = "model = nn.Sequential(\n    nn.Linear(8, 16),  # first\n    nn.Sigmoid(),\n    nn.Linear(16, 16),\n    nn.ReLU(inplace=True),\n    nn.Linear(16, 3),\n)\n"
BLOCK = """\
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x):
        return torch.tanh(self.layer(x))


model = nn.Sequential(Block(), Block(), nn.Linear(8, 3))
"""


def net(end="return self.fc3(x)", **attributes):
    more = "".join(f"        self.{name} = {made}\n" for name, made in attributes.items())
    return NET.replace(
        "        self.act = nn.Sigmoid()\n", "        self.act = nn.Sigmoid()\n" + more
    ).replace("return self.fc3(x)", end)


# ---- leaky-relu, relu


def test_relus_become_leaky_wherever_they_are():
    assert changes(script(model=DEEP), "leaky-relu") == ["-nn.ReLU(inplace=True),", "+nn.LeakyReLU(),"]
    assert changes(script(model=NET), "leaky-relu") == [
        "-x = F.relu(self.fc2(x))",
        "+x = F.leaky_relu(self.fc2(x))",
    ]
    method = NET.replace("F.relu(self.fc2(x))", "self.fc2(x).relu()")
    assert changes(script(model=method), "leaky-relu", slope=0.1)[1] == "+x = F.leaky_relu(self.fc2(x), 0.1)"
    named = "activation = nn.ReLU\nmodel = nn.Sequential(nn.Linear(8, 16), activation(), nn.Linear(16, 3))\n"
    assert changes(script(model=named), "leaky-relu")[1] == "+activation = nn.LeakyReLU"


def test_relus_that_are_not_there_or_have_no_place_are_left():
    assert "no relu" in left(script(model="model = nn.Linear(8, 3)\n"), "leaky-relu")
    assert "cannot be told" in left(script(model=DEEP), "leaky-relu", where=["7"])
    named = "activation = nn.ReLU\nmodel = nn.Sequential(nn.Linear(8, 16), activation(), nn.Linear(16, 3))\n"
    assert "without its argument" in left(script(model=named), "leaky-relu", slope=0.1)


def test_a_cure_is_limited_to_the_places_it_names():
    two = "model = nn.Sequential(nn.Linear(8, 9), nn.ReLU(), nn.Linear(9, 9), nn.ReLU(), nn.Linear(9, 3))\n"
    expected = (
        "+model = nn.Sequential(nn.Linear(8, 9), nn.ReLU(), nn.Linear(9, 9), nn.LeakyReLU(), nn.Linear(9, 3))"
    )
    assert changes(script(model=two), "leaky-relu", where=["3"])[1] == expected
    facts = Facts(modules={"0": "Linear", "1": "ReLU", "2": "Linear", "3": "ReLU", "4": "Linear"})
    assert changes(script(model=two), "leaky-relu", facts, where=["[3]"])[1] == expected


def test_hidden_sigmoids_become_relus():
    assert changes(script(model=DEEP), "relu") == ["-nn.Sigmoid(),", "+nn.ReLU(),"]
    assert changes(script(model=NET), "relu") == ["-self.act = nn.Sigmoid()", "+self.act = nn.ReLU()"]
    assert changes(script(model=BLOCK), "relu")[1] == "+return torch.relu(self.layer(x))"


def test_outputs_and_gates_are_no_hidden_sigmoids():
    end = "model = nn.Sequential(nn.Linear(8, 3), nn.Sigmoid())\n"
    assert "no sigmoid" in left(script(model=end), "relu")
    forward = (
        NET.replace("self.act(self.fc1(x))", "self.fc1(x)")
        .replace("return self.fc3(x)", "return torch.sigmoid(self.fc3(x))")
        .replace("        self.act = nn.Sigmoid()\n", "")
    )
    assert "no sigmoid" in left(script(model=forward), "relu")
    gate = NET.replace("x = self.act(self.fc1(x))", "x = torch.sigmoid(self.fc1(x)) * self.fc1(x)").replace(
        "        self.act = nn.Sigmoid()\n", ""
    )
    assert "gate" in left(script(model=gate), "relu")
    both = net("return self.act(self.fc3(x))")
    assert "elsewhere" in left(script(model=both), "relu")


# ---- drop-activation, linear-output


def test_the_last_softmax_is_taken_out():
    lines = DEEP.replace("    nn.Linear(16, 3),\n", "    nn.Linear(16, 3),\n    nn.Softmax(dim=1),\n")
    assert changes(script(model=lines), "drop-activation") == ["-nn.Softmax(dim=1),"]
    one = "model = nn.Sequential(nn.Linear(8, 3), nn.Softmax(dim=1))\n"
    assert changes(script(model=one), "drop-activation")[1] == "+model = nn.Sequential(nn.Linear(8, 3))"
    assert (
        changes(script(model=net("return F.softmax(self.fc3(x), dim=1)")), "drop-activation")[1]
        == "+return self.fc3(x)"
    )
    assert (
        changes(
            script(model=net("return self.soft(self.fc3(x)).squeeze(1)", soft="nn.Softmax(1)")),
            "drop-activation",
        )[1]
        == "+return self.fc3(x).squeeze(1)"
    )
    assert (
        changes(script(model=net("x = self.fc3(x).softmax(1)\n        return x")), "drop-activation")[1]
        == "+x = self.fc3(x)"
    )
    loop = LOOP.replace("model(x[i : i + 16])", "torch.softmax(model(x[i : i + 16]), 1)")
    assert changes(script(loop=loop), "drop-activation")[1].startswith(
        "+loss = F.cross_entropy(model(x[i : i + 16]), y"
    )


def test_a_softmax_that_the_loss_wants_or_that_is_not_at_the_end_is_left():
    end = script(model=net("return F.log_softmax(self.fc3(x), dim=1)"))
    assert "takes probabilities" in left(end.replace("F.cross_entropy", "F.nll_loss"), "drop-activation")
    assert "no softmax or sigmoid" in left(script(), "drop-activation")
    two = script(
        model=net("return F.softmax(self.fc3(x), dim=1)"),
        loop=LOOP.replace("model(x[i : i + 16])", "model(x[i : i + 16]).softmax(1)"),
    )
    assert "are all at a model's end" in left(two, "drop-activation")
    commented = "model = nn.Sequential(\n    nn.Linear(8, 3),  # scores\n    nn.Softmax(dim=1),\n)\n"
    assert "comment" in left(script(model=commented), "drop-activation")


def test_an_output_becomes_linear():
    assert (
        changes(script(model="model = nn.Sequential(nn.Linear(8, 3), nn.ReLU())\n"), "linear-output")[1]
        == "+model = nn.Sequential(nn.Linear(8, 3))"
    )
    assert (
        changes(script(model=net("return torch.tanh(self.fc3(x))")), "linear-output")[1]
        == "+return self.fc3(x)"
    )
    assert (
        changes(script(model=net("return F.relu(self.fc3(x)).squeeze(-1)")), "linear-output")[1]
        == "+return self.fc3(x).squeeze(-1)"
    )
    assert "no activation" in left(script(), "linear-output")
    assert "no activation" in left(script(model=BLOCK), "linear-output")


# ---- layers put in


def test_relus_are_put_between_layers():
    flat = "model = nn.Sequential(nn.Linear(8, 16), nn.Linear(16, 16), nn.Dropout(0.1), nn.Linear(16, 3))\n"
    assert (
        changes(script(model=flat), "insert-activation")[1]
        == "+model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3))"
    )
    lines = "model = nn.Sequential(\n    nn.Linear(8, 16),\n    nn.Linear(16, 3),\n)\n"
    assert changes(script(model=lines), "insert-activation") == ["+nn.ReLU(),"]
    plain = NET.replace("self.act(self.fc1(x))", "self.fc1(x)").replace("F.relu(self.fc2(x))", "self.fc2(x)")
    assert [line for line in changes(script(model=plain), "insert-activation") if line[0] == "+"] == [
        "+x = torch.relu(self.fc1(x))",
        "+x = torch.relu(self.fc2(x))",
    ]
    nested = (
        NET.replace("self.act(self.fc1(x))", "self.fc1(x)")
        .replace("F.relu(self.fc2(x))", "self.fc3(self.fc2(x))")
        .replace("return self.fc3(x)", "return x")
    )
    assert [line for line in changes(script(model=nested), "insert-activation") if line[0] == "+"] == [
        "+x = torch.relu(self.fc1(x))",
        "+x = self.fc3(torch.relu(self.fc2(x)))",
    ]


@pytest.mark.parametrize("cure", ["insert-activation", "dropout", "batch-norm"])
def test_what_has_no_room_for_a_layer_is_left(cure):
    assert left(script(model="model = nn.Linear(8, 3)\n"), cure)
    assert left(script(model="layers = [nn.Linear(8, 3)]\nmodel = nn.Sequential(*layers)\n"), cure)


def test_dropout_is_put_behind_hidden_activations():
    assert (
        changes(script(), "dropout")[1]
        == "+model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3))"
    )
    assert changes(script(model=DEEP), "dropout") == ["+nn.Dropout(0.5),", "+nn.Dropout(0.5),"]
    listed = "model = nn.Sequential(*[nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 3)])\n"
    assert "nn.Tanh(), nn.Dropout(0.5)," in changes(script(model=listed), "dropout")[1]
    assert "drops already" in left(
        script(model="model = nn.Sequential(nn.Linear(8, 9), nn.ReLU(), nn.Dropout(0.1), nn.Linear(9, 3))\n"),
        "dropout",
    )


def test_batch_norm_is_put_before_hidden_activations():
    assert (
        changes(script(), "batch-norm")[1]
        == "+model = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))"
    )
    width = "width = 16\nmodel = nn.Sequential(nn.Linear(8, width), nn.ReLU(), nn.Linear(width, 3))\n"
    assert "nn.BatchNorm1d(width)" in changes(script(model=width), "batch-norm")[1]
    images = "model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4, 3))\n"
    assert (
        "nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU()" in changes(script(model=images), "batch-norm")[1]
    )
    assert "normalizes already" in left(
        script(model="model = nn.Sequential(nn.Linear(8, 9), nn.LayerNorm(9), nn.Linear(9, 3))\n"),
        "batch-norm",
    )


def test_a_comment_behind_a_layer_stays_where_it_is_true():
    assert changes(script(model=DEEP), "batch-norm") == ["+nn.BatchNorm1d(16),", "+nn.BatchNorm1d(16),"]


def test_dropout_is_lowered():
    assert (
        changes(
            script(model="model = nn.Sequential(nn.Linear(8, 9), nn.Dropout(0.9), nn.Linear(9, 3))\n"),
            "lower-dropout",
        )[1].count("nn.Dropout(0.2)")
        == 1
    )
    constant = "P = 0.8\nmodel = nn.Sequential(nn.Linear(8, 9), nn.Dropout(P), nn.Linear(9, 9), nn.Dropout(p=P), nn.Linear(9, 3))\n"
    assert changes(script(model=constant), "lower-dropout") == ["-P = 0.8", "+P = 0.2"]
    function = NET.replace("F.relu(self.fc2(x))", "F.dropout(self.fc2(x), training=self.training)")
    assert (
        changes(script(model=function), "lower-dropout")[1]
        == "+x = F.dropout(self.fc2(x), training=self.training, p=0.2)"
    )
    assert "no dropout" in left(script(), "lower-dropout")
    assert "no dropout" in left(
        script(model="model = nn.Sequential(nn.Linear(8, 9), nn.Dropout(0.1), nn.Linear(9, 3))\n"),
        "lower-dropout",
    )
