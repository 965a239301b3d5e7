"""First weights."""

import pytest
import torch
from torch import nn

from gradwise.heal.edits.script.facts import Facts
from tests.heal.edits.scripts import HEAD, LOOP, NET, OPTIMIZER, TRAINER, USED, edited, left, script

SEEDED = HEAD.replace("\nx, y", "\ntorch.manual_seed(0)\nx, y")
DEEP = (
    "model = nn.Sequential(nn.Linear(8, 400), nn.ReLU(), nn.Linear(400, 400), nn.ReLU(), nn.Linear(400, 3))\n"
)


def ran(source):
    names = {}
    exec(source, names)
    return names["model"]


@pytest.mark.parametrize(
    ("cure", "deviation"),
    [("he-init", (2 / 400) ** 0.5), ("glorot-init", (2 / 800) ** 0.5), ("orthogonal-init", 400**-0.5)],
)
def test_weights_are_drawn_before_the_optimizer_is_made(cure, deviation):
    model = ran(edited(script(head=SEEDED, model=DEEP, loop=""), cure).source)
    assert model[2].weight.std().item() == pytest.approx(deviation, rel=0.02)
    assert all(not layer.bias.any() for layer in model if isinstance(layer, nn.Linear))
    half = ran(edited(script(head=SEEDED, model=DEEP, loop=""), cure, scale=0.5).source)
    assert half[2].weight.std().item() == pytest.approx(deviation / 2, rel=0.02)


def test_orthogonal_rows_are_orthogonal():
    weight = ran(edited(script(model=DEEP, loop=""), "orthogonal-init").source)[2].weight
    assert torch.allclose(weight @ weight.T, torch.eye(400), atol=1e-4)


def test_only_the_places_that_are_meant_are_drawn():
    source = script(head=SEEDED, model=NET, loop="")
    before, after = ran(source), ran(edited(source, "he-init", where=["fc2"]).source)
    assert before.fc1.weight.equal(after.fc1.weight)
    assert not before.fc2.weight.equal(after.fc2.weight)
    facts = Facts(modules={"fc1": "Linear", "fc2": "Linear", "act": "Sigmoid"})
    assert not ran(edited(source, "he-init", facts, where=["fc*"]).source).fc1.bias.any()


def test_a_method_and_a_recurrent_layer():
    found = edited(HEAD + TRAINER + USED, "glorot-init").source
    assert "        self.model.apply(glorot_init)\n        self.optimizer =" in found
    exec(found, {})
    rnn = script(model="model = nn.GRU(8, 50)\n", loop="")
    drawn = ran(edited(rnn, "orthogonal-init").source)
    assert torch.allclose(drawn.weight_hh_l0.T @ drawn.weight_hh_l0, torch.eye(50), atol=1e-4)
    assert not drawn.bias_hh_l0.any()


@pytest.mark.parametrize("cure", ["he-init", "glorot-init", "orthogonal-init"])
def test_weights_of_another_making_are_left(cure):
    own = "model = torch.zeros(8, 3, requires_grad=True)\noptimizer = torch.optim.SGD([model], lr=1.0)\n"
    assert "not certain" in left(HEAD + own, cure)
    facts = Facts(modules={"": "Own"})
    assert "not those of torch" in left(script(), cure, facts)
    loaded = script(optimizer="model.load_state_dict({})\n" + OPTIMIZER)
    assert "must stay" in left(loaded, cure)
    assert "patterns" in left(script(), cure, where=["*"])
    bare = script(
        model=NET.replace("self.act =", "self.mix = nn.Parameter(torch.zeros(3, 3))\n        self.act =")
    )
    assert "belongs to no layer" in left(bare, cure)
    assert edited(bare, cure, where=["fc1"]).source


def test_the_head_starts_small():
    facts = Facts(modules={"fc1": "Linear", "act": "Sigmoid", "fc3": "Linear"})
    model = ran(edited(script(model=NET, loop=""), "init-head", facts, deviation=0.001).source)
    assert model.fc3.weight.abs().max() < 0.01 and not model.fc3.bias.any() and model.fc1.bias.any()
    chosen = ran(edited(script(model=NET, loop=""), "init-head", where=["fc1"], deviation=0).source)
    assert not chosen.fc1.weight.any()
    sequential = ran(edited(script(), "init-head", where=["2"]).source)
    assert isinstance(sequential, nn.Sequential)
    assert "not certain" in left(script(), "init-head")
    assert "no optimizer" in left(script(optimizer="", loop=LOOP), "init-head")
